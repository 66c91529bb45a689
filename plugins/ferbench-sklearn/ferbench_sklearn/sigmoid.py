"""A support vector machine with the sigmoid kernel: libsvm's solution, with each kernel matrix made at once.

The sigmoid kernel is not positive semi-definite, so its problem has many local solutions: libsvm itself ends elsewhere
when the same rows come in another order (94.7% of the predictions stay, on 3,000 rows), and so does any other solver.
To have libsvm's, libsvm solves it here too. It spends its time on single kernel values; one matrix product a pair of
classes gives them all, several times as fast.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from typing import Any, Literal, Self

import numpy as np
from joblib import cpu_count
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

Floats = NDArray[np.float64]

CHUNK = 512
"""Rows of a kernel matrix whose tanh is taken at a time."""


class SigmoidSVC(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """``SVC(kernel="sigmoid", coef0=0, break_ties=True)``: the same decision values, one class against one.

    The largest pair of classes, of n rows, takes 8 n² bytes: 1.2 GB for FER2013's.

    Args:
        C: inverse strength of the L2 penalty.
        gamma: factor of the inner product, "scale" being 1 / (D * variance).
        class_weight: "balanced" weighs each class by the inverse of its size.
    """

    def __init__(
        self,
        C: float = 1.0,  # noqa: N803 - the field's name
        gamma: float | Literal["scale"] = "scale",
        class_weight: Literal["balanced"] | None = None,
    ) -> None:
        self.C = C
        self.gamma = gamma
        self.class_weight = class_weight

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803 - scikit-learn's name
        """Embeddings [N, D] and their labels [N], of at least two classes."""
        check_classification_targets(y)
        rows, y = validate_data(self, X, y, dtype=np.float64)
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"there is one class, {self.classes_[0]!r}; a classifier needs two")
        weights = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        variance = rows.var()
        self._gamma = (1 / (rows.shape[1] * variance) if variance else 1.0) if self.gamma == "scale" else self.gamma
        pairs = list(combinations(range(len(self.classes_)), 2))
        duals, self.intercept_ = np.zeros((len(pairs), len(rows))), np.empty(len(pairs))
        for place, pair in enumerate(pairs):
            chosen = np.flatnonzero(np.isin(labels, pair))
            solver = SVC(C=self.C, kernel="precomputed", class_weight={code: weights[code] for code in pair})
            solver.fit(self._kernel(rows[chosen], rows[chosen]), labels[chosen])
            duals[place, chosen[solver.support_]] = solver.dual_coef_[0]
            self.intercept_[place] = solver.intercept_[0]
        self.support_ = np.flatnonzero(duals.any(axis=0))
        self.support_vectors_, self.dual_coef_ = rows[self.support_], duals[:, self.support_]
        return self

    def decision_function(self, X: Any) -> Floats:  # noqa: N803 - scikit-learn's name
        """A value a class, float64 [N, C]: votes of the pairs, ties broken by their summed confidence.

        Two classes have one column, [N], positive for the second, as everywhere in scikit-learn.
        """
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        starts = range(0, len(rows), CHUNK)
        values = np.concatenate(
            [self._kernel(rows[start : start + CHUNK], self.support_vectors_) @ self.dual_coef_.T for start in starts]
        )
        values += self.intercept_
        if len(self.classes_) == 2:
            return np.asarray(values[:, 0])
        votes, confidence = np.zeros((2, len(rows), len(self.classes_)))
        for place, (first, second) in enumerate(combinations(range(len(self.classes_)), 2)):
            one = values[:, place]  # positive for the second of the two
            votes[:, first] += one <= 0
            votes[:, second] += one > 0
            confidence[:, first] -= one
            confidence[:, second] += one
        confidence /= 3 * (np.abs(confidence) + 1)  # less than a vote: it only breaks ties
        return np.asarray(votes + confidence, np.float64)

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """The class of each row, [N]."""
        values = self.decision_function(X)
        return self.classes_[(values > 0).astype(int) if values.ndim == 1 else values.argmax(axis=1)]

    def _kernel(self, left: Floats, right: Floats) -> Floats:
        """tanh(gamma <left, right>), float64 [L, R]: a matrix product, and tanh over all cores in its place."""
        values = left @ right.T

        def squash(start: int) -> None:
            part = values[start : start + CHUNK]
            np.multiply(part, self._gamma, out=part)
            np.tanh(part, out=part)

        with ThreadPoolExecutor(cpu_count()) as pool:
            list(pool.map(squash, range(0, len(values), CHUNK)))
        return values
