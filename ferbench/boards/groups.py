"""Rows -> rank groups: rows of one group cannot be told apart from its first, the most accurate one.

The units of the bootstrap are the subjects where every bundle names them, and the images otherwise. Two rows are
compared on the test sets that both have (all of them, where the protocol's test set is one for all seeds), each row's
answers averaged over its seeds image by image. A row that shares too little with its group's first stands in the group
uncompared, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.boards.read import Verified
from ferbench.boards.rows import Row
from ferbench.bundles import bootstrap, right_answers
from ferbench.bundles.files import SUBJECTS
from ferbench.bundles.right_answers import Right
from ferbench.data import Strings
from ferbench.errors import BundleError

MOST = 1000
"""Rows of a page that are ranked: half a million pairs. Those below are listed without a group."""


@dataclass(frozen=True)
class Rank:
    """A row's ``group``, from 1, and whether it was compared with the group's first. ``interval`` is the bootstrap's
    95% interval of the row's own accuracy."""

    group: int
    compared: bool
    interval: tuple[float, float]


@dataclass(frozen=True)
class Ranking:
    """The ranks of a page's first rows, in their order; ``unit`` is "subject" or "image"."""

    ranks: tuple[Rank, ...]
    unit: str
    units: int
    limit: float


def rank(rows: Sequence[Row]) -> Ranking:
    """Ranks ``rows``, which are sorted by accuracy and may be ranked. Raises ``BundleError``."""
    rows = rows[:MOST]
    if not rows:
        return Ranking((), "image", 0, 0.0)
    tests = _test_sets(rows)
    names, unit = _units(rows, tests)
    places = {
        name: place for place, name in enumerate(sorted({name for one in names.values() for name in one.tolist()}))
    }
    tested = [_tested(rows, digest, names[digest], places) for digest in sorted(tests)]
    found = bootstrap.compare(tested)
    return Ranking(groups(found), unit, len(places), found.limit)


def groups(found: bootstrap.Comparison) -> tuple[Rank, ...]:
    """The ranks of rows that are sorted by accuracy: a row that differs from its group's first begins the next one."""
    ranks: list[Rank] = []
    leader, group = 0, 1
    for row, (low, high) in enumerate(found.intervals.tolist()):
        if found.apart(leader, row):
            leader, group = row, group + 1
        ranks.append(Rank(group, row == leader or found.compared(leader, row), (low, high)))
    return tuple(ranks)


def _test_sets(rows: Sequence[Row]) -> dict[str, tuple[Verified, Strings]]:
    """Each test set, by its digest: a bundle that has it, and its ids."""
    having: dict[str, Verified] = {}
    for row in rows:
        for one in row.bundles:
            having.setdefault(one.result.test_digest, one)
    return {digest: (one, right_answers.test_ids(one.folder, one.result)) for digest, one in having.items()}


def _units(rows: Sequence[Row], tests: Mapping[str, tuple[Verified, Strings]]) -> tuple[dict[str, Strings], str]:
    """The unit of each test sample, by test set, and what the units are. Raises ``BundleError``."""
    people: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    for one in (one for row in rows for one in row.bundles):
        if one.subjects is None:
            return {digest: ids for digest, (_, ids) in tests.items()}, "image"
        if (one.subjects, one.result.test_digest) in seen:
            continue
        seen.add((one.subjects, one.result.test_digest))
        ids = tests[one.result.test_digest][1]
        named = right_answers.subjects(one.folder, ids)
        assert named is not None
        for sample, subject in zip(ids.tolist(), named.tolist(), strict=True):
            if people.setdefault(sample, subject) != subject:
                raise BundleError(
                    f"{one.folder / SUBJECTS} says that {sample} shows {subject}, another bundle of the same "
                    f"dataset says {people[sample]}",
                    fix="restore the file that ferbench wrote, or run it again",
                )
    return {digest: np.array([people[one] for one in ids.tolist()]) for digest, (_, ids) in tests.items()}, "subject"


def _tested(rows: Sequence[Row], digest: str, names: Strings, places: Mapping[str, int]) -> bootstrap.TestSet:
    units: NDArray[np.int64] = np.array([places[name] for name in names.tolist()])
    right = np.zeros((len(rows), len(places)), np.int32)
    seeds = np.zeros(len(rows), np.int64)
    for number, row in enumerate(rows):
        for one in row.bundles:
            if one.result.test_digest == digest:
                right[number] += _by_unit(one.right[row.classifier], units, len(places))
                seeds[number] += 1
    return bootstrap.TestSet(right, seeds, np.bincount(units, minlength=len(places)))


def _by_unit(right: Right, units: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    return np.bincount(units[right], minlength=count)
