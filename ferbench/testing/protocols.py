"""Rules for protocols: who may be on which side, for datasets with and without subjects, clips and partitions."""

import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ferbench.components import signature
from ferbench.data import Images, Samples, Split
from ferbench.errors import SplitError
from ferbench.interfaces import Selection
from ferbench.testing.examples import st, tried
from ferbench.testing.rules import Skipped, expect, rule
from ferbench.testing.trial import Trial, seed_everything

SELECTIONS = typing.get_args(Selection)
SIDES = ("train", "validation", "test")
FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class _Gray:
    """N gray images of 8 x 8 pixels; a protocol does not need them."""

    count: int

    def __len__(self) -> int:
        return self.count

    def read(self, index: int) -> Images:
        return np.full((8, 8), index % 256, np.uint8)


def samples(
    subjects: int = 12, classes: int = 3, clips: int = 2, *, partitions: bool = True, groups: bool = True
) -> Samples:
    """A dataset of ``clips`` clips of two images for each class of each subject; every third subject is tested."""
    rows = [(s, c, k, f) for s in range(subjects) for c in range(classes) for k in range(clips) for f in range(2)]
    ids = [f"s{s:02}-c{c}-k{k}-f{f}" for s, c, k, f in rows]
    return Samples(
        ids=np.array(ids),
        labels=np.array([c for _, c, _, _ in rows], np.int64),
        classes=tuple(f"class-{c}" for c in range(classes)),
        images=_Gray(len(rows)),
        fingerprint="0" * 64,
        subjects=np.array([f"s{s:02}" for s, *_ in rows]) if groups else None,
        clips=np.array([name[:-3] for name in ids]) if groups else None,
        partitions=np.array([SIDES[s % 3] for s, *_ in rows]) if partitions else None,
    )


def _arrays(given: Samples) -> dict[str, Any]:
    """The arrays of ``given`` by name, without the pixels."""
    names = ("ids", "labels", "subjects", "clips", "partitions")
    return {name: getattr(given, name) for name in names if getattr(given, name) is not None}


def _built(trial: Trial) -> Iterator[Any]:
    """The protocol with every selection rule that it has a parameter for, or as it is."""
    offered = [one for one in signature.signature_of(trial.factory, trial.owner) if one.name == "selection"]
    if not offered:
        yield trial.build()
    for one in offered:
        for choice in typing.get_args(one.annotation) or (one.default,):
            yield trial.build(selection=choice)


def _split(trial: Trial, seed: int = 0) -> list[tuple[Any, Samples, list[Split]]]:
    """Each built protocol with a dataset that it can split, and its splits; ``Skipped`` if it can split none."""
    found = []
    why = ""
    for protocol in _built(trial):
        for partitions, groups in ((True, True), (True, False), (False, True), (False, False)):
            given = samples(partitions=partitions, groups=groups)
            try:
                found.append((protocol, given, list(protocol.splits(given, seed))))
            except SplitError as error:
                why = error.what
    if not found:
        raise Skipped(f"it can split none of the datasets that were tried: {why}")
    return found


@rule("protocol")
def splits_are_indices(trial: Trial) -> None:
    """Each side is int64 [M], each index once and within the samples; there is a split, with something to train on
    and something to test."""
    for _, given, splits in _split(trial):
        expect(splits, "there is no split")
        for split in splits:
            for side in SIDES:
                rows = getattr(split, side)
                kind, shape = getattr(rows, "dtype", type(rows).__name__), np.shape(rows)
                expect(
                    isinstance(rows, np.ndarray) and kind == np.int64 and len(shape) == 1, f"{side} is {kind} {shape}"
                )
                low, high = int(rows.min(initial=0)), int(rows.max(initial=0))
                expect(0 <= low <= high < len(given), f"{side} reaches from {low} to {high} of {len(given)} samples")
                expect(len(np.unique(rows)) == len(rows), f"{side} of {split.name} has a sample twice")
            expect(len(split.train), f"nothing is trained on in {split.name}")
            expect(len(split.test), f"nothing is tested in {split.name}")


