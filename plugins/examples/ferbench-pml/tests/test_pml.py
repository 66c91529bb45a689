"""Every loss that is listed trains; names and parameters are the library's own."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from ferbench.components import signature
from ferbench.components.discovery import installed
from ferbench.components.pipeline import resolve_component
from ferbench.errors import ParameterError, TrainingError
from ferbench_pml import names

REQUIRED = {"RankedListLoss": {"margin": 0.4, "Tn": 5}}
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array_wrap__ must accept"),  # the library's, in its large-margin softmax
    pytest.mark.filterwarnings("ignore:Using a non-tuple sequence"),  # the library's, in its histogram loss
]


def build(name: str, **given: object):
    return resolve_component("loss", f"pml:{name}", installed().registry, given).build()


@pytest.mark.parametrize("name", names.losses())
def test_every_loss_gives_a_finite_gradient(name: str) -> None:
    torch.manual_seed(0)
    loss = build(name, **REQUIRED.get(name, {}))
    loss.prepare(16, 4)
    embeddings = torch.nn.functional.normalize(torch.randn(24, 16)).requires_grad_()
    value = loss(embeddings, torch.arange(4).repeat(6))
    assert value.shape == ()
    value.backward()
    assert torch.isfinite(embeddings.grad).all()
    assert embeddings.grad.abs().sum() > 0


def test_it_is_the_library_s_loss() -> None:
    from pytorch_metric_learning.losses import TripletMarginLoss
    from pytorch_metric_learning.miners import TripletMarginMiner

    torch.manual_seed(0)
    embeddings, labels = torch.randn(24, 16), torch.arange(4).repeat(6)
    loss = build("TripletMarginLoss", margin=0.3, miner="TripletMarginMiner", miner_settings={"margin": 0.1})
    loss.prepare(16, 4)
    mined = TripletMarginMiner(margin=0.1)(embeddings, labels)
    assert loss(embeddings, labels) == TripletMarginLoss(margin=0.3)(embeddings, labels, mined)
    assert loss(embeddings, labels) != TripletMarginLoss(margin=0.3)(embeddings, labels)


def test_learnable_weights_are_parameters_and_have_the_run_s_sizes() -> None:
    loss = build("ArcFaceLoss", scale=32)
    assert not list(loss.parameters())
    loss.prepare(16, 4)
    assert [tuple(one.shape) for one in loss.parameters()] == [(16, 4)]


def test_the_parameters_are_the_class_s_own_with_the_miner() -> None:
    found = {
        one.name: one.default
        for one in signature.signature_of(installed().registry.get("loss", "pml:ArcFaceLoss").load(), "")
    }
    assert found["margin"] == 28.6
    assert found["scale"] == 64
    assert found["miner"] == ""
    assert "num_classes" not in found


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"marjin": 1.0}, "did you mean 'margin'"),
        ({"margin": "wide"}, "margin"),
        ({"miner": "NoMiner"}, "miner"),
        ({"miner": "TripletMarginMiner", "miner_settings": {"marjin": 1.0}}, "marjin"),
        ({"miner_settings": {"margin": 1.0}}, "no miner"),
    ],
)
def test_a_mistake_is_answered_before_training(given: dict[str, object], words: str) -> None:
    with pytest.raises(ParameterError) as caught:
        build("TripletMarginLoss", **given)
    assert words in str(caught.value)


def test_a_batch_that_a_loss_is_not_made_for_is_explained() -> None:
    loss = build("SmoothAPLoss")
    loss.prepare(16, 4)
    with pytest.raises(TrainingError, match=r"(?s)same number of elements.*sampler=p-k"):
        loss(torch.randn(3, 16), torch.tensor([0, 0, 1]))


def test_listing_imports_neither_torch_nor_the_library() -> None:
    source = (
        "import sys, ferbench_pml; assert len(ferbench_pml.register_losses()) > 25\n"
        "assert not {'torch', 'pytorch_metric_learning', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", source], check=True)
