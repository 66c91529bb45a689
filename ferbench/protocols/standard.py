"""The protocols: which samples may be used for what, as index arrays.

Each has a selection rule, what the embedder's epoch is chosen on: "validation", "test" (as much published code does; it
is marked optimistic) or "last". A validation set is drawn as the test set is: whole subjects where subjects are tested,
whole clips where clips are. Nothing depends on the order in which a dataset lists its samples.
"""

import re
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from annotated_types import Gt, Lt

from ferbench.data import Indices, Samples, Split, Strings
from ferbench.errors import SplitError
from ferbench.interfaces import Selection
from ferbench.protocols.drawing import (
    by_class,
    group_folds,
    groups_by_class,
    optimism_reasons,
    refusal,
    require,
    rows_of,
    select,
    some_groups,
    too_few,
    unnamed,
)

Share = Annotated[float, Gt(0), Lt(1)]
FOLDS = 10
HELD_OUT = 0.1
"""Share of an official training partition that chooses the epoch where the dataset has no validation partition."""


class RandomSplit:
    """A random split of the images, each class in the same proportion (Haider et al. 2023, Section 4.3).

    The paper gives neither seed nor stratification; stratified is our choice. Its best epoch is the best on the very
    set it reports, so the test set is the validation set.

    Args:
        test: share of each class that is scored.
        selection: what the epoch is chosen on: ``test``, the scored set, as in the paper; ``validation``, images held
            out of the others; or nothing, the ``last`` epoch counts.
        validation: share of the other images that choose the epoch, where selection is ``validation``.
    """

    def __init__(self, test: Share = 0.3, selection: Selection = "test", validation: Share = 0.15) -> None:
        self.test = test
        self.selection = selection
        self.validation = validation

    def why_optimistic(self, samples: Samples) -> str:
        """One person's images are on both sides; and the epoch is chosen on the scored set, if it is."""
        are = "are" if samples.subjects is not None else "may be"
        return str(optimism_reasons(self.selection, f"one person's images {are} on both sides of the split"))

    def splits(self, samples: Samples, seed: int) -> Sequence[Split]:
        """One split. Raises ``SplitError`` if a class has fewer than two samples."""
        counts = np.bincount(samples.labels, minlength=len(samples.classes)).tolist()
        counted = zip(samples.classes, counts, strict=True)
        problems = [too_few(name, count, 2, "samples") for name, count in counted if count < 2]
        if problems:
            raise refusal("random-7-3", problems)
        rng = np.random.default_rng(seed)
        rows = _all(samples)
        test = by_class(samples, rows, self.test, rng)
        rest = np.setdiff1d(rows, test, assume_unique=True)
        split = select("random", rest, test, self.selection, lambda rest: by_class(samples, rest, self.validation, rng))
        return require([split], samples, "random-7-3", self.selection, sides=("train", "test"))


class ClipDisjoint:
    """A random split of the clips, each class in the same proportion: no recording is on two sides, a person may be.

    Args:
        test: share of the clips of each class that are scored.
        selection: what the epoch is chosen on: ``validation`` clips, neither trained on nor scored; ``test``, the
            scored clips (optimistic); or nothing, the ``last`` epoch counts and no clip is held out.
        validation: share of the other clips that choose the epoch, where selection is ``validation``.
    """

    def __init__(self, test: Share = 0.3, selection: Selection = "validation", validation: Share = 0.15) -> None:
        self.test = test
        self.selection = selection
        self.validation = validation

    def why_optimistic(self, samples: Samples) -> str:
        """One person's clips may be on both sides; and the epoch is chosen on the scored set, if it is."""
        return str(optimism_reasons(self.selection, "one person's clips may be on both sides of the split"))

    def splits(self, samples: Samples, seed: int) -> Sequence[Split]:
        """One split. Raises ``SplitError`` without clips, or if train or test would lack a class."""
        clips = samples.clips
        if clips is None:
            raise unnamed("clip-disjoint-7-3", "clips", "subject-disjoint-7-3, official or random-7-3")
        rng = np.random.default_rng(seed)
        rows = _all(samples)
        test = groups_by_class(samples, rows, clips, self.test, rng)

        def hold_out(rest: Indices) -> Indices:
            return groups_by_class(samples, rest, clips, self.validation, rng)

        split = select("clips", np.setdiff1d(rows, test, assume_unique=True), test, self.selection, hold_out)
        return require([split], samples, "clip-disjoint-7-3", self.selection, sides=("train", "test"))