@rule("protocol")
def sides_are_disjoint(trial: Trial) -> None:
    """No sample is on two sides of a split, unless the epoch is chosen on the test side."""
    for protocol, given, splits in _split(trial):
        for split in splits:
            pairs = [("train", "test"), ("train", "validation")]
            pairs += [("validation", "test")] * (protocol.selection != "test")
            for one, other in pairs:
                both = np.intersect1d(getattr(split, one), getattr(split, other))
                expect(not len(both), f"{given.ids[both[:1]].tolist()} is in {one} and {other} of {split.name}")


@rule("protocol")
def nothing_is_tested_twice(trial: Trial) -> None:
    """No sample is in the test side of two splits."""
    for _, given, splits in _split(trial):
        tested, counts = np.unique(np.concatenate([split.test for split in splits]), return_counts=True)
        twice = given.ids[tested[counts > 1]].tolist()
        expect(not twice, f"{len(twice)} samples are, {twice[:1]} for one")


@rule("protocol")
def selection_is_what_it_says(trial: Trial) -> None:
    """``selection`` is "validation", "test" or "last"; by "validation" there is something to choose on, by "test" it is
    the test side."""
    for protocol, _, splits in _split(trial):
        expect(protocol.selection in SELECTIONS, f"it is {protocol.selection!r}")
        for split in splits:
            if protocol.selection == "validation":
                expect(len(split.validation), f"nothing is held out in {split.name}")
            if protocol.selection == "test":
                same = np.array_equal(np.sort(split.validation), np.sort(split.test))
                expect(same, f"in {split.name} the validation side is not the test side")


@rule("protocol")
def optimism_is_admitted(trial: Trial) -> None:
    """``why_optimistic`` gives a sentence or ``None``: a sentence wherever the epoch is chosen on the test side."""
    for protocol, given, _ in _split(trial):
        why = protocol.why_optimistic(given)
        expect(why is None or (isinstance(why, str) and why), f"it gives {why!r}")
        expect(why or protocol.selection != "test", "it gives None where the epoch is chosen on the test side")


@rule("protocol")
def names_name_folders(trial: Trial) -> None:
    """The splits' names differ, in capitals too, and are fit to name folders."""
    for _, _, splits in _split(trial):
        names = [split.name for split in splits]
        expect(len({name.lower() for name in names}) == len(names), f"names repeat: {names}")
        odd = [name for name in names if not FOLDER.fullmatch(name)]
        expect(not odd, f"there is {odd[:1]}")


@rule("protocol")
def one_seed_gives_one_split(trial: Trial) -> None:
    """The splits depend on ids and seed alone: not on the samples' order, nor on a global random state."""
    seed_everything(1)
    first = _split(trial, seed=3)
    seed_everything(2)
    for protocol, given, splits in first:
        order = np.random.default_rng(0).permutation(len(given))
        shuffled = replace(given, **{name: values[order] for name, values in _arrays(given).items()})
        wanted = {split.name: split.digest(given.ids) for split in splits}
        for which, other in (("the same samples", given), ("the same samples in another order", shuffled)):
            again = {split.name: split.digest(other.ids) for split in protocol.splits(other, 3)}
            expect(wanted == again, f"{which} and the same seed give other splits")


@rule("protocol")
def any_dataset_is_split_or_refused(trial: Trial) -> None:
    """A dataset too small, or without subjects, clips or partitions, is split or gets a ``SplitError`` with a fix."""

    def small(subjects: int, classes: int, clips: int, partitions: bool, groups: bool) -> None:
        given = samples(subjects, classes, clips, partitions=partitions, groups=groups)
        for protocol in _built(trial):
            try:
                protocol.splits(given, 0)
            except SplitError as error:
                expect(error.fix, f"the SplitError has no fix: {error.what}")

    tried(
        small,
        subjects=st.integers(1, 4),
        classes=st.integers(2, 3),
        clips=st.integers(1, 2),
        partitions=st.booleans(),
        groups=st.booleans(),
    )


@rule("protocol")
def samples_are_not_written(trial: Trial) -> None:
    """The samples are the same after ``splits``."""
    for protocol, given, _ in _split(trial):
        before = {name: values.copy() for name, values in _arrays(given).items()}
        protocol.splits(given, 0)
        for name, values in _arrays(given).items():
            expect(np.array_equal(before[name], values), f"it wrote into {name}")
