"""The training loop, on a network small enough to train in a moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ferbench.data import Embeddings, ImageRows, Images, Labels
from ferbench.errors import TrainingError
from ferbench.testing.monitors import KilledError, Recorder
from ferbench_torch.augment import Augmentation
from ferbench_torch.cross_entropy import CrossEntropyLoss
from ferbench_torch.samplers import UniformSampler
from ferbench_torch.trainer import Recipe, Trainer, TrainingData

Data = tuple[Images, Labels]
RECIPE = Recipe(4, "adam", 0.01, 0.0, "plateau", "fp32", Augmentation())


class Small(nn.Module):
    """A linear network with batch normalisation, so that there are buffers to keep, onto the unit sphere."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(24 * 24, 8), nn.BatchNorm1d(8), nn.Linear(8, 8))

    def forward(self, images: Tensor) -> Tensor:
        return nn.functional.normalize(self.layers(images))


class Pull(nn.Module):
    """Pulls all embeddings to one place, as a collapsed triplet loss does."""

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        return 1 - embeddings[:, 0].mean()


class Poison(nn.Module):
    """A loss that is no number from the start."""

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        return embeddings.sum() * torch.nan


@pytest.fixture
def data(stripes: Callable[..., Data]) -> Data:
    return stripes(64)


def make(recipe: Recipe = RECIPE, loss: nn.Module | None = None, seed: int = 7) -> Trainer:
    torch.manual_seed(seed)
    if loss is None:
        loss = CrossEntropyLoss()
        loss.prepare(8, 2)
    return Trainer(Small(), loss, recipe, device=torch.device("cpu"), seed=seed)


@dataclass
class Net:
    """The trainer's network as an embedder."""

    trainer: Trainer
    embedding_size: int = 8

    def embed(self, crops: ImageRows) -> Embeddings:
        with torch.inference_mode():
            pixels = torch.from_numpy(crops[:]).unsqueeze(1).float() / 255
            values: Embeddings = self.trainer.net(pixels).numpy()
        return values


def fit(trainer: Trainer, data: Data, monitor: Recorder, folder: Path | None = None) -> Trainer:
    trainer.fit(TrainingData(*data, UniformSampler(16)), embedder=Net(trainer), monitor=monitor, folder=folder)
    return trainer


def weights(trainer: Trainer) -> list[Tensor]:
    return list(trainer.net.state_dict().values())


def equal(one: list[Tensor], other: list[Tensor]) -> bool:
    return len(one) == len(other) and all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_it_learns_and_tells_the_monitor_all(data: Data) -> None:
    monitor = Recorder()
    fit(make(), data, monitor)
    losses = [epoch.loss for epoch in monitor.epochs]
    assert losses[-1] < 0.5 * losses[0]
    assert [epoch.number for epoch in monitor.epochs] == [1, 2, 3, 4]
    assert {step["batches"] for step in monitor.steps} == {4}
    assert [step["images"] for step in monitor.steps[:4]] == [16, 32, 48, 64]
    assert monitor.steps[3]["loss"] == losses[0]
    assert all(epoch.images_per_second > 0 and epoch.extra["spread"] > 0.01 for epoch in monitor.epochs)
    assert monitor.warnings == []


def test_one_seed_gives_one_training(data: Data) -> None:
    first, again, other = (fit(make(seed=seed), data, Recorder()) for seed in (7, 7, 8))
    assert equal(weights(first), weights(again))
    assert not equal(weights(first), weights(other))


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("dies_in", [1, 2, 4])
@pytest.mark.parametrize("schedule", ["plateau", "one-cycle"])
def test_a_resumed_training_ends_like_one_that_was_never_killed(
    data: Data, tmp_path: Path, optimizer: Any, dies_in: int, schedule: Any
) -> None:
    recipe = replace(RECIPE, optimizer=optimizer, schedule=schedule)
    scores = [0.4, 0.9, 0.6, 0.5]
    whole = fit(make(recipe), data, Recorder(scores), tmp_path / "whole")
    with pytest.raises(KilledError):
        fit(make(recipe), data, Recorder(scores, dies_in=dies_in), tmp_path / "killed")
    assert (tmp_path / "killed" / "training.safetensors").exists() == (dies_in > 1)
    monitor = Recorder(scores)
    resumed = fit(make(recipe), data, monitor, tmp_path / "killed")
    assert [epoch.number for epoch in monitor.epochs] == list(range(dies_in, 5))
    assert equal(weights(whole), weights(resumed))
    assert resumed.scores == whole.scores


def test_a_finished_training_is_not_trained_on(data: Data, tmp_path: Path) -> None:
    first, monitor = fit(make(), data, Recorder(), tmp_path), Recorder()
    again = fit(make(), data, monitor, tmp_path)
    assert monitor.steps == []
    assert equal(weights(first), weights(again))


def test_a_checkpoint_of_another_seed_is_refused(data: Data, tmp_path: Path) -> None:
    fit(make(), data, Recorder(), tmp_path)
    with pytest.raises(TrainingError, match="of another seed"):
        fit(make(seed=8), data, Recorder(), tmp_path)


def test_the_best_epochs_weights_are_kept(data: Data) -> None:
    monitor = Recorder([0.1, 0.9, 0.9, 0.5], probe=data[0])
    trainer = fit(make(), data, monitor)
    assert not trainer.net.training
    pixels = torch.from_numpy(data[0]).unsqueeze(1).float() / 255
    kept = trainer.net(pixels).detach().numpy()
    assert [np.array_equal(kept, rows) for rows in monitor.embeddings] == [False, True, False, False]


def test_a_last_epoch_that_the_monitor_does_not_want_is_scored(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = Recorder()
    monkeypatch.setattr(monitor, "wants", lambda epoch: epoch == 2)
    fit(make(), data, monitor)
    assert [epoch.number for epoch in monitor.epochs] == [2, 4]


def test_the_rate_falls_on_a_plateau(data: Data) -> None:
    monitor = Recorder([0.5] * 8)
    fit(make(replace(RECIPE, epochs=8)), data, monitor)
    rates = [epoch.learning_rate for epoch in monitor.epochs]
    assert rates == pytest.approx([0.01] * 6 + [0.009] * 2)


def test_one_cycle_moves_within_an_epoch(data: Data) -> None:
    monitor = Recorder()
    fit(make(replace(RECIPE, epochs=1, schedule="one-cycle")), data, monitor)
    # The last of four batches lies at 3/4 of the cycle: a third of the way down is left.
    assert monitor.epochs[0].learning_rate == pytest.approx(0.01 * (1 / 2500 + (1 - 1 / 2500) * 0.25))


def test_a_collapse_is_reported(data: Data) -> None:
    monitor = Recorder()
    fit(make(replace(RECIPE, epochs=25, learning_rate=0.1), loss=Pull()), data, monitor)
    assert monitor.warnings
    assert "the embedder has collapsed: in epoch" in monitor.warnings[-1]
    assert monitor.epochs[-1].extra["spread"] < 1e-3


def test_a_loss_that_is_no_number_ends_the_training(data: Data) -> None:
    with pytest.raises(TrainingError, match="the loss became nan in epoch 1, batch 1") as raised:
        fit(make(loss=Poison()), data, Recorder())
    assert "embedder.learning_rate=0.001" in raised.value.fix
