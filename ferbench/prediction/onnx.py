"""A bundle's embedder as one ONNX graph, from crop to embedding, checked against the original before it is kept."""

from pathlib import Path
from typing import Any

import numpy as np

from ferbench.bundles import bundle
from ferbench.components.discovery import installed
from ferbench.data import Images
from ferbench.errors import ModelError
from ferbench.interfaces import OnnxExport
from ferbench.running.kept_model import read_embedder
from ferbench.support.atomic import replacing
from ferbench.support.progress import Reporter

MAX_DIFFERENCE = 1e-4
"""What any number of an embedding may differ by."""
TEST_CROPS = 65
"""Random crops that are compared; first all at once, then one alone."""


def export(folder: Path, out: Path | None, split: str | None, reporter: Reporter) -> dict[str, Any]:
    """Writes the embedder of ``folder``'s first split, or of ``split``; gives its path, shapes and the difference.

    The graph takes ``crops`` uint8 [N, S, S], gray, and gives ``embeddings`` float32 [N, D]: normalisation and flip
    average are in it, the detector, the crop and the classifier are not. Raises ``ModelError`` if the bundle has no
    weights, the embedder cannot be exported, or the graph computes something else (no file is left then).
    """
    result = bundle.read(folder)
    names = [str(entry["split"]) for entry in result.splits]
    if split is not None and split not in names:
        raise ModelError(f"{folder} has no split '{split}'", fix=f"it has: {', '.join(names)}")
    embedder = read_embedder(folder, result, split or names[0], installed().registry, "cpu")
    name = result.pipeline["embedder"]["name"]
    if not isinstance(embedder, OnnxExport):
        raise ModelError(
            f"embedder '{name}' cannot be exported as ONNX",
            fix="its author can add the method export_onnx (ferbench.interfaces.OnnxExport)",
        )
    size = int(result.pipeline["faces"]["size"])
    target = out or folder / "embedder.onnx"
    crops = np.random.default_rng(0).integers(0, 256, (TEST_CROPS, size, size)).astype(np.uint8)
    with replacing(target) as fresh:
        with reporter.stage("exporting"):
            embedder.export_onnx(fresh, size)
        with reporter.stage("checking"):
            original = embedder.embed(crops)
            difference = max(_difference(fresh, crops, original), _difference(fresh, crops[:1], original[:1]))
        if not difference <= MAX_DIFFERENCE:
            raise ModelError(
                f"the ONNX graph of '{name}' differs from the original by {difference:.2g}, "
                f"more than {MAX_DIFFERENCE:g}",
                fix="nothing was written; report it to the embedder's author",
            )
    return {
        "file": str(target),
        "input": f"crops uint8 [N, {size}, {size}]",
        "output": f"embeddings float32 [N, {original.shape[1]}]",
        "difference": difference,
        "crops": TEST_CROPS,
    }


def _difference(file: Path, crops: Images, original: Any) -> float:
    """The largest difference between the graph's embeddings, by ONNX Runtime, and ``original``."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ModelError("the check needs ONNX Runtime", fix="uv pip install 'onnxruntime>=1.22,<2'") from error
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (embeddings,) = session.run(["embeddings"], {"crops": crops})
    return float(np.abs(embeddings - original).max()) if embeddings.shape == original.shape else float("inf")
