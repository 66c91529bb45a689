"""Every error that ferbench raises on purpose.

    FerbenchError               what was wrong, where, and the command or edit that fixes it
    ├── PluginError             a plugin could not be loaded, or a component broke its contract
    ├── UnknownNameError        no component of that kind has that name (with the nearest ones)
    ├── NameClashError          two distributions register the same name
    ├── ParameterError          a parameter is unknown, ill-typed or out of range
    ├── PipelineError           a pipeline file cannot be read
    ├── StudyError              the file of a sweep's study has a mistake
    ├── TableError              the file of a paper's table has a mistake
    ├── FigureError             a figure needs what the bundle or the dataset does not have
    ├── DataError               a dataset is missing, unreadable, or is not what it should be
    ├── SplitError              a protocol cannot split this dataset
    ├── WeightsError            weights are missing or are not the ones expected
    ├── ModelError              a bundle's model cannot be kept, or cannot be used again
    ├── TransferError           the weights of --init do not fit, or were trained on what is tested now
    ├── TrainingError           a training failed, or is unfinished
    ├── WorkerError             a worker process died
    ├── StorageError            a file could not be written (permission, full disk)
    └── BundleError             a result on disk is incomplete, altered or of another version

The command line prints ``what`` and ``fix`` without a traceback and exits with status 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class FerbenchError(Exception):
    """An error that a person can fix. ``what`` says what was wrong and where; ``fix`` says what to do about it."""

    def __init__(self, what: str, *, fix: str) -> None:
        super().__init__(what, fix)
        self.what = what
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.what}\n{self.fix}" if self.fix else self.what

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.fix))


def _rebuild(kind: type[FerbenchError], what: str, fix: str) -> FerbenchError:
    return kind(what, fix=fix)


class PluginError(FerbenchError):
    """A plugin could not be loaded, or one of its components broke its contract."""


class UnknownNameError(FerbenchError):
    """No component of that kind has that name."""


class NameClashError(FerbenchError):
    """Two distributions register the same name for one kind."""


class ParameterError(FerbenchError):
    """A component's parameter is unknown, ill-typed or out of range."""


class PipelineError(FerbenchError):
    """A pipeline file cannot be read or has a key that does not exist."""


class StudyError(FerbenchError):
    """The file of a sweep's study has a mistake."""


class TableError(FerbenchError):
    """The file of a paper's table has a mistake."""


class FigureError(FerbenchError):
    """A figure needs what the bundle or the dataset does not have."""


class DataError(FerbenchError):
    """A dataset is missing, unreadable, or is not what it should be."""


class SplitError(FerbenchError):
    """A protocol cannot split this dataset: too few samples or subjects, or a partition is missing."""


class WeightsError(FerbenchError):
    """Weights are missing, or their SHA-256 is not the expected one."""


class ModelError(FerbenchError):
    """A bundle's model cannot be kept, or cannot be used again: missing, altered, or of types that are not trusted."""


class TransferError(FerbenchError):
    """The weights to start from are missing, altered or another embedder's, or were trained on what is tested now."""


class TrainingError(FerbenchError):
    """A training failed, or a checkpoint belongs to other settings."""


class WorkerError(FerbenchError):
    """A worker process died: out of memory, or a crash in native code."""


class StorageError(FerbenchError):
    """A file could not be written; what was there before is intact."""


class BundleError(FerbenchError):
    """A result on disk is incomplete, altered or of another schema version."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ "did you mean 'triplet'? " if one or more of ``known`` are close to ``name``, else nothing."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(map(repr, near))}? " if near else ""


def first_problem(error: ValidationError) -> str:
    """The first thing that pydantic found wrong, with its place: ``seeds.0: Input should be a valid integer``."""
    problem = error.errors()[0]
    return ": ".join(filter(None, [".".join(map(str, problem["loc"])), problem["msg"]]))


def printable(text: str) -> str:
    """``text`` from a foreign file, as a message may show it: control characters escaped."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
