"""Triplet loss and cross-entropy on the same embeddings."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Gt, Lt
from torch import Tensor, nn

from ferbench_torch.cross_entropy import CrossEntropyLoss
from ferbench_torch.triplet import Mining, TripletLoss


class TripletCrossEntropyLoss(nn.Module):
    """``triplet_weight * triplet + cross-entropy``; arguments as in the two losses.

    From random weights the triplet loss alone is slow to start or collapses; the cross-entropy gives a direction from
    the first batch on.
    """

    def __init__(
        self,
        triplet_weight: Annotated[float, Ge(0)] = 1.0,
        margin: Annotated[float, Gt(0)] = 0.2,
        mining: Mining = "batch-all",
        label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0,
        scale: Annotated[float, Gt(0)] = 16.0,
    ) -> None:
        super().__init__()
        self.triplet_weight = triplet_weight
        self.triplet = TripletLoss(margin, mining)
        self.cross_entropy = CrossEntropyLoss(label_smoothing, scale)

    def prepare(self, embedding_size: int, num_classes: int) -> None:
        """Makes the cross-entropy's head."""
        self.cross_entropy.prepare(embedding_size, num_classes)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scalar for embeddings [B, D] and labels int64 [B]."""
        total: Tensor = self.triplet_weight * self.triplet(embeddings, labels) + self.cross_entropy(embeddings, labels)
        return total
