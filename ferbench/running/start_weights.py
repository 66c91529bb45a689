"""Weights of an earlier run as the start of another: what they were trained on, and whether that is tested on now.

A bundle keeps ``model/<split>/trained_on.json`` next to the weights: the ids that were trained on or chose the epoch,
and the same of the weights that this training itself was started from. So an overlap is found however long the chain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ValidationError

from ferbench.bundles.bundle import CLASSIFIERS
from ferbench.bundles.schema import TrainingIdentity
from ferbench.bundles.transfer import why_leaking
from ferbench.data import Samples, Split
from ferbench.errors import TransferError, first_problem
from ferbench.support.atomic import write_text
from ferbench.support.hashing import hash_file

RECORD = "trained_on.json"
MAX_RECORD_BYTES = 512 * 2**20
"""Bytes of a ``trained_on.json`` beyond which it is not read."""


class Training(TrainingIdentity):
    """One training, and the ``ids`` of the samples of its train and validation side, sorted."""

    ids: list[str]


class Origin(BaseModel, extra="forbid", frozen=True):
    """Where weights come from: each file's SHA-256, the training that made them (``None``: unknown), and the origin
    that this training was started from, if any."""

    schema_version: Literal[1] = 1
    weights: dict[str, str]
    training: Training | None
    before: Origin | None = None

    def chain(self) -> Iterator[Origin]:
        """This origin and all before it, the latest first."""
        yield self
        if self.before is not None:
            yield from self.before.chain()

    @property
    def title(self) -> str:
        """In a few words, for a note."""
        if self.training is None:
            return "unknown training data"
        return f"{self.training.dataset['name']}, {self.training.protocol['name']}, {self.training.run}"

    def to_dict(self) -> dict[str, Any]:
        """For a result: all but the ids, which are counted."""
        training = self.training and {**self.training.model_dump(exclude={"ids"}), "samples": len(self.training.ids)}
        return {"weights": self.weights, "training": training, "before": self.before and self.before.to_dict()}


@dataclass(frozen=True)
class Start:
    """Weights to start from: ``path`` is what ``Trainable.load`` gets, a folder or one file."""

    path: Path
    origin: Origin


def find(given: Path, embedder: str) -> Start:
    """The weights at ``given``: a bundle of one split, one split's folder in its ``model/``, or a file of weights.

    Raises ``TransferError`` if there are none, several, altered ones, or those of another embedder than ``embedder``.
    """
    path = _weights_path(given)
    folder = path if path.is_dir() else path.parent
    record = folder / RECORD
    if not record.exists():
        origin = Origin(weights=_hashes(path), training=None)
    else:
        path = folder
        origin = _read(record)
        if _hashes(folder) != origin.weights:
            raise TransferError(
                f"the weights in {folder} are not those that {RECORD} names by their SHA-256",
                fix="restore the files that ferbench wrote, or train them again",
            )
        if origin.training and origin.training.embedder != embedder:
            raise TransferError(
                f"{folder} holds weights of embedder '{origin.training.embedder}', this run's is '{embedder}'",
                fix=f"--set embedder={origin.training.embedder}, or start from a run of '{embedder}'",
            )
    if not origin.weights:
        raise TransferError(f"{folder} holds no weights", fix="start from a run whose embedder is trained")
    return Start(path, origin)


def check(
    origin: Origin, samples: Samples, dataset: dict[str, Any], splits: Sequence[Split], *, allow: bool
) -> dict[str, Any]:
    """For a result: ``origin``, and how many of the test images of ``splits`` it was trained on.

    Ids are compared with those of the same dataset (its fingerprint, or its name and parameters: a partial copy has
    the same ids); ``unchecked`` names the trainings on other or unknown data. Raises ``TransferError`` on an overlap
    unless ``allow``.
    """
    test = np.concatenate([samples.ids[split.test] for split in splits])
    trained = np.zeros(len(test), np.bool_)
    unchecked = []
    for source in origin.chain():
        if source.training is None or not _same(source.training.dataset, dataset):
            unchecked.append(source.title)
        else:
            trained |= np.isin(test, np.array(source.training.ids, np.str_))
    overlap = int(trained.sum())
    if overlap and not allow:
        trainings = "; ".join(source.title for source in origin.chain())
        raise TransferError(
            f"the weights of --init were trained on {overlap:,} of the {len(test):,} images that this run tests on "
            f"({trainings}), such as {', '.join(test[trained][:3].tolist())}",
            fix="start from a run of the same protocol and seed, or of another dataset; or let the result be marked as "
            "optimistic: --allow-overlap",
        )
    return {**origin.to_dict(), "overlap": overlap, "tested": len(test), "unchecked": unchecked}


def notes(transfer: dict[str, Any] | None) -> list[str]:
    """What a reader of the result must know, in sentences."""
    if transfer is None:
        return []
    said = [str(why_leaking(transfer))] if why_leaking(transfer) else []
    return said + [
        f"the embedder starts from weights trained on other data ({title}); whether it holds test images is not known"
        for title in transfer["unchecked"]
    ]


def record(folder: Path, described: dict[str, Any], samples: Samples, split: Split, before: Origin | None) -> None:
    """Writes ``trained_on.json`` next to the weights in ``folder``; ``described`` is of the run that trained them.

    An embedder that is not trained leaves no weights, and no record.
    """
    weights = _hashes(folder)
    if not weights:
        return
    rows = np.union1d(split.train, split.validation)
    training = Training(
        run=described["run"],
        pipeline=described["pipeline"]["name"],
        embedder=described["pipeline"]["embedder"]["name"],
        dataset={key: described["dataset"][key] for key in ("name", "parameters", "fingerprint")},
        protocol={key: described["protocol"][key] for key in ("name", "parameters", "selection")},
        split=split.name,
        split_digest=split.digest(samples.ids),
        ids=sorted(samples.ids[rows].tolist()),
    )
    origin = Origin(weights=weights, training=training, before=before)
    write_text(folder / RECORD, origin.model_dump_json() + "\n")


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    if one["fingerprint"] == other["fingerprint"]:
        return True
    return bool(one["name"] == other["name"] and one["parameters"] == other["parameters"])


def _weights_path(given: Path) -> Path:
    if given.is_file():
        return given
    if not given.is_dir():
        raise TransferError(f"--init: there is no {given}", fix="give a bundle with its model/, or a file of weights")
    model = given / "model"
    if not model.is_dir():
        if (given / "result.json").exists():
            raise TransferError(
                f"bundle {given} has no model/: its embedder is not trained, or its weights were not kept",
                fix="start from the folder that 'ferbench run' left, or train it again",
            )
        return given
    splits = sorted(path for path in model.iterdir() if path.is_dir())
    if len(splits) != 1:
        names = ", ".join(path.name for path in splits) or "none"
        raise TransferError(
            f"bundle {given} has the weights of {len(splits)} splits ({names}), --init starts from one",
            fix=f"choose it: --init {(splits or [model / 'SPLIT'])[0]}",
        )
    return splits[0]


def _read(file: Path) -> Origin:
    try:
        if file.stat().st_size > MAX_RECORD_BYTES:
            raise ValueError(f"it is larger than {MAX_RECORD_BYTES} bytes")
        return Origin.model_validate_json(file.read_bytes())
    except ValidationError as error:
        reason = first_problem(error)
    except (OSError, ValueError) as error:
        reason = str(error)
    raise TransferError(f"{file} cannot be read: {reason}", fix="restore the file that ferbench wrote")


def _hashes(place: Path) -> dict[str, str]:
    """SHA-256 of a file, or of all the files in a folder but the record itself and the fitted classifiers."""
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    found = {}
    for path in files:
        name = path.name if path == place else path.relative_to(place).as_posix()
        if name != RECORD and not name.startswith(f"{CLASSIFIERS}/"):
            found[name] = hash_file(path)
    return found
