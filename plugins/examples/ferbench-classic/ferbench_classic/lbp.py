"""Local binary patterns."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt
from skimage.feature import local_binary_pattern

from ferbench.data import Embeddings, Images
from ferbench.errors import ParameterError
from ferbench_classic.one_by_one import OneByOne


class Lbp(OneByOne):
    """Histograms of uniform patterns in each cell of a grid (Shan et al. 2009), by scikit-image.

    Args:
        size: side of the crop in pixels, as the pipeline's [faces] has it.
        grid: cells along each side.
        points: neighbours on the circle; there are points + 2 rotation-invariant uniform patterns.
        radius: of the circle, in pixels.
    """

    def __init__(
        self,
        size: Annotated[int, Ge(8)] = 48,
        grid: Annotated[int, Ge(1)] = 6,
        points: Annotated[int, Ge(4)] = 8,
        radius: Annotated[float, Gt(0)] = 1.0,
    ) -> None:
        if size < grid:
            raise ParameterError(f"a grid of {grid} cells does not fit into {size} pixels", fix="--set embedder.grid=6")
        self.size, self.grid, self.points, self.radius = size, grid, points, radius

    @property
    def embedding_size(self) -> int:
        """grid * grid * (points + 2)."""
        return self.grid**2 * (self.points + 2)

    def describe(self, image: Images) -> Embeddings:
        """float32 [D] for one crop uint8 [size, size]: each cell's share of each pattern."""
        codes = local_binary_pattern(image, self.points, self.radius, method="uniform").astype(np.int64)
        steps = np.arange(self.size) * self.grid // self.size
        cells = steps[:, None] * self.grid + steps[None, :]
        flat = (cells * (self.points + 2) + codes).ravel()
        counts = np.bincount(flat, minlength=self.embedding_size).reshape(self.grid**2, -1)
        return np.asarray(counts / counts.sum(axis=1, keepdims=True), np.float32).ravel()
