"""The sigmoid SVM against scikit-learn's, whose solution it promises."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import estimator_checks_generator

from ferbench.data import Embeddings, Labels
from ferbench_sklearn import sigmoid
from ferbench_sklearn.sigmoid import SigmoidSVC

CHECKS = list(estimator_checks_generator(SigmoidSVC()))


def overlapping(classes: int, rows: int = 900, seed: int = 0) -> tuple[Embeddings, Labels]:
    rng = np.random.default_rng(seed)
    means, labels = rng.normal(size=(classes, 16)), rng.choice(classes, rows, p=_uneven(classes))
    found = (means[labels] + 1.5 * rng.normal(size=(rows, 16))).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True), labels


def _uneven(classes: int) -> Any:
    sizes = np.arange(1, classes + 1)
    return sizes / sizes.sum()


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("weight", [None, "balanced"])
@pytest.mark.parametrize("gamma", ["scale", 0.7])
def test_decision_values_are_libsvms(
    classes: int,
    weight: Literal["balanced"] | None,
    gamma: float | Literal["scale"],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sigmoid, "CHUNK", 100)  # several chunks, the last one short
    rows, labels = overlapping(classes)
    theirs = SVC(kernel="sigmoid", C=2.0, gamma=gamma, class_weight=weight, break_ties=classes > 2)
    theirs.fit(rows[:600], labels[:600])
    ours = SigmoidSVC(C=2.0, gamma=gamma, class_weight=weight).fit(rows[:600], labels[:600])
    np.testing.assert_allclose(
        ours.decision_function(rows[600:]), theirs.decision_function(rows[600:]), rtol=0, atol=1e-9
    )
    np.testing.assert_array_equal(ours.predict(rows[600:]), theirs.predict(rows[600:]))
    np.testing.assert_array_equal(ours.support_, np.sort(theirs.support_))


# scikit-learn looks at labels that are infinite, and numpy warns of it before scikit-learn refuses them.
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=[check.func.__name__ for _, check in CHECKS])
def test_it_is_a_scikit_learn_estimator(estimator: Any, check: Any) -> None:
    check(estimator)
