"""The sum of triplet loss and cross-entropy."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from ferbench_torch.cross_entropy import CrossEntropyLoss
from ferbench_torch.joint import TripletCrossEntropyLoss
from ferbench_torch.triplet import TripletLoss

LABELS = torch.tensor([0, 1, 0, 1, 2, 2])


def rows() -> torch.Tensor:
    return functional.normalize(torch.randn(6, 8, generator=torch.Generator().manual_seed(1)))


@pytest.mark.parametrize("weight", [0.0, 0.5, 2.0])
def test_it_is_the_weighted_sum(weight: float) -> None:
    joint = TripletCrossEntropyLoss(weight, margin=0.3, mining="semi-hard", label_smoothing=0.1, scale=4.0)
    torch.manual_seed(0)
    joint.prepare(8, 3)
    alone = CrossEntropyLoss(0.1, 4.0)
    torch.manual_seed(0)
    alone.prepare(8, 3)
    triplet = TripletLoss(0.3, "semi-hard")(rows(), LABELS)
    assert float(triplet) > 0
    torch.testing.assert_close(joint(rows(), LABELS), weight * triplet + alone(rows(), LABELS))


def test_prepare_makes_the_parameters_and_gradients_reach_them() -> None:
    joint = TripletCrossEntropyLoss()
    assert list(joint.parameters()) == []
    joint.prepare(embedding_size=8, num_classes=3)
    assert [tuple(value.shape) for value in joint.parameters()] == [(3, 8), (3,)]
    embeddings = rows().requires_grad_()
    joint(embeddings, LABELS).backward()
    assert embeddings.grad is not None
    assert bool((embeddings.grad.abs().sum(dim=1) > 0).all())
    assert all(value.grad is not None for value in joint.parameters())


def test_a_batch_before_prepare_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="prepare"):
        TripletCrossEntropyLoss()(rows(), LABELS)
