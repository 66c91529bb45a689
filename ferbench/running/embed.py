"""Embeds many crops in chunks, so that progress can be shown and memory holds only one chunk's pixels."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.data import ImageRows, batches

CROPS_PER_CHUNK = 2048


def embed_all(
    embed: Callable[[ImageRows], NDArray[Any]], crops: ImageRows, progress: Callable[[int, int], None]
) -> NDArray[Any]:
    """What ``embed`` gives for N crops, [N, D]; ``progress`` gets (done, total).

    A row depends on its image alone, so chunks do not matter (``Embedder.embed``).
    """
    if not len(crops):
        return embed(crops)
    rows: NDArray[Any] | None = None
    for chunk in batches(len(crops), CROPS_PER_CHUNK):
        embedded = embed(crops[chunk])
        if rows is None:  # filled in place: a list of chunks would take the memory twice when it is joined
            rows = np.empty((len(crops), *embedded.shape[1:]), embedded.dtype)
        rows[chunk] = embedded
        progress(chunk.stop, len(crops))
    assert rows is not None
    return rows
