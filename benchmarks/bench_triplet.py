"""Our triplet loss against pytorch-metric-learning's, forward and backward, for the same mining on the same batch."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner, TripletMarginMiner
from pytorch_metric_learning.reducers import AvgNonZeroReducer, MeanReducer
from torch import Tensor
from torch.nn import functional
from torch.profiler import ProfilerActivity, profile

from ferbench_torch.triplet import TripletLoss

MARGIN, SIZE, CLASSES = 0.2, 128, 7


def theirs(mining: str) -> Any:
    """The same definition: squared distances, the mean over active triplets, with batch-hard over all mined."""
    squared = LpDistance(normalize_embeddings=False, p=2, power=2)
    reducer = MeanReducer() if mining == "batch-hard" else AvgNonZeroReducer()
    loss = TripletMarginLoss(margin=MARGIN, distance=squared, reducer=reducer)
    if mining == "batch-all":
        return loss
    semi_hard = TripletMarginMiner(margin=MARGIN, type_of_triplets="semihard", distance=squared)
    miner: Any = semi_hard if mining == "semi-hard" else BatchHardMiner(distance=squared)
    return lambda embeddings, labels: loss(embeddings, labels, miner(embeddings, labels))


def batch(count: int) -> tuple[Tensor, Tensor]:
    """Embeddings [B, 128] on the unit sphere that have begun to part by class, and labels of 7 classes."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(count) % CLASSES
    centres = torch.randn(CLASSES, SIZE, generator=generator)
    return functional.normalize(centres[labels] + 1.5 * torch.randn(count, SIZE, generator=generator)), labels


def step(loss: Any, embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    leaf = embeddings.detach().requires_grad_()
    value = loss(leaf, labels)
    (gradient,) = torch.autograd.grad(value, leaf)
    return value.detach(), gradient


def peak_bytes(loss: Any, embeddings: Tensor, labels: Tensor) -> int:
    """The most bytes that tensors made in one step held at a time, from every allocation and release in its trace."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as traced:
        step(loss, embeddings, labels)
    events = [one for one in traced.profiler.kineto_results.events() if one.name() == "[memory]"]
    return max(accumulate(one.nbytes() for one in sorted(events, key=lambda one: one.start_ns())))


@pytest.mark.parametrize("count", [128, 512])
@pytest.mark.parametrize("mining", ["batch-all", "semi-hard", "batch-hard"])
def test_triplet(mining: Any, count: int, side_by_side: Any, verdict: Any) -> None:
    embeddings, labels = batch(count)
    ours, other = TripletLoss(MARGIN, mining), theirs(mining)
    for own, expected in zip(step(ours, embeddings, labels), step(other, embeddings, labels), strict=True):
        assert float(expected.abs().max()) > 0
        torch.testing.assert_close(own, expected, rtol=1e-3, atol=1e-5)
    memory = peak_bytes(other, embeddings, labels) / peak_bytes(ours, embeddings, labels)
    rounds = side_by_side(
        lambda: step(ours, embeddings, labels),
        lambda: step(other, embeddings, labels),
        rounds=5 if count == 512 and mining != "batch-hard" else 25,
    )
    verdict(f"triplet {mining}, batch {count}, times less peak memory", memory, at_least=1)
    verdict(f"triplet {mining}, batch {count}, times as fast", rounds.ratio, at_least=1)
