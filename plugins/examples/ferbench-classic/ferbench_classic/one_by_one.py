"""What the embedders here share: each image is described by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ferbench.data import Embeddings, ImageRows, Images
from ferbench.errors import ParameterError


class OneByOne(ABC):
    """An embedder that describes crops of ``size`` pixels one by one."""

    size: int

    @property
    @abstractmethod
    def embedding_size(self) -> int:
        """D."""

    @abstractmethod
    def describe(self, image: Images) -> Embeddings:
        """float32 [D] for one crop uint8 [size, size]."""

    def embed(self, crops: ImageRows) -> Embeddings:
        """float32 [N, D] for uint8 [N, S, S]. Raises ``ParameterError`` if S is not ``size``."""
        pixels = crops[:]
        if pixels.shape[1:] != (self.size, self.size):
            raise ParameterError(
                f"the crops are {pixels.shape[1]} pixels wide, the embedder expects {self.size}",
                fix=f"--set embedder.size={pixels.shape[1]}, or --set faces.size={self.size}",
            )
        rows = np.empty((len(pixels), self.embedding_size), np.float32)
        for row, crop in zip(rows, pixels, strict=True):
            row[:] = self.describe(crop)
        return rows
