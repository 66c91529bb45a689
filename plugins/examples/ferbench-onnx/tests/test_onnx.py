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
from ferbench.running.class_scores import check_own_scores
from ferbench.running.own_scores import OwnScores
from ferbench.testing import Given, contract
from ferbench_onnx.model import BATCH, OnnxModel

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
    with pytest.raises(WeightsError, match="requested"):
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
    with pytest.raises(WeightsError, match="requested"):
        OnnxModel("text.onnx", told["sha256"])


def test_the_columns_are_brought_into_the_dataset_s_order(here: Path) -> None:
    settings = tiny.write(here / "tiny.onnx")
    rows = OnnxModel(**settings).class_scores(CROPS)
    assert (rows == OnnxModel(**settings).embed(CROPS)).all()
    turned = OnnxModel(**settings, columns=[2, -1, 0, 1]).class_scores(CROPS)
    assert (turned[:, [0, 2, 3]] == rows[:, [2, 0, 1]]).all()
    assert np.isnan(turned[:, 1]).all()


@pytest.mark.parametrize("columns", [[0, 3], [-2, 0]])
def test_a_column_that_is_not_there_is_refused(here: Path, columns: list[int]) -> None:
    model = OnnxModel(**tiny.write(here / "tiny.onnx"), columns=columns)
    with pytest.raises(ParameterError, match="gives 3 scores"):
        model.class_scores(CROPS)


def test_another_number_of_classes_is_refused_before_a_run(here: Path) -> None:
    settings = tiny.write(here / "tiny.onnx", outputs=8)
    with pytest.raises(ParameterError, match="the dataset has 7 classes"):
        check_own_scores([OwnScores()], OnnxModel(**settings), size=16, classes=7)
    mapped = OnnxModel(**settings, columns=[0, 1, 2, 3, 4, 5, -1])
    check_own_scores([OwnScores()], mapped, size=16, classes=7)
