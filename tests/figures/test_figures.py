"""Figures: what is in them, that they are the same each time, and the errors if one cannot be drawn."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import Result
from sklearn.metrics import roc_auc_score

from ferbench.bundles import bundle
from ferbench.figures import curves, roc, tsne
from ferbench.support import hashing
from ferbench.verify import verify
from tests.conftest import ROOT

Call = Callable[..., Result]
Run = Callable[..., tuple[Path, dict[str, Any]]]
FER2013 = sorted((ROOT / "leaderboards" / "results" / "fer2013-7" / "official").glob("*/seed*"))


def words(svg: Path) -> str:
    """All text of an SVG, a line each piece."""
    return "\n".join(ElementTree.parse(svg).getroot().itertext())


@pytest.fixture
def noisy(toy_run: Run) -> Path:
    """A toy bundle whose classifiers make mistakes."""
    return toy_run("--set", "embedder.noise=0.5", "--protocol", "random-7-3")[0]


@pytest.mark.parametrize("name", ["classes", "curves", "confusion", "roc", "accuracy"])
def test_both_formats_are_written_and_are_the_same_each_time(
    call: Call, noisy: Path, tmp_path: Path, name: str
) -> None:
    ran = [call("figure", name, noisy, "--out", tmp_path / which / name).stdout for which in "ab"]
    assert ran[0].split() == [str(tmp_path / "a" / f"{name}{suffix}") for suffix in (".png", ".svg")]
    for suffix in (".png", ".svg"):
        first, second = ((tmp_path / which / f"{name}{suffix}").read_bytes() for which in "ab")
        assert first == second
    image = cv2.imread(str(tmp_path / "a" / f"{name}.png"))
    assert image is not None
    assert image.shape[1] >= 600
    assert image.std() > 10  # there is something in it
    text = words(tmp_path / "a" / f"{name}.svg")
    assert "toy" in text
    assert re.search(r"20\d\d-", text) is None
    if name in ("classes", "confusion", "roc"):
        for expected in ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"):
            assert expected in text
    if name != "classes":
        assert "(optimistic)" in text


def test_the_areas_are_those_of_scikit_learn(call: Call, noisy: Path, tmp_path: Path) -> None:
    result = bundle.read(noisy)
    predictions = bundle.predictions(noisy, result, "svm")
    expected = {
        name: roc_auc_score(predictions.labels == code, predictions.scores[:, code])
        for code, name in enumerate(result.classes)
    }
    assert len(set(expected.values())) > 3
    assert roc.areas(predictions) == pytest.approx(expected)
    call("figure", "roc", noisy, "--out", tmp_path / "roc.svg")
    text = words(tmp_path / "roc.svg")
    for name, area in expected.items():
        assert f"{name}, AUC {area:.3f}" in text


def test_the_cells_are_shares_of_the_true_class_and_the_classifier_can_be_chosen(
    call: Call, toy_run: Run, tmp_path: Path
) -> None:
    folder, result = toy_run("--set", "dataset.dark=70", "--protocol", "random-7-3")
    scores = result["scores"]["svm-rbf"]
    assert scores["missed"] > 5
    call("figure", "confusion", folder, "--classifier", "svm-rbf", "--out", tmp_path / "one.svg")
    text = words(tmp_path / "one.svg").split("\n")
    assert f"toy-pipeline, svm-rbf: {scores['accuracy']:.2%}" in text
    for recall in scores["recall"]:  # a missed face is in no cell, and still in the class's total
        assert f"{recall * 100:.0f}" in text
    assert (
        "one of: svm, svm-rbf"
        in call("figure", "roc", folder, "--classifier", "lda", "--out", tmp_path / "x.svg", status=2).stderr
    )


def test_a_curve_is_the_mean_over_the_splits_and_names_the_chosen_epoch(
    call: Call, noisy: Path, toy_run: Run, tmp_path: Path
) -> None:
    result = bundle.read(noisy)
    (rows,) = result.curves.values()
    double = result.model_copy(
        update={"curves": {"a": rows, "b": [{**row, "validation": {"svm": 0.0, "svm-rbf": 0.0}} for row in rows]}}
    )
    epochs, series = curves.series(double, noisy)
    assert epochs == [1, 2]
    assert series["svm"] == pytest.approx([row["validation"]["svm"] / 2 for row in rows])
    call("figure", "curves", noisy, "--out", tmp_path / "one.svg")
    assert f"chosen: epoch {result.best_epochs['random']}" in words(tmp_path / "one.svg")


def test_the_committed_results_can_be_drawn_side_by_side(call: Call, tmp_path: Path) -> None:
    call("figure", "accuracy", *FER2013, "--out", tmp_path / "one.svg")
    text = words(tmp_path / "one.svg")
    for folder in FER2013:
        result = bundle.read(folder)
        assert result.pipeline["name"] in text
        for scores in result.scores.values():
            assert f"{scores.accuracy:.1%}" in text


def test_tsne_uses_the_weights_that_the_run_kept(call: Call, toy_run: Run, tmp_path: Path) -> None:
    folder, _ = toy_run("--set", "embedder.noise=0.01")
    for number, options in enumerate(([], ["--thumbnails"], ["--limit", "20"])):
        call("figure", "tsne", folder, *options, "--out", tmp_path / f"{number}.svg")
    plain, faces, few = (tmp_path / f"{number}.svg" for number in range(3))
    assert "t-SNE of 42 test images" in words(plain)
    assert "t-SNE of 20 test images" in words(few)
    assert "<image" not in plain.read_text()
    assert faces.read_text().count("<image") > 5
    weights = folder / "model" / "subjects" / "weight.json"
    weights.write_text("900")  # another epoch's noise: other embeddings
    assert "are not those that" in call("figure", "tsne", folder, "--out", tmp_path / "other.svg", status=2).stderr
    origin = weights.with_name("trained_on.json")
    hashes = json.loads(origin.read_text()) | {"weights": {"weight.json": hashing.hash_file(weights)}}
    origin.write_text(json.dumps(hashes))
    call("figure", "tsne", folder, "--out", tmp_path / "other.svg")
    assert (tmp_path / "other.svg").read_text() != plain.read_text()
    shutil.rmtree(folder / "model")
    ran = call("figure", "tsne", folder, "--out", tmp_path / "x.svg", status=2).stderr
    assert "is a bundle without a model" in ran
    assert "ferbench run" in ran


def test_tsne_of_another_dataset_is_refused(call: Call, toy_run: Run, tmp_path: Path) -> None:
    folder, _ = toy_run("--set", "dataset.subjects=12")
    file = folder / "result.json"
    result = json.loads(file.read_text())
    result["dataset"]["parameters"]["subjects"] = 13
    result["run"] = verify.run_name(bundle.Result.model_validate(result))
    file.write_text(json.dumps(result))
    assert "differs from the one used" in call("figure", "tsne", folder, "--out", tmp_path / "x.svg", status=2).stderr


def test_neighbours_stay_neighbours() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(4), 15)
    embeddings = (np.eye(4)[groups] * 10 + rng.normal(0, 0.1, (60, 4))).astype(np.float32)
    places = tsne.project(embeddings)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(60) * 1e9
    assert (groups[distances.argmin(axis=1)] == groups).all()


def test_the_frames_of_a_clip(call: Call, tmp_path: Path) -> None:
    given = ("figure", "frames", "--dataset", "synthfaces", "--set", "dataset.subjects=1", "--set", "dataset.frames=6")
    call(*given, "--clip", "s000-happy-c0", "--out", tmp_path / "one.svg")
    text = (tmp_path / "one.svg").read_text()
    assert text.count("<image") == 6
    assert "f5" in words(tmp_path / "one.svg").split("\n")
    assert "for example s000-" in call(*given, "--clip", "s000-hapy-c0", "--out", tmp_path / "x.svg", status=2).stderr
    ran = call("figure", "frames", "--dataset", "toy", "--clip", "a", "--out", tmp_path / "x.svg", status=2).stderr
    assert "no clips" in ran


def test_another_format_is_refused(call: Call, noisy: Path, tmp_path: Path) -> None:
    assert "neither .png nor .svg" in call("figure", "roc", noisy, "--out", tmp_path / "x.pdf", status=2).stderr


def test_an_untrained_pipeline_has_no_curve(call: Call, noisy: Path, tmp_path: Path) -> None:
    file = noisy / "result.json"
    result = json.loads(file.read_text())
    file.write_text(json.dumps({**result, "curves": {}, "best_epochs": {}}))
    assert "has no training curve" in call("figure", "curves", noisy, "--out", tmp_path / "x.svg", status=2).stderr
