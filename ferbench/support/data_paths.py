"""Where each dataset's files are on this machine, as ``ferbench data add`` noted it. Imports nothing heavy."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from platformdirs import user_config_path

from ferbench.errors import DataError, ParameterError
from ferbench.support.atomic import write_json

Loaded = TypeVar("Loaded", covariant=True)


class Reader(Protocol[Loaded]):
    """A dataset or a set of scenes: whatever reads a path."""

    def load(self, data: Path | None) -> Loaded: ...


def config_file() -> Path:
    """The file that remembers, in the user's configuration folder."""
    return user_config_path("ferbench") / "data.json"


def remembered_paths() -> dict[str, Path]:
    """Dataset -> absolute path, which may be gone by now. Raises ``DataError``."""
    path = config_file()
    try:
        paths = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    if not isinstance(paths, dict) or not all(isinstance(value, str) for value in paths.values()):
        raise _unreadable(path, "it should hold names and paths")
    return {name: Path(value) for name, value in paths.items()}


def remember(name: str, path: Path) -> Path:
    """Notes that dataset ``name`` is at ``path``, atomically. Raises ``DataError`` if there is nothing."""
    absolute = path.expanduser().absolute()
    if not absolute.exists():
        raise DataError(f"there is no {path}", fix="give the folder or file that the dataset's owners distribute")
    paths = remembered_paths() | {name: absolute}
    write_json(config_file(), {dataset: str(value) for dataset, value in paths.items()})
    return absolute


def load(dataset: Reader[Loaded], name: str, data: Path | None) -> Loaded:
    """What the dataset (or the scenes) ``name`` gives from ``data``, or from where it was added.

    Raises its ``DataError``, with how to add it.
    """
    path = data or remembered_paths().get(name)
    try:
        return dataset.load(path)
    except DataError as error:
        if path is not None:
            raise
        fix = f"{error.fix}; once and for all: ferbench data add {name} PATH"
        raise DataError(error.what, fix=fix) from error


def parse_data_paths(options: Sequence[str]) -> dict[str, Path]:
    """Where each dataset is, from ``--data NAME=PATH``. Raises ``ParameterError``."""
    paths = {}
    for option in options:
        name, equals, path = option.partition("=")
        if not (name and equals and path):
            raise ParameterError(f"--data {option} is not NAME=PATH", fix="for example --data fer2013=fer2013.csv")
        paths[name] = Path(path)
    return paths


def _unreadable(path: Path, reason: str) -> DataError:
    return DataError(f"{path} cannot be read: {reason}", fix="delete it, and add again: ferbench data add NAME PATH")
