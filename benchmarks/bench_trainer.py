"""Our trainer against a bare loop, and against the usual recipe of per-image transforms in a ``DataLoader``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

from ferbench_torch import backbone
from ferbench_torch.augment import Augmentation
from ferbench_torch.images import DEVIATION, MEAN, to_tensor
from ferbench_torch.joint import TripletCrossEntropyLoss
from ferbench_torch.samplers import UniformSampler
from ferbench_torch.trainer import Recipe, Trainer, TrainingData

SIDE, BATCH, BATCHES, CLASSES, EMBEDDING = 48, 128, 3, 7, 128
CPU = torch.device("cpu")
NONE = Augmentation(horizontal_flip=0.0, vertical_flip=0.0, rotation=0.0, crop=1.0)
PAPER = Augmentation(horizontal_flip=0.5, vertical_flip=0.05, rotation=10.0, crop=0.85)


class Silent:
    """A ``TrainingMonitor`` that nobody watches."""

    def step(self, **figures: Any) -> None:
        pass

    def warn(self, message: str) -> None:
        pass


class Faces(Dataset[tuple[Any, int]]):
    """Gray PIL images and labels, transformed one by one."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, transform: Callable[[Any], Any]) -> None:
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.transform(Image.fromarray(self.images[index])), int(self.labels[index])


class StockNet(nn.Module):
    """timm's ResNet18 as it comes, and a linear head onto the unit sphere."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = timm.create_model("resnet18", in_chans=1, num_classes=EMBEDDING)

    def forward(self, images: Tensor) -> Tensor:
        return functional.normalize(self.backbone(images))


@pytest.fixture(scope="module")
def faces() -> tuple[np.ndarray, np.ndarray]:
    """Crops uint8 [N, 48, 48] and labels int64 [N], of noise: what is in them costs no time."""
    rng = np.random.default_rng(0)
    count = BATCH * BATCHES
    return rng.integers(0, 256, (count, SIDE, SIDE), np.uint8), rng.integers(0, CLASSES, count, np.int64)


def new_loss() -> TripletCrossEntropyLoss:
    loss = TripletCrossEntropyLoss()
    loss.prepare(EMBEDDING, CLASSES)
    return loss


def new_net() -> nn.Module:
    return backbone.build(EMBEDDING, "none").to(memory_format=torch.channels_last)


def our_epoch(faces: Any, augmentation: Augmentation) -> Callable[[], object]:
    """An epoch as ``ResNet18.fit`` runs it, up to its scoring, which the loops next to it do not do."""
    recipe = Recipe(1, "adam", 0.001, 0.0, "constant", "fp32", augmentation)
    trainer = Trainer(new_net(), new_loss(), recipe, device=CPU, seed=0)
    monitor: Any = Silent()
    return lambda: trainer._epoch(1, TrainingData(*faces, UniformSampler(BATCH)), monitor)


def bare_epoch(faces: Any) -> Callable[[], object]:
    """The least that trains: the same model, batches, loss and optimizer; tensors made beforehand."""
    net, loss = new_net(), new_loss()
    optimizer = torch.optim.Adam([*net.parameters(), *loss.parameters()], lr=0.001)
    images, labels = faces
    ready = [
        (to_tensor(images[start : start + BATCH], CPU), torch.from_numpy(labels[start : start + BATCH]))
        for start in range(0, len(images), BATCH)
    ]

    def epoch() -> None:
        net.train()
        for pixels, targets in ready:
            optimizer.zero_grad(set_to_none=True)
            loss(net(pixels), targets).backward()
            optimizer.step()

    return epoch


def recipe_epoch(faces: Any, workers: int) -> Callable[[], object]:
    """What tutorials teach: PIL images, torchvision's transforms one by one, a ``DataLoader``, Adam as it comes."""
    transform = v2.Compose(
        [
            v2.RandomHorizontalFlip(PAPER.horizontal_flip),
            v2.RandomVerticalFlip(PAPER.vertical_flip),
            v2.RandomRotation(PAPER.rotation, v2.InterpolationMode.BILINEAR),
            v2.RandomResizedCrop(SIDE, scale=(PAPER.crop**2, 1.0), ratio=(1.0, 1.0)),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([MEAN], [DEVIATION]),
        ]
    )
    loader = DataLoader(
        Faces(*faces, transform),
        batch_size=BATCH,
        shuffle=True,
        drop_last=True,
        num_workers=workers,
        persistent_workers=workers > 0,  # starting them is not counted
    )
    net, loss = StockNet(), new_loss()
    optimizer = torch.optim.Adam([*net.parameters(), *loss.parameters()], lr=0.001)

    def epoch() -> None:
        net.train()
        for pixels, targets in loader:
            optimizer.zero_grad()
            value = loss(net(pixels), targets)
            value.backward()
            optimizer.step()
            value.item()

    return epoch


def test_trainer_against_a_bare_loop(faces: Any, side_by_side: Any, verdict: Any) -> None:
    rounds = side_by_side(our_epoch(faces, NONE), bare_epoch(faces), rounds=7)
    verdict("trainer against a bare loop, images/s", rounds.ratio, at_least=0.95)


@pytest.mark.parametrize("workers", [0, 2])
def test_trainer_against_the_usual_recipe(workers: int, faces: Any, side_by_side: Any, verdict: Any) -> None:
    rounds = side_by_side(our_epoch(faces, PAPER), recipe_epoch(faces, workers), rounds=5)
    verdict(f"trainer against a DataLoader with {workers} workers, images/s", rounds.ratio, at_least=1.3)