class SubjectDisjoint:
    """A random split of the subjects; the epoch is chosen on subjects that are neither trained on nor scored.

    Args:
        test: share of the subjects that are scored.
        validation: share of the other subjects that choose the epoch, where selection is ``validation``.
        selection: what the epoch is chosen on: ``validation`` subjects; ``test``, the scored ones (optimistic); or
            nothing, the ``last`` epoch counts and nobody is held out.
    """

    def __init__(self, test: Share = 0.3, validation: Share = 0.15, selection: Selection = "validation") -> None:
        self.test = test
        self.validation = validation
        self.selection = selection

    def why_optimistic(self, samples: Samples) -> str | None:
        """Only if the epoch is chosen on the scored set."""
        return optimism_reasons(self.selection)

    def splits(self, samples: Samples, seed: int) -> Sequence[Split]:
        """One split. Raises ``SplitError`` without subjects, with too few, or if train or test would lack a class."""
        subjects, names = _subjects(samples, "subject-disjoint-7-3", self.selection)
        names = np.random.default_rng(seed).permutation(names)
        tested = some_groups(names, self.test, keep=_others(self.selection))
        others = names[len(tested) :]
        test = rows_of(subjects, tested)
        rest = rows_of(subjects, others)

        def hold_out(_: Indices) -> Indices:
            return rows_of(subjects, some_groups(others, self.validation, keep=1))

        split = select("subjects", rest, test, self.selection, hold_out)
        return require([split], samples, "subject-disjoint-7-3", self.selection, sides=("train", "test"))


class LeaveOneSubjectOut:
    """As many splits as subjects: each is scored once, by a training on all the others.

    Args:
        selection: what the epoch is chosen on: ``validation`` subjects, neither trained on nor scored; ``test``, the
            scored one (optimistic); or nothing, the ``last`` epoch counts and nobody else is held out.
        validation: share of the other subjects that choose the epoch, where selection is ``validation``.
    """

    def __init__(self, selection: Selection = "validation", validation: Share = 0.15) -> None:
        self.selection = selection
        self.validation = validation

    def why_optimistic(self, samples: Samples) -> str | None:
        """Only if the epoch is chosen on the scored set."""
        return optimism_reasons(self.selection)

    def splits(self, samples: Samples, seed: int) -> Sequence[Split]:
        """A split per subject, in the order of their names; which classes the subject shows does not matter.

        Raises ``SplitError`` without subjects, with too few, or if a train side would lack a class.
        """
        subjects, names = _subjects(samples, "loso", self.selection)
        splits = []
        for number, name in enumerate(names.tolist()):
            others = np.random.default_rng([seed, number]).permutation(names[names != name])

            def hold_out(_: Indices, others: Strings = others) -> Indices:
                return rows_of(subjects, some_groups(others, self.validation, keep=1))

            rest = rows_of(subjects, others)
            test = rows_of(subjects, [name])
            digits = len(str(len(names)))
            label = f"{number + 1:0{digits}}-{re.sub('[^A-Za-z0-9]+', '-', name)}"  # names a folder too
            splits.append(select(label, rest, test, self.selection, hold_out))
        return require(splits, samples, "loso", self.selection, sides=("train",))


