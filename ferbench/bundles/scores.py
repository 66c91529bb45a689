"""Scores, computed from predictions alone."""

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from ferbench.bundles.intervals import accuracy_interval
from ferbench.data import Predictions

MISS = -1
"""The predicted label of a test image without a detected face: an error, whatever the true label."""


class Scores(BaseModel, extra="forbid", frozen=True):
    """The scores of one classifier on one test set; shares in [0, 1].

    ``interval`` is the 95% interval of ``accuracy`` (top-1). ``macro_f1`` and ``uar`` (unweighted average recall) are
    over the classes that occur in the test set. ``recall`` and ``confusion`` (rows true, columns predicted) are in the
    order of the classes; a class without a test image has recall ``None``. ``missed`` counts images without a face.
    """

    count: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    uar: float
    recall: list[float | None]
    confusion: list[list[int]]
    missed: int


class LeakFree(BaseModel, extra="forbid", frozen=True):
    """Accuracy in [0, 1] and its 95% interval on the ``count`` test images without a leak; ``None`` if none are."""

    count: int
    accuracy: float | None
    interval: tuple[float, float] | None


def score_leak_free(predictions: Predictions, leaks: NDArray[np.bool_]) -> LeakFree:
    """The accuracy without the predictions that ``leaks`` bool [M] marks; a miss counts as an error."""
    right = predictions.right[~leaks]
    correct = int(right.sum())
    count = len(right)
    if not count:
        return LeakFree(count=0, accuracy=None, interval=None)
    return LeakFree(count=count, accuracy=correct / count, interval=accuracy_interval(correct, count))


def score(predictions: Predictions) -> Scores:
    """All scores of ``predictions``; a miss counts as an error."""
    classes = len(predictions.classes)
    # One more column for the misses. scikit-learn's metrics give the same values (a test compares them) in
    # a hundred times the time, and a leaderboard rescores thousands of bundles.
    cells = predictions.labels * (classes + 1) + np.where(predictions.predicted == MISS, classes, predictions.predicted)
    table = np.bincount(cells, minlength=classes * (classes + 1)).reshape(classes, classes + 1)
    confusion = table[:, :classes]
    images = table.sum(axis=1)
    answers = confusion.sum(axis=0)
    present = images > 0
    right = np.diag(confusion)
    recall = right / np.maximum(images, 1)
    f1 = 2 * right / np.maximum(images + answers, 1)
    correct = int(right.sum())
    count = len(predictions)
    return Scores(
        count=count,
        accuracy=correct / count,
        interval=accuracy_interval(correct, count),
        macro_f1=float(f1[present].mean()),
        uar=float(recall[present].mean()),
        recall=[float(value) if occurs else None for value, occurs in zip(recall, present, strict=True)],
        confusion=confusion.tolist(),
        missed=int(table[:, classes].sum()),
    )
