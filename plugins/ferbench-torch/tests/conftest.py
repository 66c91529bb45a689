"""What the tests of the embedder and its trainer share: faces to tell apart, and a monitor that remembers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ferbench.data import Embeddings, Epoch, ImageRows, Images, Labels

SIDE = 24


class KilledError(Exception):
    """Stands for whatever ends a training half-way."""


class Recorder:
    """A ``TrainingMonitor`` that remembers all it is told.

    ``scores`` are the accuracies it answers with, one an epoch; without them later epochs are better. The first batch
    of epoch ``dies_in`` raises ``KilledError``.
    """

    def __init__(self, scores: list[float] | None = None, dies_in: int = 0) -> None:
        self.scores, self.dies_in = scores, dies_in
        self.epochs: list[Epoch] = []
        self.steps: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self.given: list[float] = []
        self.embeddings: list[Embeddings] = []
        self.sample: Images | None = None

    def wants(self, epoch: int) -> bool:
        return True

    def score(self, epoch: Epoch, embed: Callable[[ImageRows], Embeddings]) -> float:
        self.epochs.append(epoch)
        if self.sample is not None:
            self.embeddings.append(embed(self.sample))
        self.given.append(self.scores[epoch.number - 1] if self.scores else float(epoch.number))
        return self.given[-1]

    def step(self, *, epoch: int, batch: int, batches: int, images: int, loss: float) -> None:
        if epoch == self.dies_in:
            raise KilledError
        self.steps.append({"epoch": epoch, "batch": batch, "batches": batches, "images": images, "loss": loss})

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def is_best(self) -> bool:
        return self.given[-1] > max(self.given[:-1], default=-1.0)


@pytest.fixture
def recorder() -> type[Recorder]:
    return Recorder


@pytest.fixture
def killed() -> type[Exception]:
    return KilledError


@pytest.fixture(scope="session")
def stripes() -> Callable[..., tuple[Images, Labels]]:
    """Makes N noisy images uint8 [N, 24, 24] of two classes: horizontal and vertical stripes."""

    def make(count: int, seed: int = 0) -> tuple[Images, Labels]:
        rng = np.random.default_rng(seed)
        labels = np.arange(count, dtype=np.int64) % 2
        wave = 60 * np.sin(np.arange(SIDE) * 2 * np.pi / 6)
        clean = np.where(labels[:, None, None] == 0, wave[None, :, None], wave[None, None, :])
        images = 128 + clean + rng.normal(0, 20, (count, SIDE, SIDE))
        return images.clip(0, 255).astype(np.uint8), labels

    return make
