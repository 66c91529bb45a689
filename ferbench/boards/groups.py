"""Rows -> rank groups: a row does not differ significantly from the first of its group, the most accurate one.

The units of the bootstrap are the subjects where every bundle names them, and the images otherwise. Two rows are
compared on the test sets that both have (all of them, where the protocol's test set is the same for all seeds), each
row's answers averaged over its seeds image by image. A row that shares too little with its group's first is listed in
the group as not compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.boards.read import Verified
from ferbench.boards.rows import BoardRow
from ferbench.bundles import bootstrap
from ferbench.bundles.bootstrap import Bootstrap, TestSet
from ferbench.bundles.bundle import predictions, read_subjects
from ferbench.bundles.files import FIX, SUBJECTS
from ferbench.data import Strings
from ferbench.errors import BundleError


@dataclass(frozen=True)
class Rank:
    """A row's ``group``, from 1, and whether it was compared with the group's first.

    ``interval`` is the bootstrap's 95% interval of the row's own accuracy.
    """

    group: int
    compared: bool
    interval: tuple[float, float]


@dataclass(frozen=True)
class Ranking:
    """The ranks of a page's first rows, in their order; ``unit`` is "subject" or "image"."""

    ranks: tuple[Rank, ...]
    unit: str
    units: int


def rank(rows: Sequence[BoardRow]) -> Ranking:
    """Ranks ``rows``, which are sorted by accuracy and may be ranked. Raises ``BundleError``."""
    if not rows:
        return Ranking((), "image", 0)
    bundles = [bundle for row in rows for bundle in row.bundles]
    names = {}
    for digest, bundle in {bundle.result.test_digest: bundle for bundle in bundles}.items():
        names[digest] = predictions(bundle.folder, bundle.result, bundle.result.main_classifier).in_order().ids
    subjects = _subjects(bundles)
    if subjects is not None:
        names = {digest: np.array([subjects[sample] for sample in ids.tolist()]) for digest, ids in names.items()}
    codes = {name: code for code, name in enumerate(np.unique(np.concatenate(list(names.values()))).tolist())}
    resampled = Bootstrap([_test_set(rows, digest, names[digest], codes) for digest in sorted(names)])
    ranks: list[Rank] = []
    group = 0
    for number, leader in enumerate(bootstrap.leaders(resampled, len(rows))):
        if number == leader:
            group += 1
        compared = number == leader or resampled.difference(leader, number) is not None
        ranks.append(Rank(group, compared, resampled.interval(number)))
    return Ranking(tuple(ranks), "image" if subjects is None else "subject", len(codes))


def _subjects(bundles: Sequence[Verified]) -> dict[str, str] | None:
    """The subject of each test sample by its id; ``None`` if a bundle names none. Raises ``BundleError``."""
    if any(bundle.subjects is None for bundle in bundles):
        return None
    subject_of: dict[str, str] = {}
    for bundle in {bundle.subjects: bundle for bundle in bundles}.values():
        for sample, subject in (read_subjects(bundle.folder) or {}).items():
            if subject_of.setdefault(sample, subject) != subject:
                raise BundleError(
                    f"{bundle.folder / SUBJECTS} says that {sample} shows {subject}, another bundle of the same "
                    f"dataset says {subject_of[sample]}",
                    fix=FIX,
                )
    return subject_of


def _test_set(rows: Sequence[BoardRow], digest: str, names: Strings, codes: Mapping[str, int]) -> TestSet:
    units: NDArray[np.int64] = np.array([codes[name] for name in names.tolist()])
    right = np.zeros((len(rows), len(codes)), np.int32)
    seeds = np.zeros(len(rows), np.int64)
    for number, row in enumerate(rows):
        for bundle in row.bundles:
            if bundle.result.test_digest == digest:
                right[number] += np.bincount(units[bundle.right[row.classifier]], minlength=len(codes))
                seeds[number] += 1
    return TestSet(right, seeds, np.bincount(units, minlength=len(codes)))