class GroupTenFold:
    """Ten folds of whole subjects, or of whole clips where no subjects are named; each fold is scored once.

    The classes are spread over the folds as evenly as the groups allow (scikit-learn's ``StratifiedGroupKFold``).

    Args:
        selection: what the epoch is chosen on: ``validation``, the next fold, neither trained on nor scored; ``test``,
            the scored fold (optimistic); or nothing, the ``last`` epoch counts and nine folds are trained on.
    """

    def __init__(self, selection: Selection = "validation") -> None:
        self.selection = selection

    def why_optimistic(self, samples: Samples) -> str | None:
        """If no subjects are named, or the epoch is chosen on the scored set."""
        people = "one person's clips may be on both sides of a split, as the dataset names no subjects"
        return optimism_reasons(self.selection, people if samples.subjects is None else None)

    def splits(self, samples: Samples, seed: int) -> Sequence[Split]:
        """Ten splits. Raises ``SplitError`` with fewer than ten groups, or if a train side would lack a class."""
        groups = samples.clips if samples.subjects is None else samples.subjects
        if groups is None:
            raise unnamed("group-10-fold", "subjects or clips", "official or random-7-3")
        kind = "clips" if samples.subjects is None else "subjects"
        count = len(np.unique(groups))
        problems = [too_few("the dataset", count, FOLDS, kind)] if count < FOLDS else []
        largest = int(np.bincount(samples.labels, minlength=1).max())
        if largest < FOLDS:
            problems.append(too_few("the largest class", largest, FOLDS, "samples"))
        if problems:
            raise refusal("group-10-fold", problems)
        folds = group_folds(samples, _all(samples), groups, FOLDS, seed)
        splits = [
            self._split(f"fold-{number:02}", samples, test, following)
            for number, (test, following) in enumerate(zip(folds, folds[1:] + folds[:1], strict=True), start=1)
        ]
        return require(splits, samples, "group-10-fold", self.selection, sides=("train",))

    def _split(self, name: str, samples: Samples, test: Indices, following: Indices) -> Split:
        return select(
            name, np.setdiff1d(_all(samples), test, assume_unique=True), test, self.selection, lambda _: following
        )


class Official:
    """The dataset's own partitions: "train" is trained on, "validation" chooses the epoch, "test" is scored.

    Where there is no validation partition, a tenth of the training one chooses the epoch: of each class, or of whole
    subjects or clips where they are named. It is the same tenth for every seed, and it is in the split's hash.

    Args:
        selection: what the epoch is chosen on: the ``validation`` partition; ``test``, the scored one (optimistic); or
            nothing, the ``last`` epoch counts and none of the training partition is held out.
    """

    def __init__(self, selection: Selection = "validation") -> None:
        self.selection = selection

    def why_optimistic(self, samples: Samples) -> str | None:
        """Only if the epoch is chosen on the scored set."""
        return optimism_reasons(self.selection)

    def splits(self, samples: Samples, seed: int) -> Sequence[Split]:
        """One split, the same for every seed. Raises ``SplitError`` if a partition is missing or lacks a class."""
        partitions = np.empty(0, np.str_) if samples.partitions is None else samples.partitions
        missing = sorted({"train", "test"} - set(np.unique(partitions).tolist()))
        if missing:
            raise SplitError(
                f"protocol 'official' needs the partitions train and test; missing: {', '.join(missing)}",
                fix="bring the dataset's whole release, or choose another protocol (ferbench list protocols)",
            )
        train, validation, test = (np.flatnonzero(partitions == name) for name in ("train", "validation", "test"))
        if len(validation) and self.selection != "test":  # with "last" it chooses nothing, and is still in the curve
            split = Split("official", train, validation, test)
        else:
            split = select("official", train, test, self.selection, lambda rest: _tenth(samples, rest))
        sides = ("train", "validation", "test") if self.selection == "validation" else ("train", "test")
        return require([split], samples, "official", self.selection, sides=sides)


def _all(samples: Samples) -> Indices:
    return np.arange(len(samples), dtype=np.int64)


def _others(selection: Selection) -> int:
    """How many subjects are needed next to the scored ones: to train on, and to choose the epoch on."""
    return 2 if selection == "validation" else 1


def _subjects(samples: Samples, protocol: str, selection: Selection) -> tuple[Strings, Strings]:
    """Each sample's subject, and the subjects' names in order. Raises ``SplitError``."""
    if samples.subjects is None:
        raise unnamed(protocol, "subjects", "official or random-7-3")
    names = np.unique(samples.subjects)
    needed = 1 + _others(selection)
    if len(names) < needed:
        raise refusal(protocol, [too_few("the dataset", len(names), needed, "subjects")])
    return samples.subjects, names


def _tenth(samples: Samples, train: Indices) -> Indices:
    """The tenth of an official training partition that chooses the epoch."""
    groups = samples.clips if samples.subjects is None else samples.subjects
    if groups is None:
        return by_class(samples, train, HELD_OUT, np.random.default_rng(0))
    folds = min(round(1 / HELD_OUT), len(np.unique(groups[train])), int(np.bincount(samples.labels[train]).max()))
    if folds < 2:
        raise refusal("official", ["the training partition is one group, so none of it can be held out for validation"])
    return group_folds(samples, train, groups, folds, 0)[0]
