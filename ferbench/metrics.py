"""Scores, computed from predictions alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from sklearn.metrics import confusion_matrix, f1_score, recall_score

from ferbench.data import Predictions
from ferbench.statistics import accuracy_interval

MISS = -1
"""The predicted label of a test image in which the detector found no face: an error, whatever the true label."""


class Scores(BaseModel):
    """What is reported of one classifier on one test set; shares in [0, 1].

    ``interval`` is the 95% interval of ``accuracy`` (top-1). ``macro_f1`` and ``uar`` (unweighted average recall) are
    over the classes that occur in the test set. ``recall`` and ``confusion`` (rows true, columns predicted) are in the
    order of the classes; a class without a test image has recall ``None``. ``missed`` counts images without a face.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int
    accuracy: float
    interval: tuple[float, float]
    macro_f1: float
    uar: float
    recall: list[float | None]
    confusion: list[list[int]]
    missed: int


class LeakFree(BaseModel):
    """Accuracy in [0, 1] and its 95% interval on the ``count`` test images that leak nothing; ``None`` if none are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int
    accuracy: float | None
    interval: tuple[float, float] | None


def score_leak_free(predictions: Predictions, leaks: NDArray[np.bool_]) -> LeakFree:
    """The accuracy without the predictions that ``leaks`` bool [M] marks; a miss counts as an error."""
    right = (predictions.labels == predictions.predicted)[~leaks]
    correct, count = int(right.sum()), len(right)
    if not count:
        return LeakFree(count=0, accuracy=None, interval=None)
    return LeakFree(count=count, accuracy=correct / count, interval=accuracy_interval(correct, count))


def score(predictions: Predictions) -> Scores:
    """All scores of ``predictions``; a miss counts as an error."""
    truth, predicted = predictions.labels, predictions.predicted
    codes = list(range(len(predictions.classes)))
    present = [code for code in codes if (truth == code).any()]
    recall = recall_score(truth, predicted, labels=codes, average=None, zero_division=0.0)
    correct, count = int((truth == predicted).sum()), len(truth)
    return Scores(
        count=count,
        accuracy=correct / count,
        interval=accuracy_interval(correct, count),
        macro_f1=float(f1_score(truth, predicted, labels=present, average="macro", zero_division=0.0)),
        uar=float(recall[present].mean()),
        recall=[float(recall[code]) if code in present else None for code in codes],
        confusion=confusion_matrix(truth, predicted, labels=codes).tolist(),
        missed=int((predicted == MISS).sum()),
    )
