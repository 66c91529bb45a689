"""The paired bootstrap: its promise kept on simulated boards, its limits, and its bytes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ttest_1samp

from ferbench.bundles import bootstrap


def board(right: NDArray[np.bool_], subjects: NDArray[np.int64] | None = None) -> list[bootstrap.TestSet]:
    """One test set, one seed a row; units are the images, or their subjects."""
    units = np.arange(right.shape[1]) if subjects is None else subjects
    shape = (len(right), units.max() + 1)
    summed = np.zeros(shape, np.int64)
    np.add.at(summed.T, units, right.T.astype(np.int64))
    return [bootstrap.TestSet(summed, np.ones(len(right), np.int64), np.bincount(units))]


def alike(rng: np.random.Generator, rows: int, images: int) -> NDArray[np.bool_]:
    """Rows of one and the same accuracy on images of very different difficulty, as real models are."""
    return rng.random((rows, images)) < rng.beta(1.2, 0.8, images)


def groups(test_sets: list[bootstrap.TestSet], resamples: int = 400) -> list[int]:
    """The first row of each row's group, for one test set whose rows are sorted by accuracy first."""
    (tested,) = test_sets
    order = np.argsort(-tested.right.sum(axis=1), kind="stable")
    ordered = bootstrap.TestSet(tested.right[order], tested.seeds[order], tested.images)
    return bootstrap.leaders(bootstrap.Bootstrap([ordered], resamples), len(order))


def test_rows_that_are_alike_are_told_apart_on_at_most_one_board_in_twenty() -> None:
    rng = np.random.default_rng(0)
    wrong = [any(groups(board(alike(rng, 8, 300)))) for _ in range(400)]
    assert 0.005 < np.mean(wrong) < 0.06
    # Without the correction for 28 comparisons it would be most boards.
    uncorrected = 0
    for _ in range(60):
        tested = bootstrap.Bootstrap(board(alike(rng, 8, 300)), 400)
        pairs = [tested.difference(row, other) for row in range(8) for other in range(row)]
        uncorrected += any(pair is not None and pair.p_value < 0.05 for pair in pairs)
    assert uncorrected > 15


def test_wrong_groups_are_as_rare_below_a_row_that_is_better() -> None:
    rng = np.random.default_rng(10)
    wrong = 0
    for _ in range(200):
        difficulty = rng.beta(1.2, 0.8, 300)
        right = rng.random((8, 300)) < difficulty
        right[0] = rng.random(300) < difficulty + 0.3
        first, second, *others = groups(board(right))
        assert (first, second) == (0, 1)
        wrong += any(leader != 1 for leader in others)
    assert wrong < 0.08 * 200


def test_rows_that_are_better_are_told_apart() -> None:
    rng = np.random.default_rng(1)
    difficulty = rng.beta(1.2, 0.8, 2000)
    right = rng.random((6, 2000)) < np.array([0, 0, 0, 0.12, 0.12, 0.12])[:, None] + difficulty
    assert groups(board(right)) == [0, 0, 0, 3, 3, 3]
    difference = bootstrap.Bootstrap(board(right)).difference(3, 0)
    assert difference is not None
    low, high = difference.interval
    assert low < (right[3].mean() - right[0].mean()) < high


def test_the_standard_error_is_that_of_a_paired_difference() -> None:
    rng = np.random.default_rng(2)
    right = alike(rng, 2, 3000)
    gap = right[0].astype(float) - right[1]
    difference = bootstrap.Bootstrap(board(right)).difference(0, 1)
    assert difference is not None
    assert difference.value == pytest.approx(gap.mean())
    assert difference.error == pytest.approx(gap.std() / 3000**0.5, rel=0.05)
    low, high = difference.interval
    assert (high - low) / 2 / difference.error == pytest.approx(1.96, rel=0.001)  # one pair needs no correction
    assert difference.p_value == pytest.approx(ttest_1samp(gap, 0).pvalue, rel=0.2)


