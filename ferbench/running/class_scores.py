"""From crops to class scores: what a classifier is given of them, and the scores that it gives.

A classifier is given embeddings, or the embedder's own class scores if it takes those (``Classifier``).
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.data import ImageRows, ScoresKind
from ferbench.errors import ParameterError, PipelineError
from ferbench.interfaces import Classifier, ClassScores, Embedder, Trainable
from ferbench.running.embed import embed_all


def takes_class_scores(classifier: Classifier) -> bool:
    """Whether ``classifier`` is given the embedder's own class scores in place of embeddings."""
    return bool(getattr(classifier, "takes_class_scores", False))


def classifier_inputs(
    classifiers: Iterable[Classifier],
    embedder: Embedder,
    crops: ImageRows,
    classes: int,
    progress: Callable[[int, int], None],
) -> dict[bool, NDArray[Any]]:
    """What ``classifiers`` are given of N crops, by ``takes_class_scores``: float32 [N, D], or float [N, classes].

    Each is computed once, and only if a classifier needs it. Raises ``ParameterError`` if the embedder's own scores are
    for another number of classes.
    """
    needed = sorted({takes_class_scores(classifier) for classifier in classifiers})
    return {
        own: embed_all(_own_scores(embedder, classes) if own else embedder.embed, crops, progress) for own in needed
    }


def class_scores(fitted: Any, inputs: NDArray[Any], classes: int) -> NDArray[np.float64]:
    """float64 [N, classes] for float [N, D]: probabilities if ``fitted`` gives them, else its decision values.

    The column of a class that it was not trained on is NaN.
    """
    values = fitted.predict_proba(inputs) if hasattr(fitted, "predict_proba") else fitted.decision_function(inputs)
    if values.ndim == 1:  # scikit-learn gives two classes one column
        values = np.stack([-values, values], axis=1)
    scores = np.full((len(inputs), classes), np.nan)
    scores[:, fitted.classes_] = values
    return scores


def scores_kind(fitted: Classifier, embedder: Embedder) -> ScoresKind:
    """What ``class_scores`` of ``fitted`` are; of ``own-scores`` and the like, what the embedder's own scores are."""
    if hasattr(fitted, "predict_proba"):
        return "probability"
    if takes_class_scores(fitted) and isinstance(embedder, ClassScores):
        return embedder.scores_kind
    return "decision"


def check_own_scores(classifiers: Iterable[Classifier], embedder: Embedder, *, size: int, classes: int) -> None:
    """Raises ``PipelineError`` or ``ParameterError`` if a classifier cannot be given the embedder's own class scores.

    An embedder that is not trained is tried on a blank crop of ``size`` pixels; one that is will be told ``classes``.
    """
    if not any(takes_class_scores(classifier) for classifier in classifiers):
        return
    if not isinstance(embedder, ClassScores):
        raise PipelineError(
            f"a classifier takes the embedder's own class scores, and {type(embedder).__name__} offers none",
            fix="choose a classifier that is fitted on embeddings, for example --set classifier=svm, or an embedder "
            "with class_scores (ferbench.interfaces.ClassScores)",
        )
    if not isinstance(embedder, Trainable):
        _own_scores(embedder, classes)(np.zeros((1, size, size), np.uint8))


def _own_scores(embedder: Embedder, classes: int) -> Callable[[ImageRows], NDArray[Any]]:
    """``embedder.class_scores``, its shape checked."""
    assert isinstance(embedder, ClassScores)

    def checked(crops: ImageRows) -> NDArray[Any]:
        scores = embedder.class_scores(crops)
        if scores.shape != (len(crops), classes):
            raise ParameterError(
                f"the class scores of {type(embedder).__name__} are {list(scores.shape)} for {len(crops)} crops, and "
                f"the dataset has {classes} classes",
                fix="choose a dataset with as many classes, or an embedder that can be told which score is which class "
                "(ferbench show EMBEDDER)",
            )
        return scores

    return checked
