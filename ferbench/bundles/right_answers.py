"""Which test images a bundle's classifiers have right, in an order that all bundles with the same test set share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferbench.bundles import bundle
from ferbench.bundles.bundle import Result
from ferbench.data import Predictions, Strings

Right = NDArray[np.bool_]


@dataclass(frozen=True)
class TestSet:
    """The ids and splits [M] of a bundle's test samples, sorted by split and then by id."""

    ids: Strings
    splits: Strings


def of(predictions: Mapping[str, Predictions]) -> tuple[TestSet, dict[str, Right]]:
    """The test set of a verified bundle's ``predictions`` and, by classifier, which samples are right: bool [M]."""
    found: dict[str, Right] = {}
    for label, one in predictions.items():
        order = np.lexsort((one.ids, one.splits))
        found[label] = (one.labels == one.predicted)[order]
    return TestSet(one.ids[order], one.splits[order]), found


def read(folder: Path, result: Result) -> TestSet:
    """A verified bundle's test set."""
    label, kind = next(iter(result.scores_kind.items()))
    predictions = bundle.read_predictions(bundle.predictions_file(folder, label, label), result, kind)
    return of({label: predictions})[0]


def subjects(folder: Path, ids: Strings) -> Strings | None:
    """The subject [M] of each of a verified bundle's ``ids``, or ``None`` where it does not name them."""
    named = bundle.read_subjects(folder)
    return None if named is None else np.array([named[sample] for sample in ids.tolist()])


def pack(answers: Right) -> bytes:
    """Eight to a byte."""
    return np.packbits(answers).tobytes()


def unpack(packed: bytes, count: int) -> Right:
    """What ``pack`` took, bool [count]."""
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=count).astype(np.bool_)
