"""Softmax cross-entropy on embeddings, through a linear head of its own."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Gt, Lt
from torch import Tensor, nn
from torch.nn import functional


class CrossEntropyLoss(nn.Module):
    """Cross-entropy of ``head(scale * embedding)``; the head is thrown away after training.

    Args:
        label_smoothing: share of the target spread over all classes.
        scale: factor on the embeddings. Those of length 1 need one, or the logits stay too small to be sure.
    """

    def __init__(
        self, label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0, scale: Annotated[float, Gt(0)] = 16.0
    ) -> None:
        super().__init__()
        self.label_smoothing = label_smoothing
        self.scale = scale
        self.head: nn.Linear | None = None

    def prepare(self, embedding_size: int, num_classes: int) -> None:
        """Makes the head, [num_classes, embedding_size]."""
        self.head = nn.Linear(embedding_size, num_classes)

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scalar for embeddings [B, D] and labels int64 [B]."""
        if self.head is None:
            raise RuntimeError("prepare(embedding_size, num_classes) comes before the first batch")
        logits = self.head(self.scale * embeddings)
        return functional.cross_entropy(logits, labels, label_smoothing=self.label_smoothing)
