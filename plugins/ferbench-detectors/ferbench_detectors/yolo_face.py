"""YOLO5Face (Qi et al. 2022), its smallest network, yolov5n-0.5 (a ShuffleNetV2), run by ONNX Runtime.

OpenCV's DNN module gives the same values to 1e-4, but takes four times as long (152 against 38 ms on one core). Two
forms of export are taken: the three raw heads at strides 8, 16 and 32 (float32 [1, 3, 80, 80, 16] and so on), which are
decoded here, and one output [1, 25200, 16] that is decoded already. A fork publishes the second form with its SHA-256,
and that is the public file; the authors themselves give the weights as PyTorch files on Google Drive. The 16 values are
a box [4], whether something is there, five landmarks [10], and whether it is a face.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Annotated, Any

import cv2
import numpy as np
import onnxruntime
from annotated_types import Gt, Lt
from numpy.typing import NDArray

from ferbench.data import Face, Images
from ferbench.errors import WeightsError
from ferbench.media import as_rgb
from ferbench.support import Weights
from ferbench_detectors._common import TrainedDetector, best_on_canvas, letterbox, locate_weights

WEIGHTS = Weights(
    "yolov5n-0.5-face.onnx",
    "https://github.com/clibdev/yolov5-face/releases/latest/download/yolov5n-0.5-face.onnx",
    "269eb1e54313f9d1f7941ed9939fa247767539bca5801fc7aa7895960e93ca43",
    licence="GPL-3.0",
    megabytes=1.8,
)
SIZE = 640
GRAY = (114, 114, 114)
"""What the authors fill the rest of the square with."""
# Of the authors' yolov5n-0.5.yaml: the stride of each head, and the width and height of its anchors in pixels.
ANCHORS = (
    (8, ((4, 5), (8, 10), (13, 16))),
    (16, ((23, 29), (43, 55), (73, 105))),
    (32, ((146, 217), (231, 300), (335, 433))),
)
Floats = NDArray[np.float32]


class YoloFace(TrainedDetector):
    """Small and quick; needs neither torch nor a GPU.

    Args:
        score_threshold: the least probability of a face that is given back.
        nms_threshold: of two boxes that overlap by a greater share (intersection over union), the better one stays.
        weights: path of the ONNX file; by default the weights folder's, downloaded if it is missing.
        weights_sha256: the SHA-256 the file must have, for other weights of this network; by default the public one.
    """

    name = "yolo-face"
    libraries = ("onnxruntime", "opencv-python-headless")

    def __init__(
        self,
        score_threshold: Annotated[float, Gt(0), Lt(1)] = 0.5,
        nms_threshold: Annotated[float, Gt(0), Lt(1)] = 0.45,
        weights: str = "",
        weights_sha256: str = "",
    ) -> None:
        path = locate_weights(WEIGHTS, weights, weights_sha256)
        super().__init__(path, score_threshold=score_threshold, nms_threshold=nms_threshold)

    def detect(self, image: Images) -> list[Face]:
        """Faces with five landmarks in ``image`` (uint8 [H, W, 3] or [H, W]), which is scaled to fit 640 x 640."""
        canvas, scales = letterbox(as_rgb(image), SIZE, GRAY)
        rows = self._forward(canvas)
        sides = rows[:, 2:4]
        corners = rows[:, :2] - sides / 2
        points = rows[:, 5:15].reshape(-1, 5, 2)
        scores = rows[:, 4] * rows[:, 15]
        thresholds = (self.score_threshold, self.nms_threshold)
        return best_on_canvas(image, corners, sides, points, scores, scales, thresholds=thresholds)

    def _forward(self, canvas: Images) -> Floats:
        """The rows [M, 16] of an RGB canvas [640, 640, 3] that may be faces, decoded: pixels and probabilities."""
        try:
            name = self.network.get_inputs()[0].name
            outputs = self.network.run(None, {name: cv2.dnn.blobFromImage(canvas, 1 / 255)})
        except Exception as error:  # ONNX Runtime has an exception for each of its states, without a common base
            raise self._unfit(str(error)) from error
        by_shape: dict[tuple[int, ...], Floats] = {output.shape[1:]: output[0] for output in outputs}
        count = len(_cells()[0])
        if set(by_shape) == {(count, 16)}:
            rows = by_shape[count, 16]
            return rows[rows[:, 4] > self.score_threshold]
        heads = [(3, SIZE // stride, SIZE // stride, 16) for stride, _ in ANCHORS]
        if set(by_shape) != set(heads):
            raise self._unfit(f"its outputs are {sorted(by_shape)}")
        return decode(np.concatenate([by_shape[head].reshape(-1, 16) for head in heads]), self.score_threshold)

    def load_network(self) -> Any:
        """ONNX Runtime's session."""
        options = onnxruntime.SessionOptions()
        # It heeds no such variable by itself, and a worker process must not take the other workers' cores.
        options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS", 0))
        options.log_severity_level = 3  # its remarks on unused weights are not for the terminal
        return onnxruntime.InferenceSession(self.path, options, providers=["CPUExecutionProvider"])

    def _unfit(self, reason: str) -> WeightsError:
        return WeightsError(
            f"{self.path} is not YOLO5Face (yolov5n-0.5) for 640 x 640, or not for ONNX Runtime "
            f"{onnxruntime.__version__}: {reason.strip()}",
            fix="leave 'weights' out to use the public file",
        )


def decode(raw: Floats, threshold: float) -> Floats:
    """Of the heads' values [25200, 16], the rows where something is there by more than ``threshold``, as the authors'
    ``Detect.forward`` gives them: box by centre and sides and landmarks in pixels of the canvas, probabilities."""
    likely = np.flatnonzero(raw[:, 4] > np.log(threshold / (1 - threshold)))
    rows = raw[likely].copy()
    corners, strides, anchors = (values[likely] for values in _cells())
    sure = [0, 1, 2, 3, 4, 15]
    rows[:, sure] = 1 / (1 + np.exp(-rows[:, sure]))
    rows[:, :2] = (rows[:, :2] * 2 - 0.5) * strides + corners
    rows[:, 2:4] = (rows[:, 2:4] * 2) ** 2 * anchors
    rows[:, 5:15] = rows[:, 5:15] * np.tile(anchors, 5) + np.tile(corners, 5)
    return rows


@cache
def _cells() -> tuple[Floats, Floats, Floats]:
    """Of each row of the heads the cell's corner [25200, 2], its stride [25200, 1] and anchor [25200, 2], in pixels."""
    corners = []
    strides = []
    anchors = []
    for stride, sizes in ANCHORS:
        y, x = np.mgrid[: SIZE // stride, : SIZE // stride].reshape(2, -1) * stride
        for size in sizes:
            corners.append(np.stack([x, y], axis=1))
            strides.append(np.full((len(x), 1), stride))
            anchors.append(np.tile(size, (len(x), 1)))
    return _joined(corners), _joined(strides), _joined(anchors)


def _joined(arrays: list[NDArray[Any]]) -> Floats:
    return np.concatenate(arrays).astype(np.float32)
