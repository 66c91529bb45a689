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

from ferbench.data import Embeddings, ImageRows, Images, Labels, batches
from ferbench.errors import ParameterError, WeightsError
from ferbench.interfaces import Loss, Sampler, TrainingMonitor
from ferbench.support import sha256 as sha256_of
from ferbench.support import weights_folder

BATCH = 32
"""Images at once where the model takes any number; the last batch is filled up, so that no row knows its company."""
TYPES = {"tensor(float)": np.float32, "tensor(uint8)": np.uint8}


class OnnxModel:
    """The model's output for each crop. Not trained.

    The input's value is ``(pixel * scale - mean) / std`` as float32, or the pixel itself where the model takes uint8.

    Args:
        file: name of the ONNX file, in the working folder or below it, or in ferbench's weights folder. It is in every
            result, so it is no absolute path. It has to be given.
        sha256: the file's SHA-256 in hex: a result must say which model it is of. It has to be given.
        layout: of the input: ``NCHW``, ``NHWC`` or ``NHW``.
        channels: the gray crop is repeated to as many.
        side: of the input in pixels, to which crops are scaled; 0 leaves them as they are.
        scale: factor on the pixels, by default to [0, 1].
        mean: subtracted after that.
        std: divided by at last.
        output: name of the output; by default the first. It is flattened to one row an image.
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
    ) -> None:
        self.place = _find(file, sha256)
        self.layout, self.channels, self.side = layout, channels, side
        self.scale, self.mean, self.std = np.float32(scale), np.float32(mean), np.float32(std)
        self.session = _open(self.place)
        self.input, self.output = self._ends(output)

    @property
    def embedding_size(self) -> int:
        """D, found out with blank crops."""
        return int(
            self.embed(np.zeros((1, self.side or self._own_side(), self.side or self._own_side()), np.uint8)).shape[1]
        )

    def fit(
        self,
        images: ImageRows,
        labels: Labels,
        *,
        num_classes: int,
        loss: Loss | None,
        sampler: Sampler | None,
        monitor: TrainingMonitor,
        rng: np.random.Generator,
        checkpoint: Path | None,
    ) -> OnnxModel:
        """Nothing to train."""
        return self

    def embed(self, images: ImageRows) -> Embeddings:
        """float32 [N, D] for uint8 [N, S, S]. Raises ``ParameterError`` if the model does not take such an input."""
        fixed = self.input.shape[0]
        size = fixed if isinstance(fixed, int) else BATCH
        rows = []
        for part in batches(len(images), size):
            crops = self._scaled(images[part])
            padded = np.zeros((size, *crops.shape[1:]), np.uint8)
            padded[: len(crops)] = crops
            rows.append(self._run(self._prepared(padded))[: len(crops)])
        return np.concatenate(rows) if rows else np.empty((0, self.embedding_size), np.float32)

    def save(self, folder: Path) -> None:
        """Nothing to keep: the file stays its owner's, and its SHA-256 is in the result."""

    def load(self, place: Path) -> OnnxModel:
        """Nothing to take back. Raises ``WeightsError`` if it is given a file of weights."""
        if place.is_file():
            raise WeightsError(
                f"embedder 'onnx' is not trained and cannot start from {place}",
                fix="name the file: --set embedder.file=... --set embedder.sha256=...",
            )
        return self

    def _scaled(self, crops: Images) -> Images:
        if not self.side or crops.shape[1] == self.side:
            return crops
        way = cv2.INTER_AREA if crops.shape[1] > self.side else cv2.INTER_LINEAR
        return np.stack(
            [np.asarray(cv2.resize(one, (self.side, self.side), interpolation=way), np.uint8) for one in crops]
        )

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
            (found,) = self.session.run([self.output], {self.input.name: values})
        except Exception as error:  # onnxruntime's own kinds have no common base but this one
            raise ParameterError(
                f"{self.place.name} does not take {self.layout} {list(values.shape)}, it wants {self.input.shape}: "
                + str(error).splitlines()[0],
                fix="set embedder.layout, embedder.channels and embedder.side (or faces.size) as the model has it",
            ) from error
        return np.asarray(found, np.float32).reshape(len(values), -1)

    def _own_side(self) -> int:
        """The side that the model's input names, or a usual one."""
        named = self.input.shape[3 if self.layout == "NCHW" else 2]
        return named if isinstance(named, int) else 48

    def _ends(self, output: str) -> tuple[Any, str]:
        inputs, outputs = self.session.get_inputs(), [one.name for one in self.session.get_outputs()]
        if len(inputs) != 1 or inputs[0].type not in TYPES:
            listed = ", ".join(f"{one.name} {one.type}" for one in inputs)
            raise ParameterError(
                f"{self.place.name} has the inputs {listed}; one of float32 or uint8 images is needed",
                fix="export the model with images as its only input",
            )
        if output and output not in outputs:
            raise ParameterError(
                f"{self.place.name} has no output '{output}'", fix=f"--set embedder.output=..., of {', '.join(outputs)}"
            )
        return inputs[0], output or outputs[0]


def _find(file: str, sha256: str) -> Path:
    """The file, of the SHA-256 that is asked for. Raises ``ParameterError`` or ``WeightsError``."""
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
            f"{file} has SHA-256 {found}, asked for is '{sha256}'",
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
            f"{place} is no ONNX model that this ONNX Runtime can read: {str(error).splitlines()[0]}",
            fix="check it, or install a later onnxruntime",
        ) from error
