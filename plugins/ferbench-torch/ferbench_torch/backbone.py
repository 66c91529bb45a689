"""The network: timm's ResNet18 on gray images, and the 128-D head of the paper."""

from __future__ import annotations

from pathlib import Path

import timm
import torch
from ferbench.errors import WeightsError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

POOLED = 512


class EmbeddingNet(nn.Module):
    """ResNet18 and a fully connected head on its pooled features, L2-normalised (Haider et al. 2023, Section 3.3)."""

    def __init__(self, size: int, *, imagenet: bool) -> None:
        super().__init__()
        self.backbone = timm.create_model("resnet18", pretrained=imagenet, in_chans=1, num_classes=0)
        self.head = nn.Linear(POOLED, size)

    def forward(self, images: Tensor) -> Tensor:
        """float [B, size] of length 1 for images float [B, 1, S, S]."""
        return functional.normalize(self.head(self.backbone(images)))

    def features(self, images: Tensor) -> Tensor:
        """The pooled features before the head (the paper's "avg_pool", Section 4.2), [B, 512] of length 1."""
        return functional.normalize(self.backbone(images))


def build(size: int, weights: str) -> EmbeddingNet:
    """A network with fresh weights ("none"), timm's ImageNet ones ("imagenet"), or those of a file of ours.

    Raises ``WeightsError`` if they cannot be had or do not fit.
    """
    if weights == "none":
        return EmbeddingNet(size, imagenet=False)
    if weights == "imagenet":
        return _with_imagenet(size)
    net = EmbeddingNet(size, imagenet=False)
    restore(net, Path(weights))
    return net


def restore(net: EmbeddingNet, file: Path) -> None:
    """Takes the weights from a safetensors file that ``ferbench`` wrote. Raises ``WeightsError``."""
    if not file.is_file():
        raise WeightsError(
            f"there are no weights at {file}",
            fix='embedder.weights is "none", "imagenet", or an embedder.safetensors that a run left',
        )
    try:
        net.load_state_dict(load_file(file))
    except (SafetensorError, RuntimeError) as error:
        raise WeightsError(
            f"{file} does not hold this embedder's weights: {str(error).splitlines()[0]}",
            fix="use the embedder.safetensors of a run with the same embedder parameters",
        ) from error


def _with_imagenet(size: int) -> EmbeddingNet:
    source = timm.get_pretrained_cfg("resnet18").to_dict()
    try:
        return EmbeddingNet(size, imagenet=True)
    except Exception as error:  # timm and its hub client raise many kinds when a download fails
        raise WeightsError(
            f"timm could not load its ImageNet weights for resnet18 ({source['hf_hub_id']}, file model.safetensors): "
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            fix=f"connect once, or put the file into the Hugging Face cache that {_cache()} names; "
            'or start from random weights: --set embedder.weights=none',
        ) from error


def _cache() -> str:
    return f"HF_HOME (now {Path(torch.hub.get_dir()).parent.parent / 'huggingface'})"
