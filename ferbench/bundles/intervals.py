"""Intervals for scores, over the images of a test set and over repeated seeds, and the test of a pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, ndtri, stdtrit


@dataclass(frozen=True)
class Repeats:
    """A score in [0, 1] over ``count`` seeds: mean, standard deviation (n - 1), and the mean's 95% interval.

    Deviation and interval are ``None`` for one seed. They are of the training's (and a drawn split's) randomness; that
    of the test images is ``accuracy_interval``'s.
    """

    count: int
    mean: float
    deviation: float | None
    interval: tuple[float, float] | None


def accuracy_interval(correct: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share in [0, 1] (Wilson 1927), for ``count`` independent images."""
    if count == 0:
        return 0.0, 1.0
    z = float(ndtri((1 + level) / 2))
    share, scale = correct / count, 1 + z**2 / count
    middle = (share + z**2 / (2 * count)) / scale
    half = z / scale * (share * (1 - share) / count + z**2 / (4 * count**2)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def over_seeds(values: Sequence[float], level: float = 0.95) -> Repeats:
    """Mean, deviation and Student's t interval of one score a seed, cut to [0, 1]."""
    scores = np.asarray(values, np.float64)
    count, mean = len(scores), float(scores.mean())
    if count < 2:
        return Repeats(count, mean, None, None)
    deviation = float(scores.std(ddof=1))
    half = float(stdtrit(count - 1, (1 + level) / 2)) * deviation / count**0.5
    return Repeats(count, mean, deviation, (max(0.0, mean - half), min(1.0, mean + half)))


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value (McNemar 1947) for two classifiers' counts of images that one alone has right."""
    return min(1.0, 2 * float(bdtr(min(only_first, only_second), only_first + only_second, 0.5)))
