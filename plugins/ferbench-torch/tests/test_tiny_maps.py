"""A convolution on 2x2 maps by a matrix product: the same numbers, the same gradients, the same state."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ferbench_torch import tiny_maps
from ferbench_torch.backbone import EmbeddingNet
from ferbench_torch.tiny_maps import TinyMapConv2d, replace_convolutions


def pair(size: int, *, inputs: int = 5, outputs: int = 7) -> tuple[list[Tensor], list[Tensor]]:
    """Output and both gradients, by the usual convolution and by ours, in double precision."""
    torch.manual_seed(0)
    usual = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False).double()
    images, pull = torch.randn(4, inputs, size, size).double(), torch.randn(4, outputs, size, size).double()
    answers = []
    for module in (usual, TinyMapConv2d(usual)):
        given = images.clone().requires_grad_()
        result = module(given)
        weight = torch.autograd.grad((result * pull).sum(), [given, usual.weight])
        answers.append([result.detach(), *weight])
    return answers[0], answers[1]


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_it_is_the_convolution(size: int) -> None:
    for usual, ours in zip(*pair(size), strict=True):
        torch.testing.assert_close(ours, usual, rtol=1e-12, atol=1e-12)


def test_2x2_maps_take_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Tensor:
        raise AssertionError("a convolution ran")

    monkeypatch.setattr(tiny_maps.functional, "conv2d", refuse)
    module = TinyMapConv2d(nn.Conv2d(2, 3, 3, padding=1, bias=False))
    assert module(torch.zeros(1, 2, 2, 2)).shape == (1, 3, 2, 2)
    with pytest.raises(AssertionError, match="a convolution ran"):
        module(torch.zeros(1, 2, 3, 3))


def test_autocast_takes_the_convolution() -> None:
    module = TinyMapConv2d(nn.Conv2d(2, 3, 3, padding=1, bias=False))
    with torch.autocast("cpu", torch.bfloat16):
        assert module(torch.zeros(1, 2, 2, 2)).dtype == torch.bfloat16


def test_the_gradient_is_the_functions() -> None:
    torch.manual_seed(0)
    images, weight = torch.randn(2, 2, 2, 2).double(), torch.randn(3, 2, 3, 3).double()
    assert torch.autograd.gradcheck(tiny_maps._Dense.apply, (images.requires_grad_(), weight.requires_grad_()))


@pytest.mark.parametrize(
    "other",
    [{"stride": 2}, {"padding": 0}, {"dilation": 2}, {"groups": 2}, {"bias": True}],
    ids=lambda other: next(iter(other)),
)
def test_other_convolutions_are_left_alone(other: dict[str, int]) -> None:
    net = nn.Sequential(nn.Conv2d(4, 4, 3, **{"padding": 1, "bias": False, **other}), nn.Conv2d(4, 4, 1, bias=False))
    replace_convolutions(net)
    assert all(type(module) is nn.Conv2d for module in net)


def test_the_networks_state_has_the_usual_names() -> None:
    net = EmbeddingNet(8, imagenet=False)
    replaced = [name for name, module in net.named_modules() if isinstance(module, TinyMapConv2d)]
    assert "backbone.layer4.1.conv2" in replaced
    assert "backbone.layer4.0.conv1" not in replaced  # of stride 2
    assert net.state_dict()["backbone.layer4.1.conv2.weight"].shape == (512, 512, 3, 3)
