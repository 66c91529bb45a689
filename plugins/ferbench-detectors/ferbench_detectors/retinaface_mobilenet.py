"""RetinaFace (Deng et al. 2020) with a MobileNet-0.25 backbone, run by OpenCV's DNN module.

The network is the one of github.com/biubug6/Pytorch_Retinaface, exported by its ``convert_to_onnx.py``: input float32
[1, 3, 640, 640], BGR minus its mean; for each of 16,800 prior boxes a location [4], two class probabilities and five
landmarks [10]. The authors' own weights lie on Google Drive as a PyTorch file; a fork publishes them converted to ONNX,
with the SHA-256 of both, and that is the file used here.
"""

from __future__ import annotations

from functools import cache, cached_property
from typing import Annotated, Any

import cv2
import numpy as np
from annotated_types import Gt, Lt
from numpy.typing import NDArray

from ferbench.data import Face, Images
from ferbench.errors import WeightsError
from ferbench.support.weights import Weights, sha256
from ferbench_detectors._common import as_rgb, fingerprint, in_order, letterbox, locate_as_told

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


class RetinaFaceMobileNet:
    """Small and quick; needs neither torch nor a GPU.

    Args:
        score_threshold: the least probability of a face that is given back.
        nms_threshold: of two boxes that overlap by a greater share (intersection over union), the better one stays.
        weights: path of the ONNX file; by default the weights folder's, downloaded if it is missing.
        weights_sha256: the SHA-256 the file must have, for other weights of this network; by default the public one.
    """

    landmarks = True

    def __init__(
        self,
        score_threshold: Annotated[float, Gt(0), Lt(1)] = 0.6,
        nms_threshold: Annotated[float, Gt(0), Lt(1)] = 0.4,
        weights: str = "",
        weights_sha256: str = "",
    ) -> None:
        self.score_threshold = score_threshold
        self.nms_threshold = nms_threshold
        self.path = locate_as_told(WEIGHTS, weights, weights_sha256)

    @property
    def fingerprint(self) -> str:
        """Name, versions, parameters and the weights' SHA-256."""
        return fingerprint(
            "retinaface-mobilenet",
            "opencv-python-headless",
            score_threshold=self.score_threshold,
            nms_threshold=self.nms_threshold,
            weights=sha256(self.path),
        )

    def detect(self, image: Images) -> list[Face]:
        """Faces with five landmarks in ``image`` (uint8 [H, W, 3] or [H, W]), which is scaled to fit 640 x 640."""
        canvas, pixels = letterbox(as_rgb(image), SIZE, MEAN_BGR, bgr=True)
        scales = (pixels / SIZE).astype(np.float32)  # shares of the canvas a pixel
        locations, probabilities, landmarks = self._forward(canvas)
        likely = np.flatnonzero(probabilities[:, 1] > self.score_threshold)
        priors, scores = _priors()[likely], probabilities[likely, 1]
        centres = priors[:, :2] + locations[likely, :2] * VARIANCES[0] * priors[:, 2:]
        sides = priors[:, 2:] * np.exp(locations[likely, 2:] * VARIANCES[1])
        corners = centres - sides / 2
        points = priors[:, None, :2] + landmarks[likely].reshape(-1, 5, 2) * VARIANCES[0] * priors[:, None, 2:]
        best = cv2.dnn.NMSBoxes(np.hstack([corners, sides]).tolist(), scores.tolist(), 0.0, self.nms_threshold)
        return in_order(
            (
                (
                    (*(corners[index] / scales).tolist(), *((corners[index] + sides[index]) / scales).tolist()),
                    scores[index],
                    (points[index] / scales).astype(np.float32),
                )
                for index in np.ravel(np.asarray(best, np.int64))
            ),
            image,
        )

    def _forward(self, canvas: Images) -> tuple[Floats, Floats, Floats]:
        """Locations [P, 4], class probabilities [P, 2] and landmarks [P, 10] of a BGR canvas [640, 640, 3]."""
        try:
            self._net.setInput(cv2.dnn.blobFromImage(canvas, mean=MEAN_BGR))
            outputs = self._net.forward(self._net.getUnconnectedOutLayersNames())
        except cv2.error as error:
            raise self._unfit(error.err) from error
        found = {output.shape[1:]: output[0] for output in outputs}
        rows = len(_priors())
        if set(found) != {(rows, 4), (rows, 2), (rows, 10)}:
            raise self._unfit(f"its outputs are {sorted(found)}")
        return found[rows, 4], found[rows, 2], found[rows, 10]

    @cached_property
    def _net(self) -> Any:
        return cv2.dnn.readNetFromONNX(str(self.path))

    def _unfit(self, reason: str) -> WeightsError:
        return WeightsError(
            f"{self.path} is not RetinaFace with MobileNet-0.25 for 640 x 640, or not for OpenCV "
            f"{cv2.__version__}: {reason.strip()}",
            fix="leave 'weights' out to use the public file, or export the network with biubug6's convert_to_onnx.py",
        )

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_net"}


@cache
def _priors() -> Floats:
    """The prior boxes as (centre x, centre y, width, height) in shares of the canvas, float32 [16800, 4]."""
    boxes = []
    for stride, sides in PRIORS:
        steps = (np.arange(SIZE // stride) + 0.5) * stride / SIZE
        y, x, side = np.meshgrid(steps, steps, np.array(sides) / SIZE, indexing="ij")
        boxes.append(np.stack([x, y, side, side], axis=-1).reshape(-1, 4))
    return np.concatenate(boxes).astype(np.float32)
