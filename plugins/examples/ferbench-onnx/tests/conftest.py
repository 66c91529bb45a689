"""ONNX models as small as can be: the mean of each channel, times a matrix."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper


def write(
    file: Path, *, channels: int = 1, batch: Any = "N", outputs: int = 3, kind: int = TensorProto.FLOAT
) -> dict[str, str]:
    """Writes a model with input ``images`` [batch, channels, S, S] and output ``scores`` [batch, outputs]."""
    weights = np.random.default_rng(0).normal(size=(channels, outputs)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("GlobalAveragePool", ["floats"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", kind, [batch, channels, "S", "S"])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, outputs])],
        [numpy_helper.from_array(weights, "weights")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), file)
    return {"file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder of the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FERBENCH_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path
