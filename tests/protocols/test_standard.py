"""Protocols: nobody on two sides, every class that must be there, the same for the same seed in whatever order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from ferbench.components.discovery import installed
from ferbench.data import Samples, Split
from ferbench.errors import SplitError
from ferbench.protocols.standard import (
    ClipDisjoint,
    GroupTenFold,
    LeaveOneSubjectOut,
    Official,
    RandomSplit,
    SubjectDisjoint,
)

SELECTIONS = ("validation", "test", "last")
PROTOCOLS = (RandomSplit, ClipDisjoint, SubjectDisjoint, LeaveOneSubjectOut, GroupTenFold, Official)


class NoImages:
    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def read(self, index: int) -> Any:
        raise AssertionError("a protocol reads no pixels")


def samples(
    labels: list[int],
    subjects: list[int] | None = None,
    partitions: list[str] | None = None,
    clips: list[str] | None = None,
    order: Any = None,
) -> Samples:
    count = len(labels)
    rows = np.arange(count) if order is None else np.asarray(order)

    def named(values: Any) -> Any:
        return None if values is None else np.array(values, np.str_)[rows]

    return Samples(
        ids=named([f"s{number}" for number in range(count)]),
        labels=np.array(labels, np.int64)[rows],
        classes=("angry", "happy", "sad"),
        images=NoImages(count),
        fingerprint="x",
        subjects=named(None if subjects is None else [f"p{one}" for one in subjects]),
        clips=named(clips),
        partitions=named(partitions),
    )


PEOPLE = samples(
    labels=[0, 1, 2] * 20,
    subjects=list(np.repeat(range(20), 3)),
    clips=[f"c{number}" for number in range(60)],
    partitions=["train"] * 45 + ["test"] * 15,
)


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
    assert RandomSplit().selection == "test"
    assert RandomSplit().why_optimistic(PEOPLE) == (
        "the epoch is chosen on the scored set, and one person's images are on both sides of the split"
    )
    assert "may be on both sides" in RandomSplit().why_optimistic(samples([0, 1, 2]))
    for honest in (SubjectDisjoint, LeaveOneSubjectOut, GroupTenFold, Official):
        assert honest().why_optimistic(PEOPLE) is None
    assert "one person's clips" in ClipDisjoint().why_optimistic(PEOPLE)
    assert "names no subjects" in str(GroupTenFold().why_optimistic(samples([0, 1, 2], clips=["a", "b", "c"])))


@pytest.mark.parametrize("factory", PROTOCOLS)
def test_whoever_selects_on_the_test_set_is_optimistic(factory: Any) -> None:
    assert "chosen on the scored set" in factory(selection="test").why_optimistic(PEOPLE)
    for rule in ("validation", "last"):
        assert "chosen on the scored set" not in str(factory(selection=rule).why_optimistic(PEOPLE))


@pytest.mark.parametrize("factory", PROTOCOLS)
def test_what_the_selection_rule_does_to_the_sides(factory: Any) -> None:
    for held, test, last in zip(*(factory(selection=rule).splits(PEOPLE, 1) for rule in SELECTIONS), strict=True):
        for split in (test, last):
            np.testing.assert_array_equal(split.test, held.test)
            np.testing.assert_array_equal(split.train, np.sort(np.concatenate([held.train, held.validation])))
        assert len(held.validation) > 0
        np.testing.assert_array_equal(test.validation, test.test)
        assert len(last.validation) == 0


def test_the_registered_protocols_are_the_tested_ones() -> None:
    entries = [entry for entry in installed().registry if entry.kind == "protocol"]
    assert {entry.load() for entry in entries} >= set(PROTOCOLS)
    assert all("epoch" in entry.summary or "chooses" in entry.summary for entry in entries)  # the rule beside the name


@pytest.mark.parametrize("protocol", [RandomSplit(), SubjectDisjoint(), ClipDisjoint()])
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
    data = samples([0, 1, 2] * 3, partitions=["train"] * 3 + ["test"] * 3 + ["validation"] * 3)
    for rule in ("validation", "last"):  # the dataset's own validation part is not trained on
        (split,) = Official(rule).splits(data, 7)
        sides = [rows.tolist() for rows in (split.train, split.validation, split.test)]
        assert sides == [[0, 1, 2], [6, 7, 8], [3, 4, 5]]
    (split,) = Official("test").splits(data, 7)
    assert [split.train.tolist(), split.validation.tolist()] == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(SplitError, match="missing: test, train"):
        Official().splits(samples([0, 1, 2]), 0)
    with pytest.raises(SplitError, match="missing: test"):
        Official().splits(samples([0, 1, 2] * 2, partitions=["train"] * 3 + ["validation"] * 3), 0)
    with pytest.raises(SplitError, match="sad has 0 samples in validation"):
        Official().splits(
            samples([0, 1, 2] * 2 + [0, 1], partitions=["train"] * 3 + ["test"] * 3 + ["validation"] * 2), 0
        )


def test_official_without_a_validation_part_holds_out_a_tenth_of_each_class_the_same_for_every_seed() -> None:
    labels, partitions = [0] * 100 + [1] * 40 + [2] * 10 + [0, 1, 2], ["train"] * 150 + ["test"] * 3
    data = samples(labels, partitions=partitions)
    (split,), (again,) = Official().splits(data, 0), Official().splits(data, 5)
    assert np.bincount(data.labels[split.validation]).tolist() == [10, 4, 1]
    assert len(split.train) == 135
    assert split.digest(data.ids) == again.digest(data.ids)
    (whole,) = Official("last").splits(data, 0)
    assert whole.digest(data.ids) != split.digest(data.ids)


@pytest.mark.parametrize("kind", ["subjects", "clips"])
def test_what_official_holds_out_are_whole_groups(kind: Any) -> None:
    groups = {"subjects": list(range(30)) * 5} if kind == "subjects" else {"clips": [f"c{n % 30}" for n in range(150)]}
    data = samples([0, 1, 2] * 50, partitions=["train"] * 120 + ["test"] * 30, **groups)
    (split,) = Official().splits(data, 0)
    named = getattr(data, kind)
    assert not set(named[split.train]) & set(named[split.validation])
    assert len(split.validation) == 12
    with pytest.raises(SplitError, match=r"is one group.*(?s:.)*selection=last"):
        Official().splits(samples([0, 1, 2] * 2, [0] * 6, ["train"] * 3 + ["test"] * 3), 0)


def test_leave_one_subject_out_scores_each_subject_once_and_names_the_split_after_it() -> None:
    splits = LeaveOneSubjectOut().splits(PEOPLE, 0)
    assert PEOPLE.subjects is not None
    assert [set(PEOPLE.subjects[split.test]) for split in splits] == [{name} for name in np.unique(PEOPLE.subjects)]
    assert [split.name for split in splits[:2]] == ["01-p0", "02-p1"]
    odd = Samples(**{**vars(PEOPLE), "subjects": np.array([f"../{one}/é" for one in PEOPLE.subjects])})
    assert [split.name for split in LeaveOneSubjectOut().splits(odd, 0)[:2]] == ["01--p0-", "02--p1-"]


def test_a_left_out_subject_may_lack_a_class_and_those_trained_on_may_not() -> None:
    labels = [0, 1, 2, 0, 1, 2, 0, 1, 0, 1]
    data = samples(labels, [0, 0, 0, 1, 1, 1, 2, 2, 3, 3])
    assert len(LeaveOneSubjectOut("last").splits(data, 0)) == 4
    only = samples([0, 1, 2, 0, 1, 0, 1], [0, 0, 0, 1, 1, 2, 2])
    with pytest.raises(SplitError, match="sad has 0 samples in train of 1-p0, it needs at least 1"):
        LeaveOneSubjectOut("last").splits(only, 0)


def test_every_problem_is_in_one_error_and_a_long_list_is_cut() -> None:
    with pytest.raises(SplitError, match=r"angry has 1 samples.*; happy has 0 samples.*; sad has 1 samples") as raised:
        RandomSplit().splits(samples([0, 2]), 0)
    assert "ferbench list protocols" in raised.value.fix
    one_class_each = samples([0, 0, 1, 1, 2, 2] * 9, list(range(54)))
    data = Samples(**{**vars(one_class_each), "classes": tuple("abcdefghijklm")})
    with pytest.raises(SplitError, match=r"; and \d+ more"):
        LeaveOneSubjectOut().splits(data, 0)


@pytest.mark.parametrize(
    ("factory", "data", "message"),
    [
        (ClipDisjoint, samples([0, 1, 2]), "needs to know the clips"),
        (ClipDisjoint, samples([0, 1, 2] * 2, clips=list("abcdef")), "has 0 samples for validation"),
        (LeaveOneSubjectOut, samples([0, 1, 2]), "needs to know the subjects"),
        (LeaveOneSubjectOut, samples([0, 1, 2] * 2, [0] * 3 + [1] * 3), "has 2 subjects, it needs at least 3"),
        (GroupTenFold, samples([0, 1, 2]), "needs to know the subjects or clips"),
        (GroupTenFold, samples([0, 1, 2] * 9, list(range(9)) * 3), "has 9 subjects, it needs at least 10"),
        (GroupTenFold, samples([0, 1, 2] * 4, list(range(12))), "the largest class has 4 samples, it needs at least"),
        (GroupTenFold, samples([0] * 15 + [1, 2], list(range(17))), "happy has 0 samples in train of fold-"),
        (ClipDisjoint, samples([0, 1] * 9 + [2], clips=[f"c{n}" for n in range(19)]), "sad has 0 samples in test"),
    ],
)
def test_what_cannot_be_split_says_why(factory: Any, data: Samples, message: str) -> None:
    with pytest.raises(SplitError, match=message) as raised:
        factory().splits(data, 0)
    assert "protocol" in raised.value.fix


def test_one_subject_is_nobody_to_leave_out() -> None:
    for factory in (LeaveOneSubjectOut, SubjectDisjoint):
        with pytest.raises(SplitError, match="has 1 subjects, it needs at least 2"):
            factory(selection="last").splits(samples([0, 1, 2], [0, 0, 0]), 0)


@st.composite
def datasets(draw: Any) -> tuple[Samples, Samples]:
    """A dataset of people, their clips and official partitions, and the same with its samples in another order.

    Drawn by NumPy: Hypothesis's own lists are so often without a class or a part that hardly one could be split.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    people = draw(st.integers(1, 16))
    clips = people * draw(st.integers(1, 4))
    clip = np.repeat(np.arange(clips), rng.integers(1, 4, clips))  # one to three frames each
    subject, labels = rng.integers(0, people, clips)[clip], rng.integers(0, 3, clips)[clip]
    if draw(st.booleans()):  # frames of one clip that differ, as onset and apex do
        labels = rng.integers(0, 3, len(clip))
    known = draw(st.sampled_from(["both", "both", "subjects", "clips", "neither"]))
    partitions = draw(st.sampled_from([["train", "test"], ["train", "train", "validation", "test"]]))
    columns: dict[str, Any] = {
        "labels": labels.tolist(),
        "subjects": subject.tolist() if known in ("both", "subjects") else None,
        "clips": [f"c{one}" for one in clip] if known in ("both", "clips") else None,
        "partitions": rng.choice(partitions, len(clip)).tolist(),
    }
    return samples(**columns), samples(**columns, order=rng.permutation(len(clip)))


