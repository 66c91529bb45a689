"""Losses: softmax cross-entropy through a head, and ways to spoil it."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tests.broken import breaks, good


@good("loss")
class Loss(nn.Module):
    def __init__(self) -> None:  # nn.Module's own takes *args and **kwargs
        super().__init__()

    def prepare(self, embedding_size, num_classes):
        self.head = nn.Linear(embedding_size, num_classes)

    def forward(self, embeddings, labels):
        return functional.cross_entropy(self.head(embeddings), labels)


@breaks("loss", "it_is_a_scalar", r"torch.float32 \(16,\)")
class OneEach(Loss):
    def forward(self, embeddings, labels):
        return functional.cross_entropy(self.head(embeddings), labels, reduction="none")


@breaks("loss", "the_gradient_flows", "no gradient reaches the embeddings")
class Detached(Loss):
    def forward(self, embeddings, labels):
        return super().forward(embeddings.detach(), labels)


@breaks("loss", "any_batch_is_taken", "the value is inf.*labels=")
class Spread(Loss):
    def forward(self, embeddings, labels):
        spread = (embeddings - embeddings.mean(dim=0)).pow(2).sum()
        return super().forward(embeddings, labels) + 1 / spread


@breaks("loss", "the_order_of_a_batch_is_nothing", "and then")
class FirstRow(Loss):
    def forward(self, embeddings, labels):
        return super().forward(embeddings, labels) + embeddings[0, 0]


@breaks("loss", "one_seed_gives_one_loss", "and then")
class Unseeded(Loss):
    def prepare(self, embedding_size, num_classes):
        super().prepare(embedding_size, num_classes)
        generator = torch.Generator()
        generator.seed()
        nn.init.normal_(self.head.weight, generator=generator)


@breaks("loss", "its_parameters_learn", "created before prepare.*head.weight")
class Early(Loss):
    def __init__(self) -> None:
        super().__init__()
        super().prepare(8, 4)

    def prepare(self, embedding_size, num_classes):
        pass


@breaks("loss", "the_batch_is_not_written", "wrote into the embeddings")
class InPlace(Loss):
    def forward(self, embeddings, labels):
        return super().forward(embeddings.mul_(2), labels)
