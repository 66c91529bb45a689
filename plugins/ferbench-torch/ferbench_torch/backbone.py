"""The network: timm's ResNet18 on gray images, and the 128-D head of the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import timm
from huggingface_hub.constants import HF_HUB_CACHE
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from ferbench.errors import WeightsError
from ferbench_torch.tiny_maps import replace_convolutions

Weights = Literal["none", "imagenet"]
ARCHITECTURE = "resnet18.a1_in1k"
POOLED = 512
IMAGENET, IMAGENET_FILE = "timm/resnet18.a1_in1k", "model.safetensors"
"""The repository on the Hugging Face hub, and the file, that timm takes "imagenet" from."""


class EmbeddingNet(nn.Module):
    """ResNet18 and a fully connected head on its pooled features, L2-normalised (Haider et al. 2023, Section 3.3)."""

    def __init__(self, size: int, *, imagenet: bool) -> None:
        super().__init__()
        self.backbone = timm.create_model(ARCHITECTURE, pretrained=imagenet, in_chans=1, num_classes=0)
        replace_convolutions(self.backbone)
        self.head = nn.Linear(POOLED, size)

    def forward(self, images: Tensor) -> Tensor:
        """float [B, size] of length 1 for images float [B, 1, S, S]."""
        return functional.normalize(self.head(self.backbone(images)))

    def features(self, images: Tensor) -> Tensor:
        """The pooled features before the head (the paper's "avg_pool", Section 4.2), [B, 512] of length 1."""
        return functional.normalize(self.backbone(images))


def build(size: int, weights: Weights) -> EmbeddingNet:
    """A network with fresh weights ("none") or timm's ImageNet ones. Raises ``WeightsError`` without a copy."""
    return _with_imagenet(size) if weights == "imagenet" else EmbeddingNet(size, imagenet=False)


def restore(net: EmbeddingNet, file: Path) -> None:
    """Takes the weights from a safetensors file that ``ferbench`` wrote. Raises ``WeightsError``."""
    if not file.is_file():
        raise WeightsError(
            f"there are no weights at {file}",
            fix="give --init a bundle with its model/, or the embedder.safetensors that a run left",
        )
    try:
        net.load_state_dict(load_file(file))
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(
            f"{file} does not hold this embedder's weights: {str(error).splitlines()[0]}",
            fix="use the embedder.safetensors of a run with the same embedder parameters",
        ) from error


def _with_imagenet(size: int) -> EmbeddingNet:
    try:
        return EmbeddingNet(size, imagenet=True)
    except Exception as error:  # timm and its hub client raise many kinds when a download fails
        reason = next(iter(str(error).splitlines()), "")
        raise WeightsError(
            f"timm could not load {IMAGENET_FILE} of {IMAGENET}, its ImageNet weights for resnet18: "
            f"{type(error).__name__}: {reason}",
            fix=f"where there is a connection: hf download {IMAGENET} {IMAGENET_FILE}; that makes the folder "
            f"models--{IMAGENET.replace('/', '--')} in the Hugging Face cache, which is expected in {HF_HUB_CACHE}. "
            "Or start from random weights: --set embedder.weights=none",
        ) from error
