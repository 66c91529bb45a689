"""All pairs of 64-bit hashes within a Hamming distance, by comparing every pair: exact, in flat memory."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Indices, batches

Hashes = NDArray[np.uint64]
PAIRS_PER_STEP = 1 << 18
"""Pairs that are compared at a time: few enough to stay in a processor's cache."""


def within(
    first: Hashes, second: Hashes, radius: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> Iterator[tuple[Indices, Indices]]:
    """Rows of ``first`` uint64 [N] and of ``second`` uint64 [M] that differ in at most ``radius`` bits, in chunks.

    Each pair comes once. ``progress`` gets (rows of ``first`` done, N).
    """
    for part in batches(len(first), max(1, PAIRS_PER_STEP // max(1, len(second)))):
        differing_bits = np.bitwise_count(first[part, None] ^ second)
        rows, others = np.nonzero(differing_bits <= radius)
        yield rows + part.start, others
        progress(part.stop, len(first))
