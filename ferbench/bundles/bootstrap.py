"""Which of many rows can be told apart, by one paired bootstrap that all of them share.

Every row is scored on the same resamples of the units (subjects, or images where no subjects are known), so that what
is hard for all counts for none. The difference of two rows is divided by its own standard error, and the largest such
value over all pairs, in 95% of the resamples, is the limit for each pair: intervals that hold together, whatever the
number of comparisons (Westfall and Young 1993; Romano and Wolf 2005).

The same on every machine: bits are drawn by ``random_raw``, which numpy keeps as it is for ever; what is summed in an
order that a machine chooses are whole numbers, which floats hold exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.data import batches

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

RESAMPLES = 2000
SEED = 20231
LEVEL = 0.95
FEWEST_UNITS = 10
"""Two rows that share fewer subjects (or images) are not compared."""
ALONE = 1.959964
"""The limit for one comparison, of the normal distribution: no limit is below it."""
FEWEST_IMAGES = 7
"""A standard error is at least that of so many images: five that all speak for one row (McNemar: p = 0.06) tell
nothing apart, six do."""
GRID = 2.0**20
"""Differences are rounded to one part in so many, which makes whole numbers of them."""
CELLS = 2**22
"""Of a matrix of resamples, at a time."""
TOGETHER = 32
"""Pairs at a time, so that their resamples stay in a core's cache."""


@dataclass(frozen=True)
class TestSet:
    """One test set. ``right`` int32 [R, U]: each row's right answers in each unit, added up over its ``seeds``.

    ``seeds`` int64 [R] are 0 where a row was not tested on it. ``images`` int64 [U]: how many of a unit are in it.
    """

    right: NDArray[np.int32]
    seeds: Counts
    images: Counts


@dataclass(frozen=True)
class Comparison:
    """All pairs of R rows: ``difference`` float64 [R, R] of the accuracies of the first and the second row on the test
    sets that both have, its standard ``error``, both NaN where two rows share too little; ``limit`` times the error is
    half of the simultaneous interval. ``intervals`` [R, 2] is each row's own 95% interval, of the resamples' quantiles.
    """

    difference: Floats
    error: Floats
    limit: float
    intervals: Floats

    def compared(self, row: int, other: int) -> bool:
        """Whether the two share enough."""
        return bool(np.isfinite(self.difference[row, other]))

    def apart(self, row: int, other: int) -> bool:
        """Whether the interval of the two rows' difference leaves out 0."""
        return bool(abs(self.difference[row, other]) > self.limit * self.error[row, other])

    def interval(self, row: int, other: int) -> tuple[float, float]:
        """Of the difference of the two, simultaneous with all others."""
        middle, half = self.difference[row, other], self.limit * self.error[row, other]
        return float(middle - half), float(middle + half)


def compare(tested: Sequence[TestSet], resamples: int = RESAMPLES) -> Comparison:
    """Compares all rows of ``tested``, each pair on the test sets that both have. Holds R x (R + resamples) numbers."""
    rows = len(tested[0].seeds)
    drawn = _resample(tested, resamples)
    patterns: dict[tuple[int, ...], list[int]] = {}
    for row in range(rows):
        patterns.setdefault(tuple(one for one, test in enumerate(tested) if test.seeds[row]), []).append(row)
    difference, error = np.full((rows, rows), np.nan), np.full((rows, rows), np.nan)
    intervals = np.zeros((rows, 2))
    largest = np.zeros(resamples, np.float32)
    listed = list(patterns.items())
    for number, (tests, these) in enumerate(listed):
        quantiles = np.sort(_accuracies(tested, drawn, tests, these)[1], axis=1)
        edge = int(resamples * (1 - LEVEL) / 2)
        intervals[these] = quantiles[:, [edge, resamples - 1 - edge]]
        for others_tests, those in listed[number:]:
            shared = tuple(one for one in tests if one in others_tests)
            images = np.sum([tested[one].images for one in shared], axis=0) if shared else np.zeros(0, np.int64)
            units = int((images > 0).sum())
            if units < FEWEST_UNITS:
                continue
            union = these if these is those else these + those
            observed, accuracies = _accuracies(tested, drawn, shared, union)
            moved = np.rint((accuracies - observed[:, None]) * GRID)
            smallest = FEWEST_IMAGES**0.5 / images.sum()
            spread = np.maximum(_spread(moved) / GRID, smallest)
            place = np.ix_(union, union)
            wanted = np.zeros((len(union), len(union)), np.bool_)
            first = len(these) if these is not those else 0
            wanted[: len(these), first:] = True
            wanted |= wanted.T
            difference[place] = np.where(wanted, observed[:, None] - observed[None, :], difference[place])
            error[place] = np.where(wanted, spread * (units / (units - 1)) ** 0.5, error[place])
            scaled = (1 / (spread * GRID)).astype(np.float32)
            _raise_to(largest, moved.astype(np.float32), scaled, len(these), first)
    limit = float(np.sort(largest)[min(resamples - 1, int(np.ceil(LEVEL * (resamples + 1))) - 1)])
    return Comparison(difference, error, max(limit, ALONE), intervals)


