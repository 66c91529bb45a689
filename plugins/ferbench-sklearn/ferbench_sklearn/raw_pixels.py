"""The embedder that does nothing: the floor that every other one has to beat."""

from __future__ import annotations

import math
from typing import Annotated

import numpy as np
from annotated_types import Ge

from ferbench.data import Embeddings, ImageRows


class RawPixels:
    """Pixels in [0, 1] as one long row. Not trained.

    Args:
        size: side of the crop in pixels, as in the pipeline's [faces].
    """

    def __init__(self, size: Annotated[int, Ge(1)] = 48) -> None:
        self.size = size

    @property
    def embedding_size(self) -> int:
        """S * S."""
        return self.size * self.size

    def embed(self, crops: ImageRows) -> Embeddings:
        """float32 [N, S * S] for uint8 [N, S, S]."""
        pixels = crops[:]
        rows = pixels.reshape(len(pixels), math.prod(pixels.shape[1:])).astype(np.float32)
        rows /= np.float32(255)
        return rows
