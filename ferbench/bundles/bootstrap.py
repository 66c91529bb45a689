"""Which rows differ significantly: a paired bootstrap over subjects, or over images where no subjects are known.

All rows are scored on the same resamples of the units, so that what is hard for all of them cancels out. A difference
divided by its standard error over the resamples is compared with Student's t. The first row of a rank group is chosen
by its accuracy, hence the p-values are corrected for all pairs of rows: Holm's step-down procedure (Holm 1979) keeps
the probability of any wrong "these two differ" on a page below 5%.

The same on every machine: bits are drawn by ``random_raw``, which numpy never changes, and what BLAS adds up are whole
numbers, which floats hold exactly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from ferbench.data import batches

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

RESAMPLES = 2000
SEED = 20231
ALPHA = 0.05
MIN_UNITS = 10
"""Two rows that share fewer subjects (or images) are not compared."""
MIN_IMAGES = 7
"""A standard error is at least that of so many images: five that all speak for one row (McNemar: p = 0.06) are not
significant, six are."""
CELLS = 2**22
"""Numbers of a matrix of resamples that are in memory at a time."""


@dataclass(frozen=True)
class TestSet:
    """One test set. ``right`` int32 [R, U]: each row's right answers in each unit, added up over its ``seeds``.

    ``seeds`` int64 [R] are 0 where a row was not tested on it. ``images`` int64 [U]: how many of a unit are in it.
    """

    right: NDArray[np.int32]
    seeds: Counts
    images: Counts


@dataclass(frozen=True)
class Difference:
    """The accuracy of one row minus that of another, on what both were tested on; ``units`` are shared."""

    value: float
    error: float
    units: int

    @property
    def p_value(self) -> float:
        """Two-sided, of Student's t with ``units`` - 1 degrees of freedom."""
        return 2 * float(stdtr(self.units - 1, -abs(self.value) / self.error))

    @property
    def interval(self) -> tuple[float, float]:
        """The 95% interval."""
        half = float(stdtrit(self.units - 1, 1 - ALPHA / 2)) * self.error
        return self.value - half, self.value + half


class Bootstrap:
    """R rows on the same resamples of the units of their test sets. Holds R x ``resamples`` numbers per test set."""

    def __init__(self, test_sets: Sequence[TestSet], resamples: int = RESAMPLES) -> None:
        self._tests = test_sets
        self._right = [np.empty((len(test.seeds), resamples)) for test in test_sets]
        self._images = [np.empty(resamples) for _ in test_sets]
        start = 0
        for counts in draws(len(test_sets[0].images), resamples):
            drawn = slice(start, start + len(counts))
            for test, right, images in zip(test_sets, self._right, self._images, strict=True):
                right[:, drawn] = test.right.astype(np.float64) @ counts.T
                images[drawn] = counts @ test.images
            start = drawn.stop

    def interval(self, row: int) -> tuple[float, float]:
        """The 95% interval of a row's accuracy: quantiles of the resamples."""
        accuracies = np.sort(self._accuracies(row, self._tested(row))[1])
        edge = int(len(accuracies) * ALPHA / 2)
        return float(accuracies[edge]), float(accuracies[-1 - edge])

    def difference(self, row: int, other: int) -> Difference | None:
        """The difference of two rows, ``None`` if they share too few units."""
        shared = [test for test in self._tested(row) if test in self._tested(other)]
        images = np.sum([self._tests[test].images for test in shared], axis=0) if shared else np.zeros(0)
        units = int((images > 0).sum())
        if units < MIN_UNITS:
            return None
        accuracy, resampled = self._accuracies(row, shared)
        other_accuracy, other_resampled = self._accuracies(other, shared)
        spread = max(float((resampled - other_resampled).std()), MIN_IMAGES**0.5 / float(images.sum()))
        return Difference(accuracy - other_accuracy, spread * (units / (units - 1)) ** 0.5, units)

    def _tested(self, row: int) -> list[int]:
        return [number for number, test in enumerate(self._tests) if test.seeds[row]]

    def _accuracies(self, row: int, tests: Sequence[int]) -> tuple[float, Floats]:
        """A row's accuracy on ``tests`` together, as observed and in the resamples [B]."""
        right = sum(float(self._tests[test].right[row].sum()) / self._tests[test].seeds[row] for test in tests)
        resampled = np.sum([self._right[test][row] / self._tests[test].seeds[row] for test in tests], axis=0)
        drawn = np.sum([self._images[test] for test in tests], axis=0)
        return float(right / sum(self._tests[test].images.sum() for test in tests)), resampled / np.maximum(drawn, 1)


def leaders(bootstrap: Bootstrap, rows: int) -> list[int]:
    """The first row of each row's rank group; rows are sorted by accuracy.

    A row that differs significantly from its group's first begins the next group. Holm's procedure may test the pairs
    in any order: at the first wrong rejection, all earlier ones were right, and only the other pairs count.
    """
    pairs = rows * (rows - 1) / 2
    firsts: list[int] = []
    rejected = 0
    leader = 0
    for row in range(rows):
        difference = bootstrap.difference(leader, row) if row != leader else None
        if difference is not None and difference.p_value <= ALPHA / (pairs - rejected):
            rejected += 1
            leader = row
        firsts.append(leader)
    return firsts


def draws(units: int, resamples: int) -> Iterator[Counts]:
    """How often each of ``units`` is in each resample, int64 [some, U], until all ``resamples`` are there."""
    bits = np.random.PCG64(SEED)
    for rows in batches(resamples, max(1, CELLS // units)):
        count = rows.stop - rows.start
        raw = np.asarray(bits.random_raw(count * units), np.uint64)
        chosen = ((raw >> np.uint64(32)) * np.uint64(units)) >> np.uint64(32)
        chosen += np.repeat(np.arange(count, dtype=np.uint64) * np.uint64(units), units)
        yield np.bincount(chosen.astype(np.int64), minlength=count * units).reshape(count, units)