def draws(units: int, resamples: int, seed: int = SEED) -> Iterator[NDArray[np.int64]]:
    """How often each of ``units`` is in each resample, int64 [some, U], until all ``resamples`` are there."""
    bits = np.random.PCG64(seed)
    for part in batches(resamples, max(1, CELLS // units)):
        count = part.stop - part.start
        raw = np.asarray(bits.random_raw(count * units), np.uint64)
        chosen = ((raw >> np.uint64(32)) * np.uint64(units)) >> np.uint64(32)
        chosen += np.repeat(np.arange(count, dtype=np.uint64) * np.uint64(units), units)
        yield np.bincount(chosen.astype(np.int64), minlength=count * units).reshape(count, units)


@dataclass(frozen=True)
class _Drawn:
    """A test set's right answers [R, B] in every resample, for the rows that have it, and its images [B]."""

    right: Floats
    images: Floats


def _resample(tested: Sequence[TestSet], resamples: int) -> list[_Drawn]:
    units = len(tested[0].images)
    # Whole numbers below 2^24 are exact in float32, whatever the order in which a machine adds them up.
    exact: list[type[Any]] = [
        np.float32 if units * max(1, one.right.max(initial=0)) < 2**24 else np.float64 for one in tested
    ]
    scored = [one.right.T.astype(kind) for one, kind in zip(tested, exact, strict=True)]
    right = [np.empty((len(one.seeds), resamples)) for one in tested]
    images = [np.empty(resamples) for _ in tested]
    start = 0
    for counts in draws(units, resamples):
        part = slice(start, start + len(counts))
        for number, one in enumerate(tested):
            right[number][:, part] = (counts.astype(exact[number]) @ scored[number]).T
            images[number][part] = counts @ one.images
        start = part.stop
    return [_Drawn(one, count) for one, count in zip(right, images, strict=True)]


def _accuracies(
    tested: Sequence[TestSet], drawn: Sequence[_Drawn], tests: Sequence[int], rows: Sequence[int]
) -> tuple[Floats, Floats]:
    """The accuracies of ``rows`` on ``tests``, as observed [R] and in the resamples [R, B]."""
    observed, resampled = np.zeros(len(rows)), np.zeros((len(rows), len(drawn[0].images)))
    for one in tests:
        seeds = tested[one].seeds[list(rows)]
        observed += tested[one].right[list(rows)].sum(axis=1) / seeds
        resampled += drawn[one].right[list(rows)] / seeds[:, None]
    images = np.sum([drawn[one].images for one in tests], axis=0)
    return observed / sum(int(tested[one].images.sum()) for one in tests), resampled / np.maximum(images, 1)


def _spread(moved: Floats) -> Floats:
    """The standard deviations [R, R] of the differences between the rows of ``moved`` [R, B], whole numbers."""
    products = moved @ moved.T
    own = np.diag(products)
    deviations: Floats = np.sqrt((own[:, None] + own[None, :] - 2 * products) / moved.shape[1])
    return deviations


def _raise_to(
    largest: NDArray[np.float32], moved: NDArray[np.float32], scaled: NDArray[np.float32], rows: int, first: int
) -> None:
    """Raises ``largest`` [B] to the largest scaled difference of one of the first ``rows`` and one of those from
    ``first`` on, each pair once."""
    for row in range(rows):
        begin = max(first, row + 1)
        for part in batches(len(moved), TOGETHER, begin):
            apart = moved[part] - moved[row]
            np.abs(apart, out=apart)
            apart *= scaled[row, part, None]
            np.maximum(largest, apart.max(axis=0), out=largest)
