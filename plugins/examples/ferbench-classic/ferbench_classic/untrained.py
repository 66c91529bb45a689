"""What the embedders here share: there is nothing to train, and each image is described by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

import numpy as np

from ferbench.data import Embeddings, ImageRows, Images, Labels
from ferbench.errors import ParameterError, WeightsError
from ferbench.interfaces import Loss, Sampler, TrainingMonitor


class Untrained(ABC):
    """An embedder that describes crops of ``size`` pixels one by one."""

    size: int

    @property
    @abstractmethod
    def embedding_size(self) -> int:
        """D."""

    @abstractmethod
    def describe(self, image: Images) -> Embeddings:
        """float32 [D] for one crop uint8 [size, size]."""

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
    ) -> Self:
        """Nothing to train."""
        return self

    def embed(self, images: ImageRows) -> Embeddings:
        """float32 [N, D] for uint8 [N, S, S]. Raises ``ParameterError`` if S is not ``size``."""
        crops = images[:]
        if crops.shape[1:] != (self.size, self.size):
            raise ParameterError(
                f"the crops are {crops.shape[1]} pixels wide, the embedder expects {self.size}",
                fix=f"--set embedder.size={crops.shape[1]}, or --set faces.size={self.size}",
            )
        rows = np.empty((len(crops), self.embedding_size), np.float32)
        for row, crop in zip(rows, crops, strict=True):
            row[:] = self.describe(crop)
        return rows

    def save(self, folder: Path) -> None:  # noqa: B027 - for all of them there is nothing
        """Nothing to keep."""

    def load(self, place: Path) -> Self:
        """Nothing to take back. Raises ``WeightsError`` if it is given a file of weights."""
        if place.is_file():
            raise WeightsError(
                f"this embedder is not trained and cannot start from {place}",
                fix="choose an embedder that is trained: ferbench list embedders",
            )
        return self
