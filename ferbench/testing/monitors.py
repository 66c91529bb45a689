"""A monitor that records what an embedder reports to it."""

from collections.abc import Sequence
from typing import Any

from ferbench.data import Embeddings, Epoch, ImageRows
from ferbench.interfaces import Embedder


class KilledError(Exception):
    """Stands for whatever ends a training half-way."""


class Recorder:
    """A ``TrainingMonitor`` that keeps the epochs, steps and warnings, and the embeddings of ``probe`` at each epoch.

    ``scores`` are the accuracies that it gives, one per epoch; without them later epochs are better. ``wants=False``
    asks for no epoch but the last. The first batch of epoch ``dies_in`` raises ``KilledError``.
    """

    def __init__(
        self,
        scores: Sequence[float] | None = None,
        *,
        probe: ImageRows | None = None,
        wants: bool = True,
        dies_in: int = 0,
    ) -> None:
        self.scores = scores
        self.probe = probe
        self.wanted = wants
        self.dies_in = dies_in
        self.epochs: list[Epoch] = []
        self.steps: list[dict[str, Any]] = []
        self.embeddings: list[Embeddings] = []
        self.warnings: list[str] = []

    def wants(self, epoch: int) -> bool:
        return self.wanted

    def score(self, epoch: Epoch, embedder: Embedder) -> float:
        self.epochs.append(epoch)
        if self.probe is not None:
            self.embeddings.append(embedder.embed(self.probe))
        return self._score(epoch.number)

    def step(self, *, epoch: int, batch: int, batches: int, images: int, loss: float) -> None:
        if epoch == self.dies_in:
            raise KilledError
        self.steps.append({"epoch": epoch, "batch": batch, "batches": batches, "images": images, "loss": loss})

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def is_best(self) -> bool:
        last = self.epochs[-1].number
        return self._score(last) > max((self._score(epoch) for epoch in range(1, last)), default=-1.0)

    def _score(self, epoch: int) -> float:
        return float(epoch) if self.scores is None else self.scores[epoch - 1]
