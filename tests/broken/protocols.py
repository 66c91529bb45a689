"""Protocols: thirds of the images, and ways to spoil them."""

from __future__ import annotations

import numpy as np

from ferbench.data import Split
from ferbench.errors import SplitError
from ferbench.interfaces import Selection
from tests.broken import breaks, good


@good("protocol")
class Thirds:
    def __init__(self, selection: Selection = "validation") -> None:
        self.selection = selection

    def why_optimistic(self, samples):
        return "images are split, not people"

    def splits(self, samples, seed):
        if len(samples) < 3:
            raise SplitError("there are fewer than three samples", fix="bring more")
        order = np.argsort(samples.ids)[np.random.default_rng(seed).permutation(len(samples))]
        train, validation, test = np.array_split(order, 3)
        validation = {"validation": validation, "test": test, "last": validation[:0]}[self.selection]
        return [Split("thirds", train, validation, test)]


@breaks("protocol", "splits_are_indices", "train is int32")
class Short(Thirds):
    def splits(self, samples, seed):
        (one,) = super().splits(samples, seed)
        return [Split(one.name, one.train.astype(np.int32), one.validation, one.test)]


@breaks("protocol", "sides_are_disjoint", "is in train and test of thirds")
class Leaks(Thirds):
    def splits(self, samples, seed):
        (one,) = super().splits(samples, seed)
        return [Split(one.name, np.append(one.train, one.test[0]), one.validation, one.test)]


@breaks("protocol", "nothing_is_tested_twice", "samples are")
class Twice(Thirds):
    def splits(self, samples, seed):
        (one,) = super().splits(samples, seed)
        return [one, Split("again", one.train, one.validation, one.test)]


@breaks("protocol", "selection_is_what_it_says", "it is 'best'")
class Best(Thirds):
    def __init__(self) -> None:
        super().__init__()

    def splits(self, samples, seed):
        self.selection = "validation"
        found = super().splits(samples, seed)
        self.selection = "best"  # type: ignore[assignment]  # that is what is broken
        return found


@breaks("protocol", "optimism_is_admitted", "gives None where the epoch is chosen on the test side")
class Innocent(Thirds):
    def why_optimistic(self, samples):
        return None


@breaks("protocol", "names_name_folders", r"there is \['a/b'\]")
class Slash(Thirds):
    def splits(self, samples, seed):
        (one,) = super().splits(samples, seed)
        return [Split("a/b", one.train, one.validation, one.test)]


@breaks("protocol", "one_seed_gives_one_split", "in another order and the same seed give other splits")
class AsListed(Thirds):
    def splits(self, samples, seed):
        train, validation, test = np.array_split(np.arange(len(samples)), 3)
        validation = {"validation": validation, "test": test, "last": validation[:0]}[self.selection]
        return [Split("thirds", train, validation, test)]


@breaks("protocol", "any_dataset_is_split_or_refused", "raised TypeError")
class NeedsSubjects(Thirds):
    def splits(self, samples, seed):
        if samples.partitions is None and samples.subjects[0] == "nobody":
            return []
        return super().splits(samples, seed)


@breaks("protocol", "samples_are_not_written", "wrote into labels")
class Relabels(Thirds):
    def splits(self, samples, seed):
        samples.labels[0] = 1 - samples.labels[0]
        return super().splits(samples, seed)
