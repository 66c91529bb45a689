"""The protocols: which samples may be used for what, as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt, Lt

from ferbench.data import Indices, Samples, Split
from ferbench.errors import SplitError
from ferbench.interfaces import Selection

Share = Annotated[float, Gt(0), Lt(1)]


class RandomSplit:
    """A random split of the images, each class in the same proportion (Haider et al. 2023, Section 4.3).

    The paper gives neither seed nor stratification; stratified is our choice. Its best epoch is the best on the very
    set it reports, so the test set is the validation set.

    Args:
        test: share of each class that is scored.
    """

    selection: ClassVar[Selection] = "test"
    optimistic: ClassVar[str | None] = (
        "the epoch is chosen on the scored set, and one person's images are on both sides of the split"
    )

    def __init__(self, test: Share = 0.3) -> None:
        self.test = test

    def splits(self, samples: Samples, seed: int) -> Sequence[Split]:
        """One split. Raises ``SplitError`` if a class has fewer than two samples."""
        rng = np.random.default_rng(seed)
        test = []
        for code, name in enumerate(samples.classes):
            members = rng.permutation(np.flatnonzero(samples.labels == code))
            if len(members) < 2:
                raise _too_few(name, len(members), 2, "samples", "random-7-3")
            test.append(members[: min(max(1, round(len(members) * self.test)), len(members) - 1)])
        scored = np.sort(np.concatenate(test))
        return [Split("random", _rest(len(samples), scored), scored, scored)]


class SubjectDisjoint:
    """A random split of the subjects; the epoch is chosen on subjects that are neither trained on nor scored.

    Args:
        test: share of the subjects that are scored.
        validation: share of the other subjects that choose the epoch.
    """

    selection: ClassVar[Selection] = "validation"
    optimistic: ClassVar[str | None] = None

    def __init__(self, test: Share = 0.3, validation: Share = 0.15) -> None:
        self.test = test
        self.validation = validation

    def splits(self, samples: Samples, seed: int) -> Sequence[Split]:
        """One split. Raises ``SplitError`` without subjects, with fewer than three, or if a side lacks a class."""
        if samples.subjects is None:
            raise SplitError(
                "protocol 'subject-disjoint-7-3' needs to know the subjects, and this dataset does not name them",
                fix="choose another protocol: --protocol official or random-7-3 (ferbench list protocols)",
            )
        names = np.unique(samples.subjects)
        if len(names) < 3:
            raise _too_few("the dataset", len(names), 3, "subjects", "subject-disjoint-7-3")
        names = np.random.default_rng(seed).permutation(names)
        tested = min(max(1, round(len(names) * self.test)), len(names) - 2)
        chosen = min(max(1, round((len(names) - tested) * self.validation)), len(names) - tested - 1)
        test = np.flatnonzero(np.isin(samples.subjects, names[:tested]))
        validation = np.flatnonzero(np.isin(samples.subjects, names[tested : tested + chosen]))
        train = np.flatnonzero(np.isin(samples.subjects, names[tested + chosen :]))
        split = Split("subjects", train, validation, test)
        _require_classes(split, samples, "subject-disjoint-7-3", sides=("train", "test"))
        return [split]


class Official:
    """The dataset's own parts: "train" is trained on, "validation" chooses the epoch, "test" is scored."""

    selection: ClassVar[Selection] = "validation"
    optimistic: ClassVar[str | None] = None

    def splits(self, samples: Samples, seed: int) -> Sequence[Split]:
        """One split, the same for every seed. Raises ``SplitError`` if a part is missing or lacks a class."""
        parts = [] if samples.parts is None else np.unique(samples.parts).tolist()
        missing = sorted({"train", "validation", "test"} - set(parts))
        if missing or samples.parts is None:
            raise SplitError(
                f"protocol 'official' needs the parts train, validation and test; missing: {', '.join(missing)}",
                fix="bring the dataset's whole release, or choose another protocol (ferbench list protocols)",
            )
        sides = {name: np.flatnonzero(samples.parts == name) for name in ("train", "validation", "test")}
        split = Split("official", **sides)
        _require_classes(split, samples, "official", sides=("train", "validation", "test"))
        return [split]


def _rest(count: int, taken: Indices) -> Indices:
    return np.setdiff1d(np.arange(count, dtype=np.int64), taken, assume_unique=True)


def _require_classes(split: Split, samples: Samples, protocol: str, *, sides: Sequence[str]) -> None:
    for side in sides:
        counts = np.bincount(samples.labels[getattr(split, side)], minlength=len(samples.classes))
        for code, count in enumerate(counts.tolist()):
            if count == 0:
                raise _too_few(samples.classes[code], 0, 1, f"samples in {side}", protocol)


def _too_few(what: str, has: int, needs: int, of: str, protocol: str) -> SplitError:
    return SplitError(
        f"protocol '{protocol}' cannot split this dataset: {what} has {has} {of}, it needs at least {needs}",
        fix="bring more data, try another --seed, or choose another protocol (ferbench list protocols)",
    )
