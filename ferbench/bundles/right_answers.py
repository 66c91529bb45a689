"""Which test images a bundle's classifiers have right, in an order that all bundles with the same test set share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferbench.bundles import bundle
from ferbench.bundles.bundle import Result
from ferbench.data import Predictions, Strings

Right = NDArray[np.bool_]


def right_answers(predictions: Mapping[str, Predictions]) -> dict[str, Right]:
    """By classifier, which samples of a verified bundle's ``predictions`` are right: bool [M], by split and id."""
    return {label: values.in_order().right for label, values in predictions.items()}


def test_ids(folder: Path, result: Result) -> Strings:
    """The ids [M] of a verified bundle's test samples, sorted by split and then by id."""
    return bundle.predictions(folder, result, result.main_classifier).in_order().ids


def subjects(folder: Path, ids: Strings) -> Strings | None:
    """The subject [M] of each of a verified bundle's ``ids``, or ``None`` where it does not name them."""
    names = bundle.read_subjects(folder)
    return None if names is None else np.array([names[sample] for sample in ids.tolist()])
