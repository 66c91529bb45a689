"""A ready model gives what ONNX Runtime gives, of the right file only; its scores become predictions."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto

from ferbench.errors import ParameterError, WeightsError
from ferbench.testing import Given, contract
from ferbench_onnx.model import BATCH, OnnxModel
from ferbench_onnx.scores import onnx_scores

_spec = importlib.util.spec_from_file_location("tiny", Path(__file__).with_name("conftest.py"))
tiny = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tiny)

CROPS = np.random.default_rng(1).integers(0, 256, (BATCH + 3, 16, 16), np.uint8)


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Given]]:
    """Tells the contract which model embedder 'onnx' is tried with."""
    folder = tmp_path_factory.mktemp("weights")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FERBENCH_WEIGHTS", str(folder))
        yield {"onnx": Given(parameters=tiny.write(folder / "contract.onnx"))}


test_contract = contract("ferbench-onnx", "given")


def test_the_output_is_the_model_s(here: Path) -> None:
    model = OnnxModel(**tiny.write(here / "tiny.onnx", channels=3), channels=3, scale=1.0, mean=100.0, std=50.0)
    values = np.repeat((CROPS[:, None].astype(np.float32) - 100) / 50, 3, axis=1)
    (expected,) = onnxruntime.InferenceSession(here / "tiny.onnx").run(None, {"images": values})
    rows = model.embed(CROPS)
    assert rows == pytest.approx(expected, abs=1e-5)
    assert (model.embed(CROPS[5:6]) == rows[5:6]).all()
    assert model.embedding_size == 3


@pytest.mark.parametrize("batch", ["N", 1, 4])
def test_a_model_with_a_fixed_batch_gives_the_same(here: Path, batch: int | str) -> None:
    free = OnnxModel(**tiny.write(here / "free.onnx")).embed(CROPS)
    assert OnnxModel(**tiny.write(here / "fixed.onnx", batch=batch)).embed(CROPS) == pytest.approx(free, abs=1e-6)


def test_a_model_of_bytes_gets_the_pixels(here: Path) -> None:
    model = OnnxModel(**tiny.write(here / "tiny.onnx", kind=TensorProto.UINT8))
    one = model.embed(np.stack([CROPS[0], CROPS[0] // 2 * 2]))
    assert np.abs(one[0]).max() > 10  # not divided by 255
    assert one.dtype == np.float32


def test_crops_are_scaled_to_the_model_s_side(here: Path) -> None:
    told = tiny.write(here / "tiny.onnx")
    even = np.full((1, 48, 48), 90, np.uint8)
    assert OnnxModel(**told, side=24).embed(even) == pytest.approx(OnnxModel(**told).embed(even), rel=1e-4)


def test_another_file_of_that_name_is_refused(here: Path) -> None:
    told = tiny.write(here / "tiny.onnx")
    with pytest.raises(WeightsError, match=told["sha256"]):
        OnnxModel(**{**told, "sha256": "0" * 64})
    tiny.write(here / "tiny.onnx", outputs=4)
    with pytest.raises(WeightsError, match="asked for"):
        OnnxModel(**told)


def test_the_file_may_lie_in_the_weights_folder(here: Path) -> None:
    (here / "weights").mkdir()
    told = tiny.write(here / "weights" / "tiny.onnx")
    assert OnnxModel(**told).embed(CROPS).shape == (len(CROPS), 3)


def test_mistakes_are_explained(here: Path) -> None:
    told = tiny.write(here / "tiny.onnx")
    with pytest.raises(ParameterError, match="working folder"):
        OnnxModel(**{**told, "file": str(here / "tiny.onnx")})
    with pytest.raises(WeightsError, match="weights folder"):
        OnnxModel(**{**told, "file": "lost.onnx"})
    with pytest.raises(ParameterError, match="of scores"):
        OnnxModel(**told, output="embedding")
    with pytest.raises(ParameterError, match="does not take NHWC"):
        OnnxModel(**told, layout="NHWC", channels=3).embed(CROPS)
    (here / "text.onnx").write_text("no model")
    with pytest.raises(WeightsError, match="asked for"):
        OnnxModel("text.onnx", told["sha256"])


def test_scores_are_taken_as_they_are_in_the_dataset_s_order() -> None:
    scores = np.array([[3, 1, 2], [0, 5, 1], [1, 2, 9]], np.float32)
    labels = np.array([0, 1, 2])
    assert onnx_scores().fit(scores, labels).predict(scores).tolist() == [0, 1, 2]
    turned = onnx_scores(columns=[2, 0, 1]).fit(scores, labels)
    assert turned.predict(scores).tolist() == [1, 2, 0]
    assert (turned.decision_function(scores) == scores[:, [2, 0, 1]]).all()


def test_a_class_without_a_score_is_never_predicted_and_said_to_be_so() -> None:
    scores = np.array([[3, 1], [0, 5], [9, 9]], np.float32)
    with pytest.warns(UserWarning, match="no score for class 2"):
        fitted = onnx_scores(columns=[1, 0, -1]).fit(scores, np.array([0, 1, 2]))
    assert fitted.predict(scores).tolist() == [1, 0, 0]
    assert fitted.decision_function(scores)[:, 2].tolist() == [0, -1, 8]


def test_a_model_with_more_scores_than_classes_is_asked_about() -> None:
    with pytest.warns(UserWarning, match="gives 3 scores for 2 classes"):
        onnx_scores().fit(np.eye(3, dtype=np.float32), np.array([0, 1, 1]))


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(ParameterError, match="columns are"):
        onnx_scores(columns=[0, 5]).fit(np.eye(2, dtype=np.float32), np.array([0, 1]))
