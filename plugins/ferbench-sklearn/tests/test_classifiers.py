"""The three classifiers, on blobs in the plane and on the unit sphere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.svm import SVC, LinearSVC

from ferbench.components import signature
from ferbench.data import Embeddings, Labels
from ferbench.errors import ParameterError
from ferbench_sklearn.classifiers import lda, softmax_regression, svm

Data = tuple[Embeddings, Labels]
BUILT = {
    "svm linear": lambda: svm(),
    "svm rbf": lambda: svm("rbf"),
    "svm poly": lambda: svm("poly"),
    "svm sigmoid": lambda: svm("sigmoid"),
    "svm balanced": lambda: svm("linear", balanced=True),
    "lda": lambda: lda(),
    "lda shrunk": lambda: lda(0.5),
    "softmax-regression": lambda: softmax_regression(),
}
each = pytest.mark.parametrize("build", BUILT.values(), ids=BUILT.keys())


def blobs(classes: int, seed: int = 0) -> Data:
    """180 float32 embeddings of length 1 in 6 dimensions, and their labels."""
    rows, labels = make_blobs(180, 6, centers=classes, cluster_std=1.0, center_box=(-6, 6), random_state=seed)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32), labels.astype(np.int64)


def scores_of(fitted: Any, rows: Embeddings) -> Any:
    """One column a class, whichever the classifier has; two classes by sign."""
    if hasattr(fitted, "predict_proba"):
        return fitted.predict_proba(rows)
    values = fitted.decision_function(rows)
    return values if values.ndim == 2 else np.stack([-values, values], axis=1)


@each
@pytest.mark.parametrize("classes", [2, 4])
def test_it_learns_and_predicts_the_class_with_the_highest_score(build: Any, classes: int) -> None:
    rows, labels = blobs(classes)
    fitted = build().fit(rows[:120], labels[:120])
    predicted = fitted.predict(rows[120:])
    assert (predicted == labels[120:]).mean() > 0.9
    scores = scores_of(fitted, rows[120:])
    assert scores.shape == (60, classes)
    np.testing.assert_array_equal(fitted.classes_[scores.argmax(axis=1)], predicted)


@each
def test_predictions_follow_the_scores_where_classes_overlap(build: Any) -> None:
    """Votes of one class against another may tie, or contradict the scores, where nothing is clear."""
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(150, 3)).astype(np.float32), rng.integers(0, 5, 150)
    fitted = build().fit(rows, labels)
    np.testing.assert_array_equal(fitted.classes_[scores_of(fitted, rows).argmax(axis=1)], fitted.predict(rows))


@each
def test_it_is_a_scikit_learn_estimator_that_gives_one_answer(build: Any) -> None:
    rows, labels = blobs(3)
    first, again = build().fit(rows, labels), clone(build()).fit(rows, labels)
    np.testing.assert_array_equal(scores_of(first, rows), scores_of(again, rows))


@each
def test_labels_may_have_gaps(build: Any) -> None:
    rows, labels = blobs(3)
    codes = np.array([1, 4, 6], np.int64)[labels]
    fitted = build().fit(rows, codes)
    assert fitted.classes_.tolist() == [1, 4, 6]
    assert set(fitted.predict(rows).tolist()) <= {1, 4, 6}


def test_parameters_arrive() -> None:
    linear = svm("linear", C=0.5, balanced=True)
    assert isinstance(linear, LinearSVC)
    assert (linear.C, linear.class_weight, linear.dual) == (0.5, "balanced", False)
    assert svm("sigmoid", gamma=0.25).gamma == 0.25
    curved = svm("poly", C=2.0, gamma=0.25, degree=5)
    assert isinstance(curved, SVC)
    assert (curved.kernel, curved.C, curved.gamma, curved.degree, curved.class_weight) == ("poly", 2.0, 0.25, 5, None)
    assert svm("rbf").gamma == "scale"
    assert (lda().solver, lda().shrinkage, lda(0.3).solver, lda(0.3).shrinkage) == ("svd", None, "lsqr", 0.3)
    regression = softmax_regression(C=3.0, iterations=7)
    assert (regression.C, regression.max_iter) == (3.0, 7)


def test_balanced_gives_a_rare_class_its_due() -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1], [190, 10])
    rows = (rng.normal(size=(200, 2)) + labels[:, None]).astype(np.float32)
    recalls = [
        (svm(kernel, balanced=balanced).fit(rows, labels).predict(rows[labels == 1]) == 1).mean()
        for kernel in ("linear", "rbf")
        for balanced in (False, True)
    ]
    assert recalls[0] + 0.3 < recalls[1]
    assert recalls[2] + 0.3 < recalls[3]


@pytest.mark.parametrize(
    ("factory", "given", "message"),
    [
        (svm, {"kernel": "cubic"}, "'kernel' cannot be 'cubic'"),
        (svm, {"C": 0.0}, "'C' cannot be 0.0"),
        (svm, {"C": "nan"}, "'C' cannot be 'nan'"),
        (svm, {"gamma": -1.0}, "'gamma' cannot be -1.0"),
        (svm, {"degree": 0}, "'degree' cannot be 0"),
        (svm, {"degree": 2.5}, "'degree' cannot be 2.5"),
        (svm, {"balanced": "maybe"}, "'balanced' cannot be 'maybe'"),
        (svm, {"kernal": "rbf"}, "no parameter 'kernal'"),
        (lda, {"shrinkage": 1.5}, "'shrinkage' cannot be 1.5"),
        (lda, {"shrinkage": -0.1}, "'shrinkage' cannot be -0.1"),
        (softmax_regression, {"iterations": 0}, "'iterations' cannot be 0"),
        (softmax_regression, {"C": -1.0}, "'C' cannot be -1.0"),
    ],
)
def test_a_value_out_of_range_is_named_before_any_work(factory: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        signature.checked_parameters(factory, given, "classifier")


@given(shrinkage=st.floats(0, 1), gamma=st.floats(0, 100), C=st.floats(1e-3, 1e3), degree=st.integers(1, 5))
def test_what_the_schema_takes_scikit_learn_takes(
    shrinkage: float,
    gamma: float,
    C: float,  # noqa: N803 - the field's name
    degree: int,
) -> None:
    rows, labels = blobs(3)
    for factory, values in (
        (lda, {"shrinkage": shrinkage}),
        (svm, {"kernel": "sigmoid", "gamma": gamma, "C": C, "degree": degree}),
    ):
        built = factory(**signature.checked_parameters(factory, values, "classifier"))
        assert len(built.fit(rows[:30], labels[:30]).predict(rows)) == len(rows)
