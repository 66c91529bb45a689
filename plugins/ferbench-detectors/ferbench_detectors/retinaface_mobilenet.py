"""RetinaFace (Deng et al. 2020) with a MobileNet-0.25 backbone, run by OpenCV's DNN module.

The network is the one of github.com/biubug6/Pytorch_Retinaface, exported by its ``convert_to_onnx.py``: input float32
[1, 3, 640, 640], BGR minus its mean; for each of 16,800 prior boxes a location [4], two class probabilities and five
landmarks [10]. The authors' own weights are on Google Drive as a PyTorch file; a fork publishes them converted to ONNX,
with the SHA-256 of both, and that is the file used here.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any

import cv2
import numpy as np
from annotated_types import Gt, Lt
from numpy.typing import NDArray

from ferbench.data import Face, Images
from ferbench.errors import WeightsError
from ferbench.media import as_rgb
from ferbench.support import Weights
from ferbench_detectors._common import TrainedDetector, best_on_canvas, letterbox, locate_weights

WEIGHTS = Weights(
    "retinaface-mobilenet-0.25.onnx",
    "https://github.com/clibdev/Pytorch_Retinaface/releases/latest/download/retinaface-mobilenet-0.25.onnx",
    "4aa128919a621c913b3bf78befa33eaaba086a7a7e142cdb739839a9340f2420",
    licence="MIT",
    megabytes=1.7,
)
SIZE = 640
MEAN_BGR = (104, 117, 123)
# Of biubug6's cfg_mnet: the stride of each feature map, and the sides of its prior boxes in pixels.
PRIORS = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))
VARIANCES = (0.1, 0.2)
Floats = NDArray[np.float32]


class RetinaFaceMobileNet(TrainedDetector):
    """Small and quick; needs neither torch nor a GPU.

    Args:
        score_threshold: the least probability of a face that is given back.
        nms_threshold: of two boxes that overlap by a greater share (intersection over union), the better one stays.
        weights: path of the ONNX file; by default the weights folder's, downloaded if it is missing.
        weights_sha256: the SHA-256 the file must have, for other weights of this network; by default the public one.
    """

    name = "retinaface-mobilenet"
    libraries = ("opencv-python-headless",)

    def __init__(
        self,
        score_threshold: Annotated[float, Gt(0), Lt(1)] = 0.6,
        nms_threshold: Annotated[float, Gt(0), Lt(1)] = 0.4,
        weights: str = "",
        weights_sha256: str = "",
    ) -> None:
        path = locate_weights(WEIGHTS, weights, weights_sha256)
        super().__init__(path, score_threshold=score_threshold, nms_threshold=nms_threshold)

    def detect(self, image: Images) -> list[Face]:
        """Faces with five landmarks in ``image`` (uint8 [H, W, 3] or [H, W]), which is scaled to fit 640 x 640."""
        canvas, pixels = letterbox(as_rgb(image), SIZE, MEAN_BGR, bgr=True)
        scales = (pixels / SIZE).astype(np.float32)  # shares of the canvas per pixel of the image
        locations, probabilities, landmarks = self._forward(canvas)
        likely = np.flatnonzero(probabilities[:, 1] > self.score_threshold)
        priors = _priors()[likely]
        centres = priors[:, :2] + locations[likely, :2] * VARIANCES[0] * priors[:, 2:]
        sides = priors[:, 2:] * np.exp(locations[likely, 2:] * VARIANCES[1])
        points = priors[:, None, :2] + landmarks[likely].reshape(-1, 5, 2) * VARIANCES[0] * priors[:, None, 2:]
        scores = probabilities[likely, 1]
        thresholds = (0.0, self.nms_threshold)  # the least score is applied above
        return best_on_canvas(image, centres - sides / 2, sides, points, scores, scales, thresholds=thresholds)

    def _forward(self, canvas: Images) -> tuple[Floats, Floats, Floats]:
        """Locations [P, 4], class probabilities [P, 2] and landmarks [P, 10] of a BGR canvas [640, 640, 3]."""
        try:
            self.network.setInput(cv2.dnn.blobFromImage(canvas, mean=MEAN_BGR))
            outputs = self.network.forward(self.network.getUnconnectedOutLayersNames())
        except cv2.error as error:
            raise self._unfit(error.err) from error
        by_shape = {output.shape[1:]: output[0] for output in outputs}
        rows = len(_priors())
        if set(by_shape) != {(rows, 4), (rows, 2), (rows, 10)}:
            raise self._unfit(f"its outputs are {sorted(by_shape)}")
        return by_shape[rows, 4], by_shape[rows, 2], by_shape[rows, 10]

    def load_network(self) -> Any:
        """OpenCV's network."""
        return cv2.dnn.readNetFromONNX(str(self.path))

    def _unfit(self, reason: str) -> WeightsError:
        return WeightsError(
            f"{self.path} is not RetinaFace with MobileNet-0.25 for 640 x 640, or not for OpenCV "
            f"{cv2.__version__}: {reason.strip()}",
            fix="leave 'weights' out to use the public file, or export the network with biubug6's convert_to_onnx.py",
        )


@cache
def _priors() -> Floats:
    """The prior boxes as (centre x, centre y, width, height) in shares of the canvas, float32 [16800, 4]."""
    boxes = []
    for stride, sides in PRIORS:
        steps = (np.arange(SIZE // stride) + 0.5) * stride / SIZE
        y, x, side = np.meshgrid(steps, steps, np.array(sides) / SIZE, indexing="ij")
        boxes.append(np.stack([x, y, side, side], axis=-1).reshape(-1, 4))
    return np.concatenate(boxes).astype(np.float32)
