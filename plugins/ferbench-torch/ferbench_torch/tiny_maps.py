"""3x3 convolutions on 2x2 maps as one matrix product, which a CPU does several times faster.

A 48x48 crop reaches ResNet18's last stage as a 2x2 map. There a 3x3 convolution with padding 1 lets every output see
every input: a dense layer from 4 * C to 4 * C' numbers whose weights repeat those of the kernel. oneDNN runs it
as a convolution all the same, most of it over padding, and spends two fifths of a training step there without AVX-512;
the product needs less than half of the multiplications (``benchmarks/README.md`` has the figures).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_OUTPUTS = ((0, 0), (0, 1), (1, 0), (1, 1))
"""The output positions (row, column) of a 2x2 map; the kernel's rows that one sees are ``1 - row : 3 - row``."""


class TinyMapConv2d(nn.Module):
    """A 3x3 convolution of stride 1 and padding 1 without bias, with the weight [C', C, 3, 3] of ``convolution``.

    The same sums in another order, so equal up to float32 rounding. Maps other than 2x2, other devices than a CPU, and
    autocast (whose kernels are fast as they are) take the usual convolution.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.weight = convolution.weight

    def forward(self, images: Tensor) -> Tensor:
        """float [B, C', H, W] for float [B, C, H, W]."""
        if images.shape[-2:] == (2, 2) and images.device.type == "cpu" and not torch.is_autocast_enabled("cpu"):
            result: Tensor = _Dense.apply(images, self.weight)
            return result
        return functional.conv2d(images, self.weight, padding=1)


def replace_convolutions(net: nn.Module) -> None:
    """Puts a ``TinyMapConv2d`` in the place of every convolution of ``net`` that has its form; the weights stay."""
    for name, module in list(net.named_modules()):
        if type(module) is nn.Conv2d and _has_the_form(module):
            parent, _, own = name.rpartition(".")
            setattr(net.get_submodule(parent), own, TinyMapConv2d(module))


def _has_the_form(module: nn.Conv2d) -> bool:
    sizes = (module.kernel_size, module.stride, module.padding, module.dilation, module.groups)
    return sizes == ((3, 3), (1, 1), (1, 1), (1, 1), 1) and module.bias is None


class _Dense(torch.autograd.Function):
    """The product and its gradients; channels last throughout, as rows of the weight are then copied whole."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor) -> Tensor:
        count, inputs = images.shape[:2]
        outputs = len(weight)
        kernel = weight.permute(0, 2, 3, 1)
        dense = images.new_empty(4, outputs, 2, 2, inputs)
        for place, (row, column) in enumerate(_OUTPUTS):
            dense[place] = kernel[:, 1 - row : 3 - row, 1 - column : 3 - column]
        dense = dense.view(4 * outputs, 4 * inputs)
        flat = images.permute(0, 2, 3, 1).reshape(count, 4 * inputs)
        ctx.save_for_backward(flat, dense)
        return (flat @ dense.T).view(count, 2, 2, outputs).permute(0, 3, 1, 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        flat, dense = ctx.saved_tensors
        count, inputs, outputs = len(flat), flat.shape[1] // 4, len(dense) // 4
        gradient = gradients[0].permute(0, 2, 3, 1).reshape(count, 4 * outputs)
        of_images = (gradient @ dense).view(count, 2, 2, inputs).permute(0, 3, 1, 2)
        of_dense = (gradient.T @ flat).view(4, outputs, 2, 2, inputs)
        of_kernel = of_dense.new_zeros(outputs, 3, 3, inputs)
        for place, (row, column) in enumerate(_OUTPUTS):
            of_kernel[:, 1 - row : 3 - row, 1 - column : 3 - column] += of_dense[place]
        return of_images, of_kernel.permute(0, 3, 1, 2)