def test_images_of_few_people_say_less_than_as_many_of_many() -> None:
    rng = np.random.default_rng(3)
    people = np.repeat(np.arange(30), 40)
    quirks = rng.normal(0, 0.25, (2, 30))[:, people]  # each person is easy for one row and hard for the other
    right = rng.random((2, 1200)) < 0.6 + quirks
    by_image = bootstrap.Bootstrap(board(right))
    by_person = bootstrap.Bootstrap(board(right, people))
    assert by_person.difference(0, 1).error > 2 * by_image.difference(0, 1).error
    assert np.diff(by_person.interval(0)) > 2 * np.diff(by_image.interval(0))
    assert by_person.difference(0, 1).value == pytest.approx(by_image.difference(0, 1).value)


def test_rows_that_agree_are_never_apart_and_those_a_few_images_apart_neither() -> None:
    right = np.tile(alike(np.random.default_rng(4), 1, 500), (3, 1))
    right[2, np.flatnonzero(~right[2])[:5]] = True
    assert not any(groups(board(right)))
    difference = bootstrap.Bootstrap(board(right)).difference(2, 0)
    assert difference.value == pytest.approx(0.01)
    assert difference.p_value > 0.05  # though every resample agrees
    always = np.stack([np.ones(500, np.bool_), np.zeros(500, np.bool_)])
    assert any(groups(board(always)))  # a difference without any variance


def test_rows_are_compared_on_the_test_sets_that_both_have() -> None:
    rng = np.random.default_rng(5)
    first, second, third = (rng.random((4, 200)) < 0.7 for _ in range(3))
    second[1] = rng.random(200) < 0.2  # but only the second row was tested on it

    def tested(right: NDArray[np.bool_], rows: list[int]) -> bootstrap.TestSet:
        seeds = np.isin(np.arange(4), rows).astype(np.int64)
        return bootstrap.TestSet(right * seeds[:, None], seeds, np.ones(200, np.int64))

    resampled = bootstrap.Bootstrap([tested(first, [0, 1]), tested(second, [1, 2]), tested(third, [3])])
    assert resampled.difference(0, 1).value == pytest.approx(first[0].mean() - first[1].mean())
    assert resampled.difference(2, 1).p_value < 1e-6
    assert resampled.difference(0, 1).p_value > 0.01
    assert [resampled.difference(3, other) for other in range(3)] == [None] * 3


def test_several_seeds_are_averaged_image_by_image() -> None:
    rng = np.random.default_rng(6)
    runs = rng.random((6, 400)) < rng.beta(1.2, 0.8, 400)
    right = np.stack([runs[:5].sum(axis=0), runs[5]])
    tested = bootstrap.TestSet(right, np.array([5, 1]), np.ones(400, np.int64))
    difference = bootstrap.Bootstrap([tested]).difference(0, 1)
    assert difference.value == pytest.approx(runs[:5].mean() - runs[5].mean())
    gap = runs[:5].mean(axis=0) - runs[5]
    assert difference.error == pytest.approx(gap.std() / 20, rel=0.06)


def test_too_few_units_are_not_compared() -> None:
    right = np.stack([np.ones(90, np.bool_), np.zeros(90, np.bool_)])
    assert bootstrap.Bootstrap(board(right, np.repeat(np.arange(9), 10))).difference(0, 1) is None
    assert bootstrap.Bootstrap(board(right, np.repeat(np.arange(10), 9))).difference(0, 1) is not None


def test_resamples_are_the_same_for_ever() -> None:
    (counts,) = bootstrap.draws(7, 3)
    assert counts.tolist() == [[1, 2, 0, 0, 3, 0, 1], [0, 2, 2, 0, 1, 2, 0], [3, 3, 0, 1, 0, 0, 0]]
    many = np.concatenate(list(bootstrap.draws(50_000, 100)))  # in several portions
    assert (many.sum(axis=1) == 50_000).all()
    assert many.var() == pytest.approx(1, rel=0.01)


def test_the_order_of_rows_changes_nothing() -> None:
    right = alike(np.random.default_rng(7), 40, 700)
    order = np.random.default_rng(8).permutation(40)
    resampled, permuted = bootstrap.Bootstrap(board(right), 500), bootstrap.Bootstrap(board(right[order]), 500)
    for row in range(40):
        assert permuted.difference(row, 0) == resampled.difference(order[row], order[0])
