"""Rows -> rank groups: a row does not differ significantly from the first of its group, the most accurate one.

The units of the bootstrap are the subjects where every bundle names them, and the images otherwise. Two rows are
compared on the test sets that both have (all of them, where the protocol's test set is the same for all seeds), each
row's answers averaged over its seeds image by image. A row that shares too little with its group's first is listed in
the group as not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.boards.read import Verified
from ferbench.boards.rows import BoardRow
from ferbench.bundles import bootstrap, right_answers
from ferbench.bundles.bootstrap import Bootstrap, TestSet
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
    examples = {bundle.result.test_digest: bundle for row in reversed(rows) for bundle in reversed(row.bundles)}
    ids = {digest: right_answers.test_ids(one.folder, one.result) for digest, one in examples.items()}
    subjects = _subjects(rows, ids)
    names = ids if subjects is None else subjects
    codes = {name: code for code, name in enumerate(sorted({name for one in names.values() for name in one.tolist()}))}
    test_sets = [_test_set(rows, digest, names[digest], codes) for digest in sorted(names)]
    return Ranking(
        tuple(_ranks(Bootstrap(test_sets), len(rows))), "image" if subjects is None else "subject", len(codes)
    )


def _ranks(resampled: Bootstrap, rows: int) -> Iterator[Rank]:
    group = 0
    for row, leader in enumerate(bootstrap.leaders(resampled, rows)):
        if row == leader:
            group += 1
        compared = row == leader or resampled.difference(leader, row) is not None
        yield Rank(group, compared, resampled.interval(row))


def _subjects(rows: Sequence[BoardRow], ids: Mapping[str, Strings]) -> dict[str, Strings] | None:
    """The subject of each test sample, by test set; ``None`` if a bundle names none. Raises ``BundleError``."""
    bundles = [bundle for row in rows for bundle in row.bundles]
    if any(bundle.subjects is None for bundle in bundles):
        return None
    subject_of: dict[str, str] = {}
    different = {(bundle.subjects, bundle.result.test_digest): bundle for bundle in bundles}
    for bundle in different.values():
        samples = ids[bundle.result.test_digest]
        for sample, subject in zip(samples.tolist(), _named(bundle, samples), strict=True):
            if subject_of.setdefault(sample, subject) != subject:
                raise BundleError(
                    f"{bundle.folder / SUBJECTS} says that {sample} shows {subject}, another bundle of the same "
                    f"dataset says {subject_of[sample]}",
                    fix=FIX,
                )
    return {digest: np.array([subject_of[sample] for sample in samples.tolist()]) for digest, samples in ids.items()}


def _named(bundle: Verified, samples: Strings) -> list[str]:
    subjects = right_answers.subjects(bundle.folder, samples)
    assert subjects is not None  # the bundle has such a file
    return [str(subject) for subject in subjects.tolist()]


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
