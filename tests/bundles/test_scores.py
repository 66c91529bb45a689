"""Scores by hand-worked examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score, recall_score

from ferbench.bundles.intervals import accuracy_interval
from ferbench.bundles.scores import MISS, score
from ferbench.data import Predictions


def predictions(labels: list[int], predicted: list[int]) -> Predictions:
    count = len(labels)
    return Predictions(
        ids=np.array([str(number) for number in range(count)]),
        splits=np.full(count, "s"),
        labels=np.array(labels, np.int64),
        predicted=np.array(predicted, np.int64),
        scores=np.zeros((count, 3)),
        scores_kind="decision",
        classes=("a", "b", "c"),
    )


def test_by_hand() -> None:
    found = score(predictions([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0]))
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.recall == [0.75, 0.5, None]
    assert found.uar == pytest.approx((0.75 + 0.5) / 2)
    assert found.macro_f1 == pytest.approx((0.75 + 0.5) / 2)
    assert found.confusion == [[3, 1, 0], [1, 1, 0], [0, 0, 0]]
    assert found.missed == 0


def test_a_miss_is_an_error_in_every_score() -> None:
    found = score(predictions([0, 0, 1, 1], [0, MISS, 1, MISS]))
    assert found.missed == 2
    assert found.accuracy == 0.5
    assert found.recall == [0.5, 0.5, None]
    assert found.uar == 0.5
    assert found.macro_f1 == pytest.approx(2 / 3)  # precision 1, recall 0.5
    assert sum(map(sum, found.confusion)) == 2


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2)), min_size=1, max_size=30))
def test_bounds(rows: list[tuple[int, int]]) -> None:
    found = score(predictions([row[0] for row in rows], [row[1] for row in rows]))
    low, high = found.interval
    assert 0 <= low <= found.accuracy + 1e-12
    assert found.accuracy - 1e-12 <= high <= 1
    assert 0 <= found.macro_f1 <= 1
    assert 0 <= found.uar <= 1


def test_the_interval_is_wilson_s() -> None:
    z, share, count = 1.959963984540054, 0.7, 100
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)) ** 0.5
    assert accuracy_interval(70, 100) == pytest.approx((middle - half, middle + half))
    assert accuracy_interval(0, 0) == (0.0, 1.0)
    low, high = accuracy_interval(round(0.7 * 3589), 3589)
    assert high - low == pytest.approx(0.03, abs=0.001)  # about 1.5 points either way on FER2013's test


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-1, 2)), min_size=1, max_size=30))
def test_scores_are_scikit_learns(rows: list[tuple[int, int]]) -> None:
    truth, predicted = [row[0] for row in rows], [row[1] for row in rows]
    found, present = score(predictions(truth, predicted)), sorted(set(truth))
    recall = recall_score(truth, predicted, labels=present, average=None, zero_division=0.0)
    f1 = f1_score(truth, predicted, labels=present, average="macro", zero_division=0.0)
    assert found.macro_f1 == pytest.approx(f1)
    assert found.uar == pytest.approx(recall.mean())
    assert [value for value in found.recall if value is not None] == pytest.approx(recall.tolist())
    assert found.confusion == confusion_matrix(truth, predicted, labels=[0, 1, 2]).tolist()
