"""Samplers, and what every kind's factory must be."""

from __future__ import annotations

from itertools import count
from typing import Annotated

import numpy as np
from annotated_types import Ge

from tests.broken import breaks, good


@good("sampler")
class Sampler:
    def __init__(self, batch_size: Annotated[int, Ge(1)] = 8) -> None:
        self.batch_size = batch_size

    def batches(self, labels, rng):
        order = rng.permutation(len(labels))
        for start in range(0, len(order), self.batch_size):
            yield order[start : start + self.batch_size]


@breaks("sampler", "entry_is_complete", "name is 'Bad Name'", name="Bad Name")
class BadName(Sampler):
    pass


not_a_factory = 42
breaks("sampler", "target_can_be_loaded", "is int", target="tests.broken.samplers:not_a_factory")(Sampler)


@breaks("sampler", "every_parameter_has_a_name", r"takes '\*\*options'")
class Options(Sampler):
    def __init__(self, **options: int) -> None:
        super().__init__()


@breaks("sampler", "every_parameter_has_a_type_and_a_default", "without a default: batch_size")
class Required(Sampler):
    def __init__(self, batch_size: int) -> None:
        super().__init__(batch_size)


@breaks("sampler", "defaults_are_of_their_types", "'batch_size' cannot be 0")
class OutOfRange(Sampler):
    def __init__(self, batch_size: Annotated[int, Ge(1)] = 0) -> None:
        super().__init__(8)


@breaks("sampler", "it_has_what_its_interface_requires", "lacks batches of Sampler")
class NoBatches:
    def epoch(self) -> None:
        pass


@breaks("sampler", "batches_are_indices", "indices reach")
class BeyondTheEnd(Sampler):
    def batches(self, labels, rng):
        yield rng.permutation(len(labels)) + 1


@breaks("sampler", "one_seed_gives_one_epoch", "a second epoch")
class Remembers(Sampler):
    def __init__(self) -> None:
        super().__init__()
        self.epochs = count()

    def batches(self, labels, rng):
        return super().batches(labels, np.random.default_rng(next(self.epochs)))


@breaks("sampler", "every_sample_comes_in_time", r"\[0, 0, 1\] samples")
class NeverTheLast(Sampler):
    def batches(self, labels, rng):
        return super().batches(labels[:-1], rng)


@breaks("sampler", "a_missing_class_is_no_surprise", "raised ZeroDivisionError")
class EveryClassIsThere(Sampler):
    def batches(self, labels, rng):
        yield np.array([len(labels) // size - 1 for size in np.bincount(labels).tolist()])


@breaks("sampler", "labels_are_not_written", "wrote into the labels")
class Sorts(Sampler):
    def batches(self, labels, rng):
        labels.sort()
        labels[0] = 9
        return super().batches(labels, rng)
