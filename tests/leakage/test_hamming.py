"""The exact search: nothing within the radius is missed, nothing comes twice."""

from __future__ import annotations

import numpy as np
import pytest

from ferbench.leakage import hamming


@pytest.mark.parametrize("radius", [0, 1, 3, 4, 8, 11])
@pytest.mark.parametrize("pairs", [7, 1 << 18])
def test_it_finds_what_comparing_every_pair_finds(radius: int, pairs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hamming, "PAIRS_PER_STEP", pairs)
    rng = np.random.default_rng(radius)
    first = rng.integers(0, 2**63, 60, np.uint64)
    second = first[rng.integers(0, 60, 80)]
    for row in range(len(second)):  # 0 to 15 bits changed, so that there are pairs on both sides of each radius
        for bit in rng.choice(64, row % 16, replace=False):
            second[row] ^= np.uint64(1) << np.uint64(bit)
    found = [pair for left, right in hamming.within(first, second, radius) for pair in zip(left, right, strict=True)]
    expected = np.argwhere(np.bitwise_count(first[:, None] ^ second[None]) <= radius)
    assert sorted(found) == sorted(map(tuple, expected))
    assert len(found) == len(set(found)) > 0


def test_nothing_among_nothing() -> None:
    none = np.empty(0, np.uint64)
    assert sum(len(left) for left, _ in hamming.within(none, none, 8)) == 0
