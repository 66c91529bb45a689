"""What a fitted classifier says of embeddings, a column a class, whichever way it says it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Embeddings, ScoresKind


def class_scores(fitted: Any, embeddings: Embeddings, classes: int) -> tuple[NDArray[np.float64], ScoresKind]:
    """float64 [N, classes] for float32 [N, D]: probabilities if ``fitted`` gives them, else its decision values.

    The column of a class that it was not trained on is NaN.
    """
    kind: ScoresKind = "probability" if hasattr(fitted, "predict_proba") else "decision"
    values = getattr(fitted, "predict_proba" if kind == "probability" else "decision_function")(embeddings)
    if values.ndim == 1:  # scikit-learn gives two classes one column
        values = np.stack([-values, values], axis=1)
    scores = np.full((len(embeddings), classes), np.nan)
    scores[:, fitted.classes_] = values
    return scores, kind
