"""Classifier ``own-scores``: an end-to-end network is scored by its own class scores, as it is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Labels


class OwnScores:
    """Takes the embedder's own class scores as they are: the highest is the prediction, and nothing is learnt."""

    takes_class_scores = True
    classes_: Labels

    def fit(self, X: NDArray[np.float64], y: Labels) -> OwnScores:  # noqa: N803 - scikit-learn's name
        """Notes how many classes the scores float [N, C] are for."""
        self.classes_ = np.arange(X.shape[1])
        return self

    def decision_function(self, X: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: N803 - scikit-learn's name
        """The scores, float64 [N, C], NaN for a class that the embedder does not know."""
        return np.asarray(X, np.float64)

    def predict(self, X: NDArray[np.float64]) -> Labels:  # noqa: N803 - scikit-learn's name
        """The class of each row's highest score, int64 [N]."""
        return np.asarray(np.where(np.isnan(X), -np.inf, X).argmax(axis=1), np.int64)
