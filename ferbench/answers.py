"""Which test images a bundle's classifiers have right, in an order that all bundles with the same test set share."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferbench import bundle
from ferbench.bundle import Result
from ferbench.data import Strings
from ferbench.errors import BundleError
from ferbench.layout import SUBJECTS

Right = NDArray[np.bool_]


@dataclass(frozen=True)
class TestSet:
    """The ids and splits [M] of a bundle's test samples, sorted by split and then by id."""

    ids: Strings
    splits: Strings


def read(folder: Path, result: Result) -> tuple[TestSet, dict[str, Right]]:
    """A verified bundle's test set and, for each classifier, which samples of it are right: bool [M]."""
    first = next(iter(result.scores))
    found: dict[str, Right] = {}
    for label in result.scores:
        ids, splits, correct = _columns(bundle.predictions_file(folder, label, first))
        order = np.lexsort((ids, splits))
        found[label] = correct[order]
        if label == first:
            test_set = TestSet(ids[order], splits[order])
    return test_set, found


def subjects(folder: Path, ids: Strings) -> Strings | None:
    """The subject [M] of each of ``ids``, or ``None`` where the bundle does not name them. Raises ``BundleError``."""
    named = bundle.read_subjects(folder)
    if named is None:
        return None
    missing = sorted(set(ids.tolist()) - set(named))
    if missing:
        raise _bad(folder / SUBJECTS, f"there is no subject of {missing[0]}")
    return np.array([named[sample] for sample in ids.tolist()])


def pack(answers: Right) -> bytes:
    """Eight to a byte."""
    return np.packbits(answers).tobytes()


def unpack(packed: bytes, count: int) -> Right:
    """What ``pack`` took, bool [count]."""
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=count).astype(np.bool_)


def _columns(file: Path) -> tuple[Strings, Strings, Right]:
    """Ids, splits and whether label and prediction agree, of a verified file: its first columns are ``COLUMNS``."""
    with file.open(encoding="utf-8", newline="") as opened:
        rows = [row[: len(bundle.COLUMNS)] for row in csv.reader(opened)][1:]
    ids, splits, labels, predicted = zip(*rows, strict=True)
    return np.array(ids), np.array(splits), np.array([a == b for a, b in zip(labels, predicted, strict=True)])


def _bad(file: Path, what: str) -> BundleError:
    return BundleError(f"{file} cannot be used: {what}", fix="restore the file that ferbench wrote, or remove it")
