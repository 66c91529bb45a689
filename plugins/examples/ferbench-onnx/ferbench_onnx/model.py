"""A ready model from an ONNX file, run by ONNX Runtime on the CPU."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
import onnxruntime
from annotated_types import Ge, Gt
from numpy.typing import NDArray

from ferbench.data import Embeddings, ImageRows, Images, ScoresKind, batches
from ferbench.errors import ParameterError, WeightsError
from ferbench.support import sha256 as sha256_of
from ferbench.support import weights_folder

BATCH = 32
"""Images per batch where the model takes any number; the last is filled up, so that no row depends on the others."""
NONE = -1
"""In place of a column: the model has no score for that class."""
TYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}


class OnnxModel:
    """The model's output for each crop. Not trained.

    The input's value is ``(pixel * scale - mean) / std`` as float32, or the pixel itself where the model takes uint8.

    Args:
        file: name of the ONNX file, in the working folder or below it, or in ferbench's weights folder. It is in every
            result, so it is not an absolute path. It has to be given.
        sha256: the file's SHA-256 in hex: a result must say which model it is of. It has to be given.
        layout: of the input: ``NCHW``, ``NHWC`` or ``NHW``.
        channels: the gray crop is repeated to as many.
        side: of the input in pixels, to which crops are scaled; 0 leaves them as they are.
        scale: factor on the pixels, by default to [0, 1].
        mean: subtracted after that.
        std: divided by at last.
        output: name of the output; by default the first. It is flattened to one row per image.
        columns: for classifier ``own-scores``: which column of the output is the score of each class of the dataset, in
            the dataset's order, -1 for none; by default the columns are the classes.
        scores: what the class scores are: a ``probability`` (a row adds up to 1), or ``decision`` values.
    """

    def __init__(
        self,
        file: str = "",
        sha256: str = "",
        layout: Literal["NCHW", "NHWC", "NHW"] = "NCHW",
        channels: Literal[1, 3] = 1,
        side: Annotated[int, Ge(0)] = 0,
        scale: float = 1 / 255,
        mean: float = 0.0,
        std: Annotated[float, Gt(0)] = 1.0,
        output: str = "",
        columns: list[int] = [],  # noqa: B006 - a pipeline's list, which is not changed
        scores: Literal["decision", "probability"] = "decision",
    ) -> None:
        self.file = _find(file, sha256)
        self.layout = layout
        self.channels = channels
        self.side = side
        self.scale = np.float32(scale)
        self.mean = np.float32(mean)
        self.std = np.float32(std)
        self.columns = columns
        self.scores_kind: ScoresKind = scores
        self.session = _open(self.file)
        self.input, self.output = self._ends(output)

    @property
    def embedding_size(self) -> int:
        """D, by the output for a blank crop."""
        side = self.side or self._own_side()
        return int(self.embed(np.zeros((1, side, side), np.uint8)).shape[1])

    def embed(self, crops: ImageRows) -> Embeddings:
        """float32 [N, D] for uint8 [N, S, S]. Raises ``ParameterError`` if the model does not take such an input."""
        fixed = self.input.shape[0]
        size = fixed if isinstance(fixed, int) else BATCH
        rows = []
        for batch in batches(len(crops), size):
            pixels = self._scaled(crops[batch])
            padded = np.zeros((size, *pixels.shape[1:]), np.uint8)
            padded[: len(pixels)] = pixels
            rows.append(self._run(self._prepared(padded))[: len(pixels)])
        return np.concatenate(rows) if rows else np.empty((0, self.embedding_size), np.float32)

    def class_scores(self, crops: ImageRows) -> NDArray[np.float32]:
        """The output as a score per class, float32 [N, C], NaN where ``columns`` has -1.

        Raises ``ParameterError`` if the model has no such column.
        """
        scores = self.embed(crops)
        width = scores.shape[1]
        columns = np.array(self.columns or range(width))
        if columns.min() < NONE or columns.max() >= width:
            raise ParameterError(
                f"the model gives {width} scores, embedder.columns is {columns.tolist()}",
                fix="name the model's column for each class, in the dataset's order: --set embedder.columns=[3,0,1]",
            )
        chosen: NDArray[np.float32] = np.where(columns == NONE, np.float32(np.nan), scores[:, columns])
        return chosen

    def _scaled(self, crops: Images) -> Images:
        if not self.side or crops.shape[1] == self.side:
            return crops
        shrinks = crops.shape[1] > self.side
        interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        resized = [cv2.resize(crop, (self.side, self.side), interpolation=interpolation) for crop in crops]
        return np.asarray(np.stack(resized), np.uint8)

    def _prepared(self, crops: Images) -> NDArray[Any]:
        """The input as the model wants it, for uint8 [B, S, S]."""
        values: NDArray[Any] = crops
        if TYPES[self.input.type] is np.float32:
            values = (crops.astype(np.float32) * self.scale - self.mean) / self.std
        if self.layout == "NHW":
            return values
        axis = 1 if self.layout == "NCHW" else 3
        return np.repeat(np.expand_dims(values, axis), self.channels, axis)

    def _run(self, values: NDArray[Any]) -> Embeddings:
        try:
            (output,) = self.session.run([self.output], {self.input.name: values})
        except Exception as error:  # onnxruntime's own kinds have no common base but this one
            raise ParameterError(
                f"{self.file.name} does not take {self.layout} {list(values.shape)}, it wants {self.input.shape}: "
                + str(error).splitlines()[0],
                fix="set embedder.layout, embedder.channels and embedder.side (or faces.size) as the model has it",
            ) from error
        return np.asarray(output, np.float32).reshape(len(values), -1)

    def _own_side(self) -> int:
        """The side that the model's input names, or a usual one."""
        side = self.input.shape[3 if self.layout == "NCHW" else 2]
        return side if isinstance(side, int) else 48

    def _ends(self, output: str) -> tuple[Any, str]:
        inputs = self.session.get_inputs()
        outputs = [output.name for output in self.session.get_outputs()]
        if len(inputs) != 1 or inputs[0].type not in TYPES:
            listed = ", ".join(f"{one.name} {one.type}" for one in inputs)
            raise ParameterError(
                f"{self.file.name} has the inputs {listed}; one of float32 or uint8 images is needed",
                fix="export the model with images as its only input",
            )
        if output and output not in outputs:
            raise ParameterError(
                f"{self.file.name} has no output '{output}'", fix=f"--set embedder.output=..., of {', '.join(outputs)}"
            )
        return inputs[0], output or outputs[0]


