"""Protocols: nobody on two sides, every class on each, the same for the same seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.audit import audit
from ferbench.data import Samples
from ferbench.errors import SplitError
from ferbench.protocols import Official, RandomSplit, SubjectDisjoint


class NoImages:
    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def read(self, index: int) -> Any:
        raise AssertionError("a protocol reads no pixels")


def samples(labels: list[int], subjects: list[int] | None = None, parts: list[str] | None = None) -> Samples:
    count = len(labels)
    return Samples(
        ids=np.array([f"s{number}" for number in range(count)], np.str_),
        labels=np.array(labels, np.int64),
        classes=("angry", "happy", "sad"),
        images=NoImages(count),
        fingerprint="x",
        subjects=None if subjects is None else np.array([f"p{one}" for one in subjects], np.str_),
        parts=None if parts is None else np.array(parts, np.str_),
    )


PEOPLE = samples(labels=[0, 1, 2] * 20, subjects=list(np.repeat(range(20), 3)))


@given(st.lists(st.integers(0, 2), min_size=6, max_size=60), st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_random_split_covers_everything_once_in_proportion(labels: list[int], seed: int) -> None:
    data = samples(labels)
    counts = np.bincount(labels, minlength=3)
    if counts.min() < 2:
        with pytest.raises(SplitError, match=r"has \d samples, it needs at least 2"):
            RandomSplit().splits(data, seed)
        return
    (split,) = RandomSplit().splits(data, seed)
    assert sorted([*split.train, *split.test]) == list(range(len(labels)))
    assert np.array_equal(split.validation, split.test)
    for code, count in enumerate(counts):
        assert abs((data.labels[split.test] == code).sum() - 0.3 * count) <= 1


def test_the_paper_s_protocol_says_that_it_is_optimistic() -> None:
    assert RandomSplit.selection == "test"
    assert "chosen on the scored set" in str(RandomSplit.optimistic)
    assert SubjectDisjoint.optimistic is None


@pytest.mark.parametrize("protocol", [RandomSplit(), SubjectDisjoint()])
def test_a_seed_gives_one_split_and_another_seed_another(protocol: Any) -> None:
    (first,), (again,), (other,) = (protocol.splits(PEOPLE, seed) for seed in (0, 0, 1))
    assert first.digest(PEOPLE.ids) == again.digest(PEOPLE.ids)
    assert first.digest(PEOPLE.ids) != other.digest(PEOPLE.ids)


@pytest.mark.parametrize("seed", range(5))
def test_nobody_is_on_two_sides(seed: int) -> None:
    assert PEOPLE.subjects is not None
    (split,) = SubjectDisjoint().splits(PEOPLE, seed)
    sides = [set(PEOPLE.subjects[rows]) for rows in (split.train, split.validation, split.test)]
    assert sum(map(len, sides)) == len(set.union(*sides)) == 20
    assert len(sides[2]) == 6
    assert audit(split, PEOPLE)["subjects"] == {"shared": 0, "test_images": 0}


def test_the_audit_sees_people_on_both_sides() -> None:
    (split,) = RandomSplit().splits(PEOPLE, 0)
    found = audit(split, PEOPLE)
    assert found["validation_is_test"] is True
    assert found["subjects"]["shared"] > 5
    assert found["subjects"]["test_images"] > 5
    assert found["clips"] is None


def test_the_digest_does_not_depend_on_the_order_of_the_dataset() -> None:
    (split,) = SubjectDisjoint().splits(PEOPLE, 0)
    order = np.random.default_rng(0).permutation(len(PEOPLE))
    place = np.argsort(order)
    moved = type(split)(split.name, place[split.train], place[split.validation], place[split.test])
    assert moved.digest(PEOPLE.ids[order]) == split.digest(PEOPLE.ids)


def test_subjects_are_needed_and_enough_of_them() -> None:
    with pytest.raises(SplitError, match=r"(?s)does not name them.*--protocol"):
        SubjectDisjoint().splits(samples([0, 1, 2]), 0)
    with pytest.raises(SplitError, match="has 2 subjects, it needs at least 3"):
        SubjectDisjoint().splits(samples([0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1]), 0)


def test_a_class_that_is_missing_on_a_side_is_named() -> None:
    with pytest.raises(SplitError, match="sad has 0 samples in"):
        SubjectDisjoint().splits(samples([0, 1] * 9 + [2], [*np.repeat(range(9), 2), 0]), 3)


def test_official_uses_the_parts() -> None:
    data = samples([0, 1, 2] * 3, parts=["train"] * 3 + ["test"] * 3 + ["validation"] * 3)
    (split,) = Official().splits(data, 7)
    assert [rows.tolist() for rows in (split.train, split.validation, split.test)] == [[0, 1, 2], [6, 7, 8], [3, 4, 5]]
    with pytest.raises(SplitError, match="missing: test, train, validation"):
        Official().splits(samples([0, 1, 2]), 0)
    with pytest.raises(SplitError, match="missing: validation"):
        Official().splits(samples([0, 1, 2] * 2, parts=["train"] * 3 + ["test"] * 3), 0)
    with pytest.raises(SplitError, match="sad has 0 samples in validation"):
        Official().splits(samples([0, 1, 2] * 2 + [0, 1], parts=["train"] * 3 + ["test"] * 3 + ["validation"] * 2), 0)
