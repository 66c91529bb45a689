"""The triplet loss, exact over all triplets of a batch in O(B²) memory.

With squared distances D the loss of one triplet is ``max(0, D[a, p] - D[a, n] + margin)``. Summed over a set of
triplets it is linear in D between the kinks: each D[a, p] counts as often as it has active negatives, each D[a, n]
minus as often as it has active positives. The counts come from sorting each anchor's row, so no [B, B, B] array exists.
"""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from annotated_types import Gt
from torch import Tensor, nn

Mining = Literal["batch-all", "semi-hard", "batch-hard"]


class TripletLoss(nn.Module):
    """Mean hinge of the mined triplets that are active; with batch-hard, of all mined (Haider et al. 2023, 2.2.1).

    Args:
        margin: in squared distance on the unit sphere, where distances reach from 0 to 4. The paper gives none;
            FaceNet's is 0.2.
        mining: ``batch-all``: every valid triplet (Hermans et al. 2017). ``semi-hard``: those whose negative is
            farther than the positive by less than the margin (Schroff et al. 2015). ``batch-hard``: for each anchor
            the farthest positive and the nearest negative (Hermans et al. 2017).
    """

    def __init__(self, margin: Annotated[float, Gt(0)] = 0.2, mining: Mining = "batch-all") -> None:
        super().__init__()
        self.margin = margin
        self.mining = mining

    def prepare(self, embedding_size: int, num_classes: int) -> None:
        """Nothing to make: the loss has no parameters."""

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scalar for embeddings [B, D] and labels int64 [B]; 0 if no triplet is active."""
        distances = squared_distances(embeddings)
        same = labels[:, None] == labels[None, :]
        positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        if self.mining == "batch-hard":
            return _batch_hard(distances, positive, ~same, self.margin)
        weights, active = _triplet_weights(distances.detach(), positive, ~same, self.margin, self.mining)
        return ((weights * distances).sum() + self.margin * active) / active.clamp(min=1)


def squared_distances(embeddings: Tensor) -> Tensor:
    """[B, B] squared Euclidean distances, never negative; gradients are finite for equal rows too."""
    norms = embeddings.pow(2).sum(dim=1)
    return (norms[:, None] + norms[None, :] - 2 * embeddings @ embeddings.T).clamp(min=0)


@torch.no_grad()
def _triplet_weights(
    distances: Tensor, positive: Tensor, negative: Tensor, margin: float, mining: Mining
) -> tuple[Tensor, Tensor]:
    """How often each distance counts, [B, B], and the number of active triplets, a scalar."""
    infinity = torch.inf
    reach = distances + margin
    negatives = distances.masked_fill(~negative, infinity).sort(dim=1).values
    positives = distances.masked_fill(~positive, -infinity).sort(dim=1).values
    size = distances.shape[1]
    # Of positive p: the negatives with D[a, n] < D[a, p] + margin. Of negative n: the positives that see it so.
    seen = torch.searchsorted(negatives, reach)
    seeing = size - torch.searchsorted(positives + margin, distances, right=True)
    if mining == "semi-hard":  # without those that are nearer than, or as near as, the positive
        seen -= torch.searchsorted(negatives, distances, right=True)
        seeing -= size - torch.searchsorted(positives, distances)
    seen = seen.masked_fill_(~positive, 0)
    seeing = seeing.masked_fill_(~negative, 0)
    return (seen - seeing).to(distances.dtype), seen.sum().to(distances.dtype)


def _batch_hard(distances: Tensor, positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """Mean over the anchors that have both a positive and a negative, active or not (Hermans et al., equation 5)."""
    valid = positive.any(dim=1) & negative.any(dim=1)
    farthest = distances.masked_fill(~positive, -torch.inf).amax(dim=1)[valid]
    nearest = distances.masked_fill(~negative, torch.inf).amin(dim=1)[valid]
    return torch.relu(farthest - nearest + margin).sum() / valid.sum().clamp(min=1)
