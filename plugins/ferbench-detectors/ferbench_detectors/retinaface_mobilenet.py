"""RetinaFace (Deng et al. 2020) with a MobileNet-0.25 backbone, run by OpenCV's DNN module.

The network is the one of github.com/biubug6/Pytorch_Retinaface, exported by its ``convert_to_onnx.py``: input float32
[1, 3, 640, 640], BGR minus its mean; for each of 16,800 prior boxes a location [4], two class probabilities and five
landmarks [10]. The authors' own weights lie on Google Drive as a PyTorch file; a fork publishes the same weights as ONNX
with their SHA-256, and that is the file used here.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
from annotated_types import Gt, Lt
from ferbench.data import Face, Images
from ferbench.errors import ParameterError, WeightsError
from ferbench.weights import Weights, locate, sha256
from numpy.typing import NDArray

from ferbench_detectors._common import as_rgb, fingerprint, in_order

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


class RetinaFaceMobileNet:
    """Small and quick; needs neither torch nor a GPU.

    Args:
        score_threshold: the least probability of a face that is given back.
        nms_threshold: of two boxes that overlap by a greater share (intersection over union), the better one stays.
        weights: path of the ONNX file; by default the weights folder's, downloaded if it is missing.
        weights_sha256: the SHA-256 the file must have, for other weights of the same network; by default the public one.
    """

    def __init__(
        self,
        score_threshold: Annotated[float, Gt(0), Lt(1)] = 0.6,
        nms_threshold: Annotated[float, Gt(0), Lt(1)] = 0.4,
        weights: str = "",
        weights_sha256: str = "",
    ) -> None:
        expected = replace(WEIGHTS, sha256=weights_sha256.lower()) if weights_sha256 else WEIGHTS
        self.score_threshold = score_threshold
        self.nms_threshold = nms_threshold
        self.path = locate(expected, Path(weights) if weights else None)

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
        canvas, scales = _letterbox(as_rgb(image))
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

    def _forward(self, canvas: Images) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Locations [P, 4], class probabilities [P, 2] and landmarks [P, 10] of a BGR canvas [640, 640, 3]."""
        self._net.setInput(cv2.dnn.blobFromImage(canvas, mean=MEAN_BGR))
        outputs = self._net.forward(self._net.getUnconnectedOutLayersNames())
        by_width = {output.shape[-1]: output[0] for output in outputs}
        return by_width[4], by_width[2], by_width[10]

    @cached_property
    def _net(self) -> Any:
        try:
            net = cv2.dnn.readNetFromONNX(str(self.path))
            shapes = {shape[-1] for shape in _output_shapes(net)}
        except cv2.error as error:
            raise WeightsError(
                f"OpenCV {cv2.__version__} cannot read {self.path} as ONNX: {error.err}",
                fix="leave 'weights' out to use the public file, or export the network at a fixed 640 x 640",
            ) from error
        if shapes != {4, 2, 10}:
            raise WeightsError(
                f"{self.path} is not this network: its outputs end in {sorted(shapes)}, not in 2, 4 and 10",
                fix="leave 'weights' out to use the public file",
            )
        return net

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_net"}
