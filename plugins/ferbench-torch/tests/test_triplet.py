"""The triplet loss: against a naive loop over all triplets, against pytorch-metric-learning, and its memory."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner, TripletMarginMiner
from pytorch_metric_learning.reducers import AvgNonZeroReducer, MeanReducer
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from ferbench_torch.triplet import Mining, TripletLoss, squared_distances

MININGS: list[Mining] = ["batch-all", "semi-hard", "batch-hard"]
MARGIN = 0.2
LABELS = {
    "random": [0, 1, 2, 0, 1, 2, 0, 0, 1, 1, 2, 2],
    "a class with one sample": [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3],
    "one class": [4] * 12,
    "no class twice": list(range(12)),
    "one triplet": [0, 0, 1],
    "one sample": [0],
}


def naive(embeddings: Tensor, labels: Tensor, margin: float, mining: Mining) -> Tensor:
    """The definition, triplet by triplet: O(B³) terms, differentiated by autograd."""
    distances = squared_distances(embeddings)
    size, terms = len(labels), []
    for a in range(size):
        positives = [p for p in range(size) if p != a and labels[p] == labels[a]]
        negatives = [n for n in range(size) if labels[n] != labels[a]]
        if mining == "batch-hard":
            if positives and negatives:
                hardest = max(distances[a, p] for p in positives) - min(distances[a, n] for n in negatives)
                terms.append(torch.relu(hardest + margin))
            continue
        for p in positives:
            for n in negatives:
                term = distances[a, p] - distances[a, n] + margin
                active = distances[a, n] < distances[a, p] + margin
                if active and (mining == "batch-all" or distances[a, n] > distances[a, p]):
                    terms.append(term)
    return torch.stack(terms).mean() if terms else embeddings.sum() * 0


def embeddings_of(count: int, size: int = 8, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    """Rows of length 1, [count, size], near enough to each other for all three minings to find triplets."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(count, size, generator=generator, dtype=torch.float64) + 1.0
    return functional.normalize(values).to(dtype)


def value_and_gradient(loss: Any, embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    leaf = embeddings.detach().clone().requires_grad_()
    value = loss(leaf, labels)
    (gradient,) = torch.autograd.grad(value, leaf)
    return value.detach(), gradient


@pytest.mark.parametrize("mining", MININGS)
@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS.keys())
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])
def test_value_and_gradient_are_those_of_the_naive_loop(
    mining: Mining, labels: list[int], dtype: torch.dtype, tolerance: float
) -> None:
    classes = torch.tensor(labels)
    for seed in range(3):
        embeddings = embeddings_of(len(labels), seed=seed, dtype=dtype)
        value, gradient = value_and_gradient(TripletLoss(MARGIN, mining), embeddings, classes)
        expected, direction = value_and_gradient(
            lambda rows, targets: naive(rows, targets, MARGIN, mining), embeddings, classes
        )
        torch.testing.assert_close(value, expected, rtol=tolerance, atol=tolerance)
        torch.testing.assert_close(gradient, direction, rtol=tolerance, atol=tolerance)
        assert value.dtype == dtype


@given(
    labels=st.lists(st.integers(0, 3), min_size=1, max_size=10),
    margin=st.sampled_from([0.05, 0.2, 1.0, 5.0]),
    mining=st.sampled_from(MININGS),
    places=st.integers(1, 10),
    seed=st.integers(0, 1000),
)
def test_any_batch_agrees_with_the_naive_loop(
    labels: list[int], margin: float, mining: Mining, places: int, seed: int
) -> None:
    # Few places for many samples: equal embeddings, so distances of 0 and ties everywhere.
    rows = torch.arange(len(labels)) % places
    embeddings, classes = embeddings_of(len(labels), seed=seed)[rows], torch.tensor(labels)
    value, gradient = value_and_gradient(TripletLoss(margin, mining), embeddings, classes)
    expected = naive(embeddings, classes, margin, mining)
    torch.testing.assert_close(value, expected, rtol=1e-10, atol=1e-10)
    assert torch.isfinite(gradient).all()


