"""An end-to-end network is scored by its own class scores, by a run, its monitor and a loaded model alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ferbench
from ferbench.bundles import bundle
from ferbench.components.discovery import installed
from ferbench.errors import ParameterError, PipelineError
from ferbench.running.class_scores import check_own_scores, class_scores, classifier_inputs, scores_kind
from ferbench.running.own_scores import OwnScores
from ferbench.verify.verify import verified

Run = Callable[..., tuple[Path, dict[str, Any]]]
Call = Callable[..., Any]
TOY = ("run", "--pipeline", "toy-pipeline", "--dataset", "toy")
CROPS = np.zeros((5, 8, 8), np.uint8)


class Scorer:
    """Gives ``scores`` for every crop."""

    embedding_size = 2

    def __init__(self, scores: list[float], kind: str = "probability") -> None:
        self.scores = np.array(scores, np.float32)
        self.scores_kind = kind

    def embed(self, crops: Any) -> Any:
        raise AssertionError("embeddings are not needed")

    def class_scores(self, crops: Any) -> Any:
        return np.tile(self.scores, (len(crops), 1))


def test_a_run_takes_the_scores_as_they_are(toy_run: Run) -> None:
    folder, result = toy_run("--set", "classifier=own-scores", "--set", "embedder.noise=0")
    assert list(result["scores"]) == ["own-scores", "svm-rbf"]
    assert result["scores"]["own-scores"]["accuracy"] > 0.9
    assert all(row["validation"]["own-scores"] > 0.9 for row in result["curves"]["subjects"])
    assert result["environment"]["estimators"]["own-scores"] == "ferbench.running.own_scores.OwnScores"
    assert set(result["stored"]["subjects"]) == {"own-scores", "svm-rbf"}

    samples = installed().registry.get("dataset", "toy").load()().load(None)
    predictions = bundle.predictions(folder, verified(folder), "own-scores")
    rows = [samples.ids.tolist().index(name) for name in predictions.ids.tolist()]
    model = ferbench.load(folder)
    names = model.predict([samples.images.read(row) for row in rows])
    assert names.tolist() == [result["classes"][code] for code in predictions.predicted]
    assert model.scale == "softmax"


def test_only_what_a_classifier_needs_is_computed() -> None:
    scorer: Any = Scorer([0.25, 0.75])
    inputs = classifier_inputs([OwnScores()], scorer, CROPS, 2, lambda *_: None)
    assert list(inputs) == [True]
    fitted = OwnScores().fit(inputs[True], np.zeros(5, np.int64))
    assert (class_scores(fitted, inputs[True], 2) == [0.25, 0.75]).all()
    assert fitted.predict(inputs[True]).tolist() == [1] * 5
    assert scores_kind(fitted, scorer) == "probability"


def test_a_class_that_the_embedder_does_not_know_is_never_predicted() -> None:
    scores = np.array([[-3, np.nan, -5], [-7, np.nan, -4]])
    assert OwnScores().fit(scores, np.array([0, 1])).predict(scores).tolist() == [0, 2]


def test_an_embedder_without_scores_is_refused_before_any_work(call: Call, tmp_path: Path) -> None:
    words = (*TOY, "--out", tmp_path / "runs", "--set", "embedder=raw-pixels", "--set", "classifier=own-scores")
    answer = call(*words, status=2)
    assert "takes the embedder's own class scores, and RawPixels offers none" in answer.stderr
    assert "faces ..." not in answer.stderr
    assert not (tmp_path / "runs").exists()
    with pytest.raises(PipelineError, match="offers none"):
        check_own_scores([OwnScores()], object(), size=8, classes=2)  # type: ignore[arg-type]


def test_another_number_of_classes_is_refused_before_any_work() -> None:
    scorer: Any = Scorer([0.25, 0.75])
    check_own_scores([OwnScores()], scorer, size=8, classes=2)
    with pytest.raises(ParameterError, match=r"are \[1, 2\] for 1 crops, and the dataset has 7 classes"):
        check_own_scores([OwnScores()], scorer, size=8, classes=7)
