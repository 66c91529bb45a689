"""Samplers: which training samples make up the batches of an epoch. Each batch is full: the rest waits an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from ferbench.data import Indices, Labels
from ferbench.errors import SplitError


class UniformSampler:
    """Every sample once an epoch, in random order; what does not fill a last batch is left out.

    Args:
        batch_size: samples a batch.
    """

    def __init__(self, batch_size: Annotated[int, Ge(2)] = 128) -> None:
        self.batch_size = batch_size

    def batches(self, labels: Labels, rng: np.random.Generator) -> Iterator[Indices]:
        """Batches int64 [batch_size] of indices into labels int64 [N]; one smaller batch if N is smaller."""
        return _full_batches(rng.permutation(len(labels)), self.batch_size)


class WeightedSampler:
    """Draws N samples an epoch, with replacement; a sample's weight is its class's size to the power of -``power``.

    "Assigns a smaller weight to all samples in a class with a larger total number of samples" (Haider et al. 2023,
    Section 4.2), without a formula.

    Args:
        batch_size: samples a batch.
        power: 1 draws every class equally often, 0 as often as it occurs, 0.5 is between.
    """

    def __init__(self, batch_size: Annotated[int, Ge(2)] = 128, power: Annotated[float, Ge(0), Le(1)] = 1.0) -> None:
        self.batch_size = batch_size
        self.power = power

    def batches(self, labels: Labels, rng: np.random.Generator) -> Iterator[Indices]:
        """Batches int64 [batch_size] of indices into labels int64 [N]."""
        weights = np.bincount(labels)[labels].astype(np.float64) ** -self.power
        drawn = rng.choice(len(labels), size=len(labels), p=weights / weights.sum())
        return _full_batches(drawn, self.batch_size)


class PKSampler:
    """``samples`` of each of ``classes`` classes in every batch (Hermans et al. 2017, Section 2).

    A class's samples are gone through in random order, again and again, so all are used equally often within a class.
    An epoch has as many batches as N samples fill, at least one.

    Args:
        classes: P, the classes a batch; 0 takes all there are.
        samples: K, the samples a class. A class with fewer gives some twice.
    """

    def __init__(self, classes: Annotated[int, Ge(0)] = 0, samples: Annotated[int, Ge(2)] = 18) -> None:
        self.classes = classes
        self.samples = samples

    def batches(self, labels: Labels, rng: np.random.Generator) -> Iterator[Indices]:
        """Batches int64 [P * K] of indices into labels int64 [N]. Raises ``SplitError`` for under P classes."""
        present = np.unique(labels)
        wanted = self.classes or len(present)
        if wanted > len(present):
            raise SplitError(
                f"sampler 'p-k' wants {wanted} classes a batch, the training set has {len(present)}",
                fix=f"--set sampler.classes={len(present)}, or 0 for all",
            )
        queues = {label: _endless(np.flatnonzero(labels == label), rng) for label in present.tolist()}
        for _ in range(max(1, len(labels) // (wanted * self.samples))):
            chosen = rng.choice(present, size=wanted, replace=False)
            yield np.array([next(queues[label]) for label in chosen.tolist() for _ in range(self.samples)], np.int64)


def _full_batches(order: Indices, size: int) -> Iterator[Indices]:
    if len(order) < size:
        yield order
    for start in range(0, len(order) - size + 1, size):
        yield order[start : start + size]


def _endless(indices: Indices, rng: np.random.Generator) -> Iterator[int]:
    while True:
        yield from rng.permutation(indices).tolist()