def straddling(groups: Any, split: Split) -> set[Any]:
    """The groups on two sides, the validation side counted where it is not the test side."""
    sides = [set(groups[rows]) for rows in (split.train, split.validation, split.test)]
    if np.array_equal(split.validation, split.test):
        sides.pop(1)
    return {name for side in sides for name in side if sum(name in other for other in sides) > 1}


def split_or_refused(protocol: Any, data: Samples, seed: int) -> Any:
    try:
        return protocol.splits(data, seed)
    except SplitError as error:
        if not error.what.startswith(f"protocol '{NAMES[type(protocol)]}'"):
            raise
        return None


@pytest.mark.parametrize("factory", PROTOCOLS)
@given(pair=datasets(), rule=st.sampled_from(SELECTIONS), seed=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_any_dataset_is_split_soundly_or_refused_with_a_reason(factory: Any, pair: Any, rule: Any, seed: int) -> None:
    data, moved = pair
    protocol = factory(selection=rule)
    splits = split_or_refused(protocol, data, seed)
    event("split" if splits else "refused")
    if splits is None:
        assert split_or_refused(protocol, moved, seed) is None
        return
    again, elsewhere = protocol.splits(data, seed), protocol.splits(moved, seed)
    hashes = [split.digest(data.ids) for split in splits]
    assert hashes == [split.digest(data.ids) for split in again]
    assert hashes == [split.digest(moved.ids) for split in elsewhere]
    assert len({split.name for split in splits}) == len(splits)
    everything = set(range(len(data)))
    for split in splits:
        train, validation, test = (set(rows.tolist()) for rows in (split.train, split.validation, split.test))
        assert len(train) == len(split.train) > 0
        assert len(test) == len(split.test) > 0
        assert not train & test
        assert not train & validation
        assert (validation == test) if rule == "test" else not validation & test
        assert set(data.labels[split.train]) == {0, 1, 2}
        if factory is not Official:
            assert train | validation | test == everything
            assert bool(validation) == (rule != "last")
        if factory in GROUPED:
            groups = data.clips if factory is ClipDisjoint or data.subjects is None else data.subjects
            assert straddling(groups, split) == set()
    if factory in (LeaveOneSubjectOut, GroupTenFold):
        scored = np.concatenate([split.test for split in splits])
        assert sorted(scored.tolist()) == sorted(everything)


GROUPED = (ClipDisjoint, SubjectDisjoint, LeaveOneSubjectOut, GroupTenFold)
NAMES = {
    RandomSplit: "random-7-3",
    ClipDisjoint: "clip-disjoint-7-3",
    SubjectDisjoint: "subject-disjoint-7-3",
    LeaveOneSubjectOut: "loso",
    GroupTenFold: "group-10-fold",
    Official: "official",
}
