"""Whether two runs of the same settings agree: on the same test images, classifier by classifier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm

from ferbench.bundles import bundle
from ferbench.bundles.bundle import Result
from ferbench.data import Predictions
from ferbench.errors import BundleError

SHOWN = 3
"""Classes that are named where two runs part."""


@dataclass(frozen=True)
class Agreement:
    """One classifier ``there`` (the bundle) and ``here``: the same test images in the same order.

    ``same`` is the share of equal predictions, ``interval`` the 95% interval of the accuracy here less that there.
    """

    label: str
    there: Predictions
    here: Predictions

    @property
    def accuracy(self) -> tuple[float, float]:
        """There and here."""
        return _accuracy(self.there), _accuracy(self.here)

    @property
    def same(self) -> float:
        return float((self.there.predicted == self.here.predicted).mean())

    @property
    def interval(self) -> tuple[float, float]:
        there, here = (one.labels == one.predicted for one in (self.there, self.here))
        return paired_interval(int((here & ~there).sum()), int((there & ~here).sum()), len(there))

    @property
    def holds(self) -> bool:
        """Identical predictions, or a difference that the images' number explains."""
        return self.interval[0] <= 0 <= self.interval[1]

    def parting(self) -> Iterator[str]:
        """The classes with most images on which the two say different things, in a sentence each."""
        differ = self.there.predicted != self.here.predicted
        counts = np.bincount(self.there.labels[differ], minlength=len(self.there.classes))
        for code in np.argsort(-counts, kind="stable")[:SHOWN].tolist():
            rows = self.there.labels == code
            if counts[code]:
                right = [int((one.predicted[rows] == code).sum()) for one in (self.there, self.here)]
                yield (
                    f"{self.label}, class {self.there.classes[code]}: {counts[code]:,} of {int(rows.sum()):,} images "
                    f"are predicted differently; {right[0]:,} are right in the bundle, {right[1]:,} here"
                )


def between(folder: Path, result: Result, other_folder: Path, other: Result) -> list[Agreement]:
    """Each classifier of two bundles. Raises ``BundleError`` if they do not test the same images."""
    if result.test_digest != other.test_digest:
        raise BundleError(
            f"{other_folder} tests other images, or other labels, than {folder}",
            fix="bring the copy of the dataset that the bundle was made of",
        )
    return [
        Agreement(label, _sorted(folder, result, label), _sorted(other_folder, other, label)) for label in result.scores
    ]


def paired_interval(gained: int, lost: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """The interval of the difference of two shares of the same ``count`` images, of which ``gained`` are right in the
    second alone and ``lost`` in the first alone: Wald's, half an image added to each cell (Agresti and Min 2005)."""
    total = count + 2
    up, down = (gained + 0.5) / total, (lost + 0.5) / total
    half = float(norm.ppf((1 + level) / 2)) * float(np.sqrt((up + down - (up - down) ** 2) / total))
    return up - down - half, up - down + half


def _accuracy(predictions: Predictions) -> float:
    return float((predictions.labels == predictions.predicted).mean())


def _sorted(folder: Path, result: Result, label: str) -> Predictions:
    file = bundle.predictions_file(folder, label, next(iter(result.scores)))
    one = bundle.read_predictions(file, result, result.scores_kind[label])
    order = np.argsort(one.ids)
    arrays = {name: getattr(one, name)[order] for name in ("ids", "splits", "labels", "predicted", "scores")}
    return Predictions(**arrays, scores_kind=one.scores_kind, classes=one.classes)
