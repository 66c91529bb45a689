"""The training loop. Knows nothing of the model, the loss or the data beyond what it calls.

Everything random in an epoch is drawn from (seed, epoch), so an epoch repeated after a kill is the same epoch.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from ferbench.data import Epoch, ImageRows, Labels
from ferbench.errors import TrainingError
from ferbench.interfaces import Embedder, Sampler, TrainingMonitor
from ferbench_torch import checkpoint, schedules
from ferbench_torch.augment import Augmentation
from ferbench_torch.images import to_tensor

COLLAPSED = 1e-3
"""Variance of unit-length embeddings (1 - |mean|²) below which a network puts everything in one place."""


@dataclass(frozen=True)
class Recipe:
    """How to train: all numbers of one training."""

    epochs: int
    optimizer: Literal["adam", "adamw", "sgd"]
    learning_rate: float
    weight_decay: float
    schedule: schedules.Schedule
    precision: Literal["fp32", "bf16"]
    augmentation: Augmentation


@dataclass(frozen=True)
class TrainingData:
    """Crops uint8 [N, S, S], labels int64 [N], and the sampler of their batches."""

    crops: ImageRows
    labels: Labels
    sampler: Sampler


class Trainer:
    """Trains ``net`` with ``loss`` and keeps its weights of the monitor's best epoch."""

    def __init__(self, net: nn.Module, loss: nn.Module, recipe: Recipe, *, device: torch.device, seed: int) -> None:
        self.net = net
        self.loss = loss
        self.recipe = recipe
        self.device = device
        self.seed = seed
        parameters = [*net.parameters(), *loss.parameters()]
        self.optimizer = _optimizer(parameters, recipe)
        self.scores: list[tuple[int, float]] = []
        self.best: dict[str, Tensor] = {}

    def fit(self, data: TrainingData, *, embedder: Embedder, monitor: TrainingMonitor, folder: Path | None) -> None:
        """Runs the epochs that are left; with ``folder``, leaves a checkpoint there after each."""
        first = self._resume(folder) if folder else 1
        for epoch in range(first, self.recipe.epochs + 1):
            row = self._epoch(epoch, data, monitor)
            if monitor.wants(epoch) or epoch == self.recipe.epochs:
                self.net.eval()
                self.scores.append((epoch, monitor.score(row, embedder)))
                if self.recipe.schedule == "plateau" and np.isnan(self.scores[-1][1]):
                    monitor.warn(
                        "schedule plateau has no validation accuracy to follow, as this protocol holds nothing out: "
                        "the learning rate stays the same"
                    )
                if monitor.is_best():
                    self.best = {name: value.clone() for name, value in self.net.state_dict().items()}
            if folder:
                self._save(folder, epoch)
        self.net.load_state_dict(self.best)
        self.net.eval()

    def _epoch(self, epoch: int, data: TrainingData, monitor: TrainingMonitor) -> Epoch:
        started = time.perf_counter()
        rng = np.random.default_rng([self.seed, epoch])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        batches = list(data.sampler.batches(data.labels, rng))
        targets = torch.from_numpy(data.labels)
        self.net.train()
        total = 0.0
        count = 0
        embeddings = torch.zeros(0)
        for number, indices in enumerate(batches):
            rate = self._set_rate(epoch, number / len(batches))
            pixels = to_tensor(data.crops[indices], self.device)
            pixels = self.recipe.augmentation(pixels, generator)
            chosen = targets[torch.from_numpy(indices)].to(self.device)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
                embeddings = self.net(pixels)
            embeddings = embeddings.float()
            loss = self.loss(embeddings, chosen)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            value = float(loss.detach())
            if not np.isfinite(value):
                raise TrainingError(
                    f"the loss became {value} in epoch {epoch}, batch {number + 1}",
                    fix=f"train with a smaller rate, for example --set embedder.learning_rate={rate / 10:g}",
                )
            total += value * len(indices)
            count += len(indices)
            monitor.step(epoch=epoch, batch=number + 1, batches=len(batches), images=count, loss=total / count)
        spread = 1.0 - float(embeddings.detach().mean(dim=0).pow(2).sum())
        if spread < COLLAPSED:
            monitor.warn(
                f"the embedder has collapsed: in epoch {epoch} all embeddings of a batch are within {spread:.1e} of "
                "each other (variance), so they no longer tell the classes apart; try mining batch-all, P x K batches, "
                "a smaller learning rate, or loss triplet-cross-entropy"
            )
        elapsed = time.perf_counter() - started
        return Epoch(epoch, total / count, rate, count / elapsed, {"spread": spread})

    def _set_rate(self, epoch: int, share: float) -> float:
        factor = 1.0
        if self.recipe.schedule == "plateau":
            factor = schedules.plateau(self.scores, epoch)
        elif self.recipe.schedule == "one-cycle":
            factor = schedules.one_cycle((epoch - 1 + share) / self.recipe.epochs)
        rate = self.recipe.learning_rate * factor
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return rate

    def _save(self, folder: Path, epoch: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        state = {"epoch": epoch, "seed": self.seed, "scores": self.scores}
        checkpoint.save(folder / "training.safetensors", self.net, self.loss, self.optimizer, self.best, state)

    def _resume(self, folder: Path) -> int:
        file = folder / "training.safetensors"
        if not file.exists():
            return 1
        state, self.best = checkpoint.load(file, self.net, self.loss, self.optimizer)
        if state["seed"] != self.seed:
            raise TrainingError(f"the checkpoint {file} is of another seed", fix="start the run again with --restart")
        self.scores = [(int(epoch), float(score)) for epoch, score in state["scores"]]
        return int(state["epoch"]) + 1


def _optimizer(parameters: list[nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    # Not fused: that kernel pairs numbers by their place in memory, which a resumed optimizer's need not share.
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=0.9, nesterov=True, weight_decay=decay)
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(parameters, lr=rate, weight_decay=decay)
