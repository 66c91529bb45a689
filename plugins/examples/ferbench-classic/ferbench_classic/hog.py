"""Histograms of oriented gradients."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from annotated_types import Ge
from skimage.feature import hog

from ferbench.data import Embeddings, Images
from ferbench.errors import ParameterError
from ferbench_classic.one_by_one import OneByOne


class Hog(OneByOne):
    """HOG (Dalal and Triggs, CVPR 2005) by scikit-image, blocks normalised by L2-Hys.

    Args:
        size: side of the crop in pixels, as the pipeline's [faces] has it.
        orientations: bins of unsigned gradient directions.
        cell: side of a cell in pixels.
        block: side of a block in cells.
    """

    def __init__(
        self,
        size: Annotated[int, Ge(8)] = 48,
        orientations: Annotated[int, Ge(2)] = 9,
        cell: Annotated[int, Ge(2)] = 8,
        block: Annotated[int, Ge(1)] = 2,
    ) -> None:
        if size // cell < block:
            raise ParameterError(
                f"a block of {block} cells of {cell} pixels does not fit into {size} pixels",
                fix="make embedder.cell or embedder.block smaller",
            )
        self.size, self.orientations, self.cell, self.block = size, orientations, cell, block

    @property
    def embedding_size(self) -> int:
        """Blocks (one at each cell that has room for it) times cells a block times orientations."""
        return (self.size // self.cell - self.block + 1) ** 2 * self.block**2 * self.orientations

    def describe(self, image: Images) -> Embeddings:
        """float32 [D] for one crop uint8 [size, size]."""
        cell, block = (self.cell, self.cell), (self.block, self.block)
        found = hog(image, self.orientations, pixels_per_cell=cell, cells_per_block=block, block_norm="L2-Hys")
        return np.asarray(found, np.float32)
