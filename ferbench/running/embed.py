"""Embeds many crops in chunks, so that a person sees how far it has come and memory holds one chunk's pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ferbench.data import Embeddings, ImageRows, batches

CROPS_PER_CHUNK = 2048


def embed_all(
    embed: Callable[[ImageRows], Embeddings], images: ImageRows, progress: Callable[[int, int], None]
) -> Embeddings:
    """float32 [N, D] for N crops; ``progress`` gets (done, total). A row depends on its image alone, so chunks do not
    matter (``Embedder.embed``)."""
    if not len(images):
        return embed(images)
    rows: Embeddings | None = None
    for part in batches(len(images), CROPS_PER_CHUNK):
        embedded = embed(images[part])
        if rows is None:  # filled in place: a list of chunks would take the memory twice when it is joined
            rows = np.empty((len(images), *embedded.shape[1:]), embedded.dtype)
        rows[part] = embedded
        progress(part.stop, len(images))
    assert rows is not None
    return rows