def _find(file: str, sha256: str) -> Path:
    """The file, with the required SHA-256. Raises ``ParameterError`` or ``WeightsError``."""
    given = Path(file)
    if not file or given.is_absolute() or ".." in given.parts:
        raise ParameterError(
            f"the ONNX file '{file}' is not in the working folder or below it",
            fix=f"go to its folder and name it, or put it into {weights_folder()}",
        )
    place = next((one for one in (given, weights_folder() / given) if one.is_file()), None)
    if place is None:
        raise WeightsError(
            f"there is no {file} here, nor in the weights folder {weights_folder()}",
            fix="put the ONNX file there, or set FERBENCH_WEIGHTS to its folder",
        )
    found = sha256_of(place)
    if not re.fullmatch("[0-9a-f]{64}", sha256) or found != sha256:
        raise WeightsError(
            f"{file} has SHA-256 {found}, requested is '{sha256}'",
            fix=f"if it is the model you mean: --set embedder.sha256={found}",
        )
    return place


def _open(place: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the same sums in the same order, whatever the machine
    try:
        return onnxruntime.InferenceSession(place, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own kinds have no common base but this one
        raise WeightsError(
            f"{place} is not an ONNX model that this ONNX Runtime can read: {str(error).splitlines()[0]}",
            fix="check it, or install a later onnxruntime",
        ) from error
