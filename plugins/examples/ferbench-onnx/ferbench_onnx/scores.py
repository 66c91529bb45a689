"""The model's own class scores as the prediction."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ferbench.data import Embeddings, Labels
from ferbench.errors import ParameterError

NONE = -1
"""In place of a column: the model has no score for that class."""


def onnx_scores(columns: list[int] = []) -> OnnxScores:  # noqa: B006 - a pipeline's list, which is not changed
    """The model's own class scores: the highest is the prediction, and nothing is learnt.

    Args:
        columns: the model's output for each class of the dataset, in the dataset's order, -1 for none; by default
            0, 1, 2, ...
    """
    return OnnxScores(tuple(columns))


class OnnxScores(ClassifierMixin, BaseEstimator):
    """Column ``columns[c]`` of the embedding is the score of class ``c``; nothing is learnt from the training side.

    A class without a column is never predicted, which is a note in the result.
    """

    def __init__(self, columns: tuple[int, ...] = ()) -> None:
        self.columns = columns

    def fit(self, X: Embeddings, y: Labels) -> OnnxScores:  # noqa: N803 - scikit-learn's name
        """Takes note of the classes. Raises ``ParameterError`` if X [N, D] lacks a column."""
        X, y = validate_data(self, X, y)  # noqa: N806
        check_classification_targets(y)
        self.classes_, codes = np.unique(y), range(len(np.unique(y)))
        if np.issubdtype(self.classes_.dtype, np.integer) and self.classes_.min() >= 0:
            codes = self.classes_.tolist()  # a class that training lacks still has its column
        given, width = list(self.columns), X.shape[1]
        if not all(NONE <= one < width for one in given):
            raise ParameterError(
                f"the model gives {width} scores, columns are {given}",
                fix="name the model's column of each class, in the dataset's order: --set classifier.columns=[3,0,1]",
            )
        every = given or list(range(width))
        self.columns_ = np.array([every[code] if code < len(every) else NONE for code in codes], np.int64)
        for code in np.array(codes)[self.columns_ == NONE].tolist():
            warnings.warn(f"the model has no score for class {code}, which is never predicted", stacklevel=2)
        if not given and width > max(codes) + 1:
            warnings.warn(
                f"the model gives {width} scores for {max(codes) + 1} classes; the first are taken: classifier.columns "
                "says which is which",
                stacklevel=2,
            )
        return self

    def decision_function(self, X: Embeddings) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """float64 [N, C] (for two classes [N], as scikit-learn has it): the model's scores."""
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X: Embeddings) -> NDArray[Any]:  # noqa: N803 - scikit-learn's name
        """[N]: the class of the highest score."""
        best = self._scores(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def _scores(self, X: Embeddings) -> NDArray[np.float64]:  # noqa: N803
        check_is_fitted(self)
        found = np.asarray(validate_data(self, X, reset=False), np.float64)
        scores = found[:, self.columns_]
        scores[:, self.columns_ == NONE] = found.min(axis=1, keepdims=True) - 1
        return scores

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # nothing is learnt
        return tags
