"""Whether two runs of the same settings agree: on the same test images, classifier by classifier."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferbench.bundles import bundle
from ferbench.bundles.bundle import Result
from ferbench.bundles.intervals import Z_95
from ferbench.data import Predictions
from ferbench.errors import BundleError

MAX_CLASSES = 3
"""Classes that are named where two runs differ."""


@dataclass(frozen=True)
class Agreement:
    """One classifier ``there`` (the bundle) and ``here``: the same test images in the same order."""

    label: str
    there: Predictions
    here: Predictions

    @property
    def accuracy(self) -> tuple[float, float]:
        """There and here."""
        return float(self.there.right.mean()), float(self.here.right.mean())

    @property
    def same(self) -> float:
        """The share of equal predictions."""
        return float((self.there.predicted == self.here.predicted).mean())

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval of the accuracy here minus that there."""
        gained = int((self.here.right & ~self.there.right).sum())
        lost = int((self.there.right & ~self.here.right).sum())
        return paired_interval(gained, lost, len(self.there))

    @property
    def holds(self) -> bool:
        """Identical predictions, or a difference that the number of images explains."""
        low, high = self.interval
        return low <= 0 <= high

    def differences(self) -> Iterator[str]:
        """The classes with most images that the two predict differently, in a sentence each."""
        differ = self.there.predicted != self.here.predicted
        counts = np.bincount(self.there.labels[differ], minlength=len(self.there.classes))
        for code in np.argsort(-counts, kind="stable")[:MAX_CLASSES].tolist():
            if not counts[code]:
                continue
            rows = self.there.labels == code
            yield (
                f"{self.label}, class {self.there.classes[code]}: {counts[code]:,} of {int(rows.sum()):,} images "
                f"are predicted differently; {int(self.there.right[rows].sum()):,} are right in the bundle, "
                f"{int(self.here.right[rows].sum()):,} here"
            )


def between(folder: Path, result: Result, other_folder: Path, other: Result) -> list[Agreement]:
    """Each classifier of two bundles. Raises ``BundleError`` if they do not test the same images."""
    if result.test_digest != other.test_digest:
        raise BundleError(
            f"{other_folder} tests other images, or other labels, than {folder}",
            fix="use the copy of the dataset that the bundle was made from",
        )
    return [
        Agreement(
            label,
            bundle.predictions(folder, result, label).in_order(),
            bundle.predictions(other_folder, other, label).in_order(),
        )
        for label in result.scores
    ]


def paired_interval(gained: int, lost: int, count: int) -> tuple[float, float]:
    """The 95% interval of the difference of two shares of the same ``count`` images.

    ``gained`` images are right only in the second, ``lost`` only in the first. Wald's interval with half an image
    added to each cell (Agresti and Min 2005).
    """
    total = count + 2
    up = (gained + 0.5) / total
    down = (lost + 0.5) / total
    half = Z_95 * float(np.sqrt((up + down - (up - down) ** 2) / total))
    return up - down - half, up - down + half
