"""The trained network as one ONNX graph, from the crop's bytes to the embedding."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.nn import functional

from ferbench_torch.backbone import EmbeddingNet
from ferbench_torch.images import DEVIATION, MEAN


class Graph(nn.Module):
    """All that ``ResNet18.embed`` does to a crop: standardise, embed, and average with the mirror image if set."""

    def __init__(self, net: EmbeddingNet, *, pooled: bool, flip_average: bool) -> None:
        super().__init__()
        self.net, self.pooled, self.flip_average = net, pooled, flip_average

    def forward(self, crops: Tensor) -> Tensor:
        """float32 [N, D] for uint8 [N, S, S]."""
        pixels = crops.unsqueeze(1).float() * (1 / (255 * DEVIATION)) - MEAN / DEVIATION
        forward = self.net.features if self.pooled else self.net
        result: Tensor = forward(pixels)
        return functional.normalize(result + forward(pixels.flip(-1))) if self.flip_average else result


def write(graph: Graph, file: Path, size: int) -> None:
    """Writes ``graph`` for crops of ``size`` pixels, any number of them at a time, weights and all in one file."""
    crops = torch.zeros((2, size, size), dtype=torch.uint8)
    torch.onnx.export(
        graph.eval(),
        (crops,),
        file,
        input_names=["crops"],
        output_names=["embeddings"],
        dynamic_shapes={"crops": {0: Dim("N")}},
        dynamo=True,
        external_data=False,
        verbose=False,
    )
