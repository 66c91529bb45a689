"""The embedder that does nothing: the floor every other one has to beat."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import numpy as np
from annotated_types import Ge

from ferbench.data import Embeddings, ImageRows, Labels
from ferbench.errors import WeightsError
from ferbench.interfaces import Loss, Sampler, TrainingMonitor


class RawPixels:
    """Pixels in [0, 1] as one long row. Not trained.

    Args:
        size: side of the crop in pixels, as the pipeline's [faces] has it.
    """

    def __init__(self, size: Annotated[int, Ge(1)] = 48) -> None:
        self.size = size

    @property
    def embedding_size(self) -> int:
        """S * S."""
        return self.size * self.size

    def fit(
        self,
        images: ImageRows,
        labels: Labels,
        *,
        num_classes: int,
        loss: Loss | None,
        sampler: Sampler | None,
        monitor: TrainingMonitor,
        rng: np.random.Generator,
        checkpoint: Path | None,
    ) -> RawPixels:
        """Nothing to train."""
        return self

    def embed(self, images: ImageRows) -> Embeddings:
        """float32 [N, S * S] for uint8 [N, S, S]."""
        pixels = images[:]
        rows = pixels.reshape(len(pixels), math.prod(pixels.shape[1:])).astype(np.float32)
        rows /= np.float32(255)
        return rows

    def save(self, folder: Path) -> None:
        """Nothing to keep."""

    def load(self, place: Path) -> RawPixels:
        """Nothing to take back. Raises ``WeightsError`` if it is given a file of weights."""
        if place.is_file():
            raise WeightsError(
                f"embedder 'raw-pixels' is not trained and cannot start from {place}",
                fix="choose an embedder that is trained: ferbench list embedders",
            )
        return self
