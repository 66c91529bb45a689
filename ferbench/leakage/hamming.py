"""All pairs of 64-bit hashes within a Hamming distance: exact, and without looking at every pair.

Multi-index hashing (Norouzi, Punjani and Fleet, CVPR 2012): two hashes that differ in at most r bits differ in at most
r // 4 bits in one of their four 16-bit bands. So each band is sorted, and every value that near to a query's band is
looked up there; what is found is compared in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Indices

Hashes = NDArray[np.uint64]
BANDS, BITS = 4, 16
CHUNK = 1 << 22
"""Candidates that are compared at a time: about 200 MB."""


def within(
    first: Hashes, second: Hashes, radius: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> Iterator[tuple[Indices, Indices]]:
    """Rows of ``first`` uint64 [N] and of ``second`` uint64 [M] that differ in at most ``radius`` bits, in chunks.

    Each pair comes once, in no order. ``progress`` gets (lookups done, in all).
    """
    flips = radius // BANDS
    patterns = [sum(1 << bit for bit in bits) for many in range(flips + 1) for bits in combinations(range(BITS), many)]
    for band in range(BANDS):
        keys = _band(first, band)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        starts = np.searchsorted(keys, np.arange((1 << BITS) + 1))
        wanted = _band(second, band)
        for number, pattern in enumerate(patterns):
            low, high = starts[wanted ^ pattern], starts[(wanted ^ pattern) + 1]
            for queries, places in _ranges(low, high):
                rows = order[places]
                differing = first[rows] ^ second[queries]
                near = np.bitwise_count(differing) <= radius
                for earlier in range(band):  # found by that band already
                    near &= np.bitwise_count(_band(differing, earlier)) > flips
                yield rows[near], queries[near]
            progress(band * len(patterns) + number + 1, BANDS * len(patterns))


def _band(hashes: Hashes, band: int) -> Indices:
    return ((hashes >> np.uint64(band * BITS)) & np.uint64((1 << BITS) - 1)).astype(np.int64)


def _ranges(low: Indices, high: Indices) -> Iterator[tuple[Indices, Indices]]:
    """(query, place) for each place in ``low[query]:high[query]``, about ``CHUNK`` of them at a time."""
    queries = np.flatnonzero(high > low)
    ends = np.cumsum((high - low)[queries])
    start = 0
    while start < len(queries):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + CHUNK, side="right")))
        part = queries[start:stop]
        counts = (high - low)[part]
        repeated = np.repeat(part, counts)
        yield repeated, np.arange(len(repeated)) - np.repeat(ends[start:stop] - before - counts, counts) + low[repeated]
        start = stop
