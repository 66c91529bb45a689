"""Intervals over seeds, by a worked example and by what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from ferbench.bundles.intervals import over_seeds


def test_by_hand() -> None:
    found = over_seeds([0.70, 0.72, 0.74])
    assert found.count == 3
    assert found.mean == pytest.approx(0.72)
    assert found.deviation == pytest.approx(0.02)
    half = 4.302652729911275 * 0.02 / 3**0.5  # Student's t for two degrees of freedom, 97.5%
    assert found.interval == pytest.approx((0.72 - half, 0.72 + half))


def test_one_seed_says_nothing_of_the_others() -> None:
    found = over_seeds([0.7])
    assert (found.count, found.mean, found.deviation, found.interval) == (1, 0.7, None, None)


def test_shares_stay_between_0_and_1() -> None:
    assert over_seeds([0.0, 1.0]).interval == (0.0, 1.0)


def test_95_of_100_intervals_hold_the_true_mean() -> None:
    rng = np.random.default_rng(0)
    draws = rng.normal(0.6, 0.02, (2000, 5))
    held = [low <= 0.6 <= high for low, high in (over_seeds(row).interval or (1.0, 0.0) for row in draws)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)
