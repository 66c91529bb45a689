"""A bundle's model put to use: from Python, on pictures, videos and cameras, and the errors for bad input."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from click.testing import Result as Said
from skops.io import dump

import ferbench
from ferbench.bundles import bundle
from ferbench.cli.main import main
from ferbench.components import discovery
from ferbench.data import Images
from ferbench.errors import ModelError, ParameterError, TransferError
from ferbench.media import video
from ferbench.media.frame import Frame
from ferbench.media.images import as_gray
from ferbench.prediction.model import Model
from ferbench.prediction.predict import label_frames
from ferbench.running import classifier_file
from tests.conftest import ROOT, TOY, make_film

Call = Callable[..., Said]


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy bundle with its model, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.syspath_prepend(str(TOY))
        discovery.installed.cache_clear()
        words = ["run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--json"]
        ran = CliRunner().invoke(main, [*words, "--out", str(tmp_path_factory.mktemp("runs"))])
        discovery.installed.cache_clear()
    assert ran.exit_code == 0, ran.output
    return Path(json.loads(ran.stdout)["bundle"])


@pytest.fixture
def spoilt(kept: Path, tmp_path: Path) -> Path:
    """A copy of the bundle, to be broken."""
    return Path(shutil.copytree(kept, tmp_path / "spoilt"))


def toy_images(label: int, size: int = 48) -> Images:
    from ferbench_toy_parts import ToyImages

    return np.asarray(ToyImages(np.array([label]), np.array([5]), size).read(0))


@pytest.fixture
def pictures(toy: None, tmp_path: Path) -> Path:
    """A folder of two pictures, one of which is too dark for the toy detector to find a face in."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.png"), toy_images(3, 96))
    cv2.imwrite(str(folder / "b.png"), toy_images(3, 96) // 16)
    return folder


@pytest.fixture
def clip(toy: None, tmp_path: Path) -> Path:
    return make_film(tmp_path / "clip.avi", [toy_images(index // 8, 96) for index in range(16)])


def rows(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(file.read_text().splitlines()))


@pytest.mark.parametrize("label", ["svm", "svm-rbf"])
def test_the_kept_model_predicts_what_the_run_predicted(toy: None, kept: Path, label: str) -> None:
    result = bundle.read(kept)
    model = ferbench.load(kept, classifier=label)
    samples = discovery.installed().registry.get("dataset", "toy").load()().load(None)
    stated = bundle.predictions(kept, result, label)
    place = {sample: row for row, sample in enumerate(samples.ids.tolist())}
    images = [samples.images.read(place[sample]) for sample in stated.ids.tolist()]
    assert model.predict(images).tolist() == [result.classes[code] for code in stated.predicted]
    assert model.classes_.tolist() == result.classes
    shares = model.predict_proba(images)
    assert model.scale == "softmax"
    expected = np.exp(stated.scores) / np.exp(stated.scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares, expected, atol=1e-4)


def test_gray_and_colour_and_a_missing_face(toy: None, kept: Path) -> None:
    model, image = ferbench.load(kept), toy_images(3, 96)
    assert model.predict([image, image[:, :, 0], image // 16])[2] == "(no face)"
    assert len(set(model.predict(np.stack([image, image])).tolist())) == 1
    shares = model.predict_proba([image, image // 16])
    assert shares[0].sum() == pytest.approx(1)
    assert np.isnan(shares[1]).all()
    crop = model.crop(image, max(model.find(image), key=lambda face: face.area))
    assert crop.shape == (48, 48)
    assert model.label([crop])[0].tolist() == model.predict([image]).tolist()
    assert model.label([])[1].shape == (0, 7)
    with pytest.raises(ValueError, match="this is one picture"):
        model.predict(image)


def test_probabilities_are_called_so(toy: None, kept: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    model = ferbench.load(kept)
    rng = np.random.default_rng(0)
    given = LogisticRegression().fit(rng.normal(size=(40, 48)), np.arange(40) % 2 + 3)
    other = Model(
        name="x",
        classes=model.classes_.tolist(),
        faces=model.face_step,
        detector=None,
        embedder=model.embedder,
        classifier=given,
    )
    assert other.scale == "probability"
    _, shares = other.label([as_gray(toy_images(0))])
    assert (shares[0, [0, 1, 2, 5, 6]] == 0).all()  # classes it was not trained on
    with pytest.raises(ModelError, match="names no detector") as caught:
        other.predict([toy_images(0)])
    assert "haar" in caught.value.fix


def test_a_prediction_does_not_depend_on_its_batch(toy: None, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferbench.prediction import predict

    model = ferbench.load(kept)
    frames = [Frame("x", toy_images(index % 7, 96), index, index / 25) for index in range(9)]
    whole = [seen for _, seen in label_frames(model, frames, "all")]
    assert [len(seen) for seen in whole] == [2] * 9
    monkeypatch.setattr(predict, "MAX_FRAMES", 2)
    parts = [seen for _, seen in label_frames(model, frames, "all")]
    assert [[one.label for one in seen] for seen in parts] == [[one.label for one in seen] for seen in whole]
    for one, other in zip(chain(*parts), chain(*whole), strict=True):
        np.testing.assert_allclose(one.shares, other.shares, atol=1e-6)


def test_pictures_from_a_folder(call: Call, kept: Path, pictures: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "out", tmp_path / "faces.csv"
    ran = call("predict", pictures, "--model", kept, "--out", out, "--csv", table)
    found = rows(table)
    assert [(Path(row["file"]).name, row["face"]) for row in found] == [("a.png", "1"), ("a.png", "2"), ("b.png", "")]
    assert found[2]["label"] == "(no face)"
    assert found[2]["softmax_happy"] == ""
    assert sum(float(value) for key, value in found[0].items() if key.startswith("softmax_")) == pytest.approx(1)
    assert float(found[0]["right"]) - float(found[0]["left"]) == pytest.approx(0.8 * 96, abs=0.1)  # the largest first
    drawn, plain = cv2.imread(str(out / "a.faces.png")), cv2.imread(str(pictures / "a.png"))
    assert drawn.shape == plain.shape
    assert (drawn != plain).any()
    assert "b.png\t(no face)" in ran.stdout
    call("predict", pictures, "--model", kept, "--faces", "largest", "--csv", table)
    assert len(rows(table)) == 2


def test_a_video(call: Call, kept: Path, clip: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "out", tmp_path / "faces.csv"
    words = ("predict", clip, "--model", kept, "--faces", "largest", "--out", out, "--csv", table)
    answer = json.loads(call(*words, "--json").stdout)
    found = rows(table)
    assert [int(row["frame"]) for row in found] == list(range(16))
    assert [float(row["seconds"]) for row in found] == pytest.approx([index / 25 for index in range(16)])
    assert answer["model"]["kind"] == "softmax"
    assert [one["label"] for one in answer["faces"]] == [row["label"] for row in found]
    assert answer["files"][0]["frames"] == answer["files"][0]["frames_with_face"] == 16
    assert answer["problems"] == []
    assert sorted(path.name for path in out.iterdir()) == ["clip.faces.mp4", "clip.timeline.png"]
    times = [seconds for seconds, _ in video.timed(out / "clip.faces.mp4", "x")]
    assert times == pytest.approx([index / 25 for index in range(16)], abs=1e-3)


def test_bad_files_are_said_in_a_line_each_and_the_rest_goes_on(
    call: Call, kept: Path, pictures: Path, clip: Path, tmp_path: Path
) -> None:
    (pictures / "note.png").write_text("no picture")
    (pictures / "cut.png").write_bytes((pictures / "a.png").read_bytes()[:900])
    broken, empty, table = tmp_path / "broken.avi", tmp_path / "empty", tmp_path / "faces.csv"
    broken.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    empty.mkdir()
    words = ("predict", pictures, broken, empty, tmp_path / "no.jpg", "--model", kept, "--csv", table)
    ran = call(*words, status=1)
    errors = [line for line in ran.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 5
    for part in ("note.png", "cut.png", "broken.avi cannot be read as a video", "folder " + str(empty), "no.jpg"):
        assert sum(part in line for line in errors) == 1
    assert "Traceback" not in ran.output
    assert "frames before are predicted" in ran.stderr
    names = {Path(row["file"]).name for row in rows(table)}
    assert names == {"a.png", "b.png", "broken.avi"}


def test_a_camera(call: Call, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Camera:
        left = 5

        def __init__(self, number: int) -> None:
            self.there = number == 0

        def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
            return self.there

        def read(self) -> tuple[bool, Images | None]:
            self.left -= 1
            return (True, toy_images(3, 96)) if self.left >= 0 else (False, None)

        def release(self) -> None:
            pass

    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    table = tmp_path / "faces.csv"
    ran = call("predict", "--camera", 0, "--model", kept, "--csv", table, "--out", tmp_path / "out")
    assert "camera-0\t5 frames, 5 with a face" in ran.stdout
    assert (tmp_path / "out" / "camera-0.faces.mp4").exists()
    assert "camera 1 is not there" in call("predict", "--camera", 1, "--model", kept, status=1).stderr


def test_a_bundle_without_a_model(call: Call, spoilt: Path) -> None:
    committed = next((ROOT / "leaderboards" / "results").rglob("result.json")).parent
    shutil.rmtree(spoilt / "model")
    for folder in (committed, spoilt):
        ran = call("predict", ROOT / "README.md", "--model", folder, status=2)
        assert "is a bundle without a model" in ran.stderr
        assert "ferbench run --pipeline" in ran.stderr


def test_altered_models_are_refused(toy: None, spoilt: Path) -> None:
    file = bundle.stored_file(spoilt / "model" / "subjects", "svm")
    good = file.read_bytes()
    file.write_bytes(good + b" ")
    with pytest.raises(ModelError, match="is not the classifier that result"):
        ferbench.load(spoilt)
    file.write_bytes(good)
    (spoilt / "model" / "subjects" / "weight.json").write_text("7")
    with pytest.raises(TransferError, match="are not those that trained_on"):
        ferbench.load(spoilt)
    with pytest.raises(ModelError, match="no split 'x'"):
        ferbench.load(spoilt, split="x")
    with pytest.raises(ModelError, match="no classifier 'lda'"):
        ferbench.load(spoilt, classifier="lda")


class Strange:
    """A type that nobody named."""

    classes_ = np.arange(2)

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        return np.zeros(len(X), np.int64)

    def decision_function(self, X: Any) -> Any:  # noqa: N803
        return np.zeros(len(X))


def test_types_that_nobody_named_are_neither_written_nor_read(registry: Any, tmp_path: Path) -> None:
    entry, file = registry.get("classifier", "svm"), tmp_path / "x.skops"
    examples = np.zeros((3, 4), np.float32)
    with pytest.raises(ModelError, match=r"cannot be stored.*test_predict\.Strange"):
        classifier_file.write(Strange(), file, entry, examples)  # type: ignore[arg-type]  # that is the point
    assert not file.exists()
    dump(Strange(), file)
    with pytest.raises(ModelError, match=r"not trusted: .*test_predict\.Strange"):
        classifier_file.read(file, entry)
    file.write_bytes(b"PK no zip")
    with pytest.raises(ModelError, match="cannot be read as a classifier"):
        classifier_file.read(file, entry)


def test_a_classifier_that_cannot_be_stored_is_noted_and_the_run_goes_on(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise TypeError("no way to take it apart")

    monkeypatch.setattr("skops.io.dump", refuse)
    words = ("run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--out", tmp_path, "--json")
    result = json.loads(call(*words).stdout)
    assert result["stored"] == {}
    assert any("cannot be stored" in note for note in result["notes"])
    assert "without a model" in call("predict", ROOT, "--model", result["bundle"], status=2).stderr


def test_wrong_words(call: Call, kept: Path) -> None:
    assert "one of the two" in call("predict", "--model", kept, status=2).stderr
    assert (
        "no component 'faces' here" in call("predict", "x", "--model", kept, "--set", "faces.size=3", status=2).stderr
    )
    assert "did you mean" in call("predict", "x", "--model", kept, "--detector", "har", status=2).stderr
    ran = call("predict", "x", "--model", kept, "--set", "detector.threshhold=3", status=2).stderr
    assert "did you mean 'threshold'" in ran


def test_an_embedder_that_cannot_be_exported(call: Call, kept: Path) -> None:
    assert "cannot be exported as ONNX" in call("export", kept, "--onnx", status=2).stderr
    assert not (kept / "embedder.onnx").exists()


def test_predicting_does_not_import_matplotlib_until_a_timeline_is_drawn() -> None:
    source = "import sys, ferbench.prediction.predict; print('matplotlib' in sys.modules, 'sklearn' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]


def test_ferbench_load_is_lazy() -> None:
    source = "import sys, ferbench; print('numpy' in sys.modules, 'load' in ferbench.__all__)"
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "True"]


def test_a_pipeline_that_aligns_needs_landmarks_to_predict(toy: None, kept: Path) -> None:
    model = ferbench.load(kept)
    aligned = Model(
        name="x",
        classes=model.classes_.tolist(),
        faces=replace(model.face_step, align=True),
        detector=model._detector,
        embedder=model.embedder,
        classifier=model.classifier,
    )
    with pytest.raises(ParameterError, match="detector gives none"):
        aligned.predict([toy_images(1)])