@given(
    points=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=10),
    margin=st.sampled_from([1.0, 3.0]),
    mining=st.sampled_from(MININGS),
)
def test_a_triplet_exactly_at_the_margin_is_not_active(
    points: list[tuple[int, int]], margin: float, mining: Mining
) -> None:
    """On whole numbers distances are exact, so that D[a, n] = D[a, p] + margin occurs, where the hinge begins."""
    places, labels = (torch.tensor(values) for values in zip(*points, strict=True))
    embeddings = places.double()[:, None]
    value, gradient = value_and_gradient(TripletLoss(margin, mining), embeddings, labels)
    expected = naive(embeddings, labels, margin, mining)
    torch.testing.assert_close(value, expected, rtol=1e-12, atol=0)
    assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("mining", MININGS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_equal_embeddings_have_a_finite_gradient(mining: Mining, dtype: torch.dtype) -> None:
    embeddings = embeddings_of(1, dtype=dtype).repeat(6, 1)
    value, gradient = value_and_gradient(TripletLoss(MARGIN, mining), embeddings, torch.tensor([0, 0, 0, 1, 1, 1]))
    assert torch.isfinite(gradient).all()
    # All distances are 0: every triplet costs the margin; none of them is semi-hard.
    assert float(value) == pytest.approx(0.0 if mining == "semi-hard" else MARGIN, abs=1e-5)


def test_squared_distances_are_never_negative() -> None:
    embeddings = embeddings_of(64, size=128, dtype=torch.float32).repeat(2, 1)
    distances = squared_distances(embeddings)
    assert float(distances.min()) == 0.0
    # torch.cdist in float64 takes another road to the same distances.
    wide = embeddings.double()
    torch.testing.assert_close(distances.double(), torch.cdist(wide, wide).pow(2), rtol=0, atol=1e-5)


def yardstick(mining: Mining, margin: float) -> Any:
    """pytorch-metric-learning's loss for the same definition: squared distances of the rows as they are.

    With "batch-hard" it averages over all anchors that have both a positive and a negative, as Hermans et al. do.
    """
    squared = LpDistance(normalize_embeddings=False, p=2, power=2)
    reducer = MeanReducer() if mining == "batch-hard" else AvgNonZeroReducer()
    loss = TripletMarginLoss(margin=margin, distance=squared, reducer=reducer)
    if mining == "batch-all":
        return loss
    if mining == "semi-hard":
        miner: Any = TripletMarginMiner(margin=margin, type_of_triplets="semihard", distance=squared)
    else:
        miner = BatchHardMiner(distance=squared)
    return lambda embeddings, labels: loss(embeddings, labels, miner(embeddings, labels))


@pytest.mark.parametrize("mining", MININGS)
@pytest.mark.parametrize("count", [12, 48])
def test_pytorch_metric_learning_agrees(mining: Mining, count: int) -> None:
    for seed in range(3):
        embeddings = embeddings_of(count, size=16, seed=seed)
        labels = torch.randint(0, 5, (count,), generator=torch.Generator().manual_seed(seed))
        value, gradient = value_and_gradient(TripletLoss(MARGIN, mining), embeddings, labels)
        expected, direction = value_and_gradient(yardstick(mining, MARGIN), embeddings, labels)
        assert float(value) > 0
        torch.testing.assert_close(value, expected, rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(gradient, direction, rtol=1e-8, atol=1e-8)


class Largest(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch does not annotate its own
    """Keeps the number of elements of the largest tensor that any operation gives."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # as above
        self.elements = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for one in result if isinstance(result, tuple | list) else [result]:
            if isinstance(one, Tensor):
                self.elements = max(self.elements, one.numel())
        return result


def largest(loss: Any, embeddings: Tensor, labels: Tensor) -> int:
    seen = Largest()
    with seen:
        value_and_gradient(loss, embeddings, labels)
    return seen.elements


@pytest.mark.parametrize("mining", MININGS)
def test_no_tensor_is_larger_than_b_by_b(mining: Mining) -> None:
    size = 64
    embeddings, labels = embeddings_of(size, size=16, dtype=torch.float32), torch.arange(size) % 7
    assert largest(TripletLoss(MARGIN, mining), embeddings, labels) == size * size


def test_the_memory_test_can_fail() -> None:
    embeddings, labels = embeddings_of(64, size=16, dtype=torch.float32), torch.arange(64) % 7
    assert largest(yardstick("batch-all", MARGIN), embeddings, labels) > 10 * 64 * 64
