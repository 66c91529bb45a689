"""A monitor that remembers what an embedder tells it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ferbench.data import Embeddings, Epoch, ImageRows


class KilledError(Exception):
    """Stands for whatever ends a training half-way."""


class Recorder:
    """A ``TrainingMonitor`` that wants every epoch, or with ``wants=False`` none, and keeps epoch ``best``.

    The first batch of epoch ``dies_in`` raises ``KilledError``.
    """

    def __init__(self, probe: ImageRows, *, best: int = 1, dies_in: int = 0, wants: bool = True) -> None:
        self.probe, self.best, self.dies_in, self.wanted = probe, best, dies_in, wants
        self.epochs: list[Epoch] = []
        self.steps: list[dict[str, Any]] = []
        self.embeddings: list[Embeddings] = []
        self.warnings: list[str] = []

    def wants(self, epoch: int) -> bool:
        return self.wanted

    def score(self, epoch: Epoch, embed: Callable[[ImageRows], Embeddings]) -> float:
        self.epochs.append(epoch)
        self.embeddings.append(embed(self.probe))
        return 0.9 if epoch.number == self.best else 0.5

    def step(self, *, epoch: int, batch: int, batches: int, images: int, loss: float) -> None:
        if epoch == self.dies_in:
            raise KilledError
        self.steps.append({"epoch": epoch, "batch": batch, "batches": batches, "images": images, "loss": loss})

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def is_best(self) -> bool:
        return self.epochs[-1].number == self.best
