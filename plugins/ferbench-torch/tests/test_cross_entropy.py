"""Cross-entropy through a head of its own."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from ferbench_torch.cross_entropy import CrossEntropyLoss


def prepared(label_smoothing: float = 0.0, scale: float = 16.0) -> CrossEntropyLoss:
    loss = CrossEntropyLoss(label_smoothing, scale)
    torch.manual_seed(0)
    loss.prepare(embedding_size=8, num_classes=5)
    return loss


def test_prepare_makes_the_head_and_its_parameters() -> None:
    loss = CrossEntropyLoss()
    assert list(loss.parameters()) == []
    loss.prepare(embedding_size=8, num_classes=5)
    assert {name: tuple(value.shape) for name, value in loss.named_parameters()} == {
        "head.weight": (5, 8),
        "head.bias": (5,),
    }


def test_the_gradient_reaches_the_embeddings_and_the_head() -> None:
    loss = prepared()
    embeddings = functional.normalize(torch.randn(6, 8)).requires_grad_()
    loss(embeddings, torch.tensor([0, 1, 2, 3, 4, 0])).backward()
    assert embeddings.grad is not None
    assert bool((embeddings.grad.abs().sum(dim=1) > 0).all())
    assert all(value.grad is not None and bool(value.grad.abs().sum() > 0) for value in loss.parameters())


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_value_by_hand(label_smoothing: float) -> None:
    loss = prepared(label_smoothing, scale=4.0)
    assert loss.head is not None
    embeddings, labels = functional.normalize(torch.randn(6, 8)), torch.tensor([0, 1, 2, 3, 4, 0])
    logits = 4.0 * embeddings @ loss.head.weight.T + loss.head.bias
    right = functional.one_hot(labels, 5).float()
    targets = (1 - label_smoothing) * right + label_smoothing / 5
    expected = -(targets * logits.log_softmax(dim=1)).sum(dim=1).mean()
    torch.testing.assert_close(loss(embeddings, labels), expected)


def test_a_batch_before_prepare_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="prepare"):
        CrossEntropyLoss()(torch.zeros(2, 8), torch.tensor([0, 1]))
