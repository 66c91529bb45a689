"""Intervals for scores, over the images of a test set and over repeated seeds, and the test of a pair."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Z_95 = 1.959963984540054
"""The 97.5% quantile of the normal distribution, for a two-sided 95% interval."""


@dataclass(frozen=True)
class Repeats:
    """A score in [0, 1] over ``count`` seeds: mean, standard deviation (n - 1), and the mean's 95% interval.

    Deviation and interval are ``None`` for one seed. They describe the randomness of the training (and of a drawn
    split); that of the test images is ``accuracy_interval``'s.
    """

    count: int
    mean: float
    deviation: float | None
    interval: tuple[float, float] | None


def accuracy_interval(correct: int, count: int) -> tuple[float, float]:
    """Wilson's 95% score interval of a share in [0, 1] (Wilson 1927), for ``count`` independent images."""
    if count == 0:
        return 0.0, 1.0
    share = correct / count
    scale = 1 + Z_95**2 / count
    middle = (share + Z_95**2 / (2 * count)) / scale
    half = Z_95 / scale * (share * (1 - share) / count + Z_95**2 / (4 * count**2)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)


def over_seeds(values: Sequence[float]) -> Repeats:
    """Mean, deviation and Student's 95% t interval of one score per seed, cut to [0, 1]."""
    from scipy.special import stdtrit  # slow to import, and verification must not wait for it

    scores = np.asarray(values, np.float64)
    count = len(scores)
    mean = float(scores.mean())
    if count < 2:
        return Repeats(count, mean, None, None)
    deviation = float(scores.std(ddof=1))
    half = float(stdtrit(count - 1, 0.975)) * deviation / count**0.5
    return Repeats(count, mean, deviation, (max(0.0, mean - half), min(1.0, mean + half)))


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value (McNemar 1947) for two classifiers' counts of images that only one has right."""
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(only_first, only_second), only_first + only_second, 0.5)))
