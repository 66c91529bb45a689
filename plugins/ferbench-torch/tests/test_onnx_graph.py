"""The exported graph embeds as the embedder does, for any number of crops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from ferbench.interfaces import OnnxExport
from ferbench_torch.resnet import ResNet18


@pytest.mark.slow
def test_the_graph_gives_the_same_embeddings(tmp_path: Path) -> None:
    embedder = ResNet18(size=16, flip_average=True, device="cpu")
    assert isinstance(embedder, OnnxExport)
    embedder.export_onnx(tmp_path / "x.onnx", 48)
    assert [path.name for path in tmp_path.iterdir()] == ["x.onnx"]  # the weights are in it
    session = onnxruntime.InferenceSession(str(tmp_path / "x.onnx"), providers=["CPUExecutionProvider"])
    for count in (1, 5):
        crops = np.random.default_rng(count).integers(0, 256, (count, 48, 48)).astype(np.uint8)
        (found,) = session.run(["embeddings"], {"crops": crops})
        np.testing.assert_allclose(found, embedder.embed(crops), atol=1e-4)
