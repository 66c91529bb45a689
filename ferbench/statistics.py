"""Intervals for scores."""

from __future__ import annotations

from scipy.stats import binomtest


def accuracy_interval(correct: int, count: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval of a share in [0, 1] (Wilson 1927), for ``count`` independent images."""
    if count == 0:
        return 0.0, 1.0
    low, high = binomtest(correct, count).proportion_ci(level, method="wilson")
    return float(low), float(high)
