"""YuNet (Wu et al. 2023), through OpenCV's ``FaceDetectorYN``.

The file is the default of OpenCV's model zoo: the weights of 2023mar, exported for images of any size. The zoo
publishes no SHA-256; the one here was computed from the file, and others who redistribute it unchanged give the same.
"""

from __future__ import annotations

from array import array
from typing import Annotated, Any

import cv2
from annotated_types import Ge, Gt, Le, Lt

from ferbench.data import Face, Images
from ferbench.errors import WeightsError
from ferbench.media import as_rgb, resize
from ferbench.support import Weights
from ferbench_detectors._common import Box, TrainedDetector, in_order, locate_weights

WEIGHTS = Weights(
    "face_detection_yunet_2026may.onnx",
    "https://github.com/opencv/opencv_zoo/raw/47534e27c9851bb1128ccc0102f1145e27f23f98/"
    "models/face_detection_yunet/face_detection_yunet_2026may.onnx",
    "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0",
    licence="MIT",
    megabytes=0.23,
)
MIN_SIDE = 64
"""A picture that ends up with 32 rows has a feature map of one row, and OpenCV 4 then reads memory that is not its."""
MAX_BOXES = 5000


class YuNet(TrainedDetector):
    """Very small and very quick; trained for faces of some 10 to 300 pixels.

    Args:
        score_threshold: the least score of a face that is given back.
        nms_threshold: of two boxes that overlap by a greater share (intersection over union), the better one stays.
        max_size: an image whose longer side has more pixels is scaled down to that many first. A smaller value makes
            large photos quicker and finds faces that fill them; a greater one finds small faces in them.
        weights: path of the ONNX file; by default the weights folder's, downloaded if it is missing.
        weights_sha256: the SHA-256 the file must have, for other weights of this network; by default the public one.
    """

    name = "yunet"
    libraries = ("opencv-python-headless",)
    max_size: int

    def __init__(
        self,
        score_threshold: Annotated[float, Gt(0), Lt(1)] = 0.6,
        nms_threshold: Annotated[float, Gt(0), Lt(1)] = 0.3,
        max_size: Annotated[int, Ge(64), Le(8192)] = 640,
        weights: str = "",
        weights_sha256: str = "",
    ) -> None:
        super().__init__(
            locate_weights(WEIGHTS, weights, weights_sha256),
            score_threshold=score_threshold,
            nms_threshold=nms_threshold,
            max_size=max_size,
        )

    def detect(self, image: Images) -> list[Face]:
        """Faces with five landmarks in ``image`` (uint8 [H, W, 3] or [H, W])."""
        seen, scale = self._scaled(as_rgb(image))
        height, width = seen.shape[:2]
        try:
            if self.network.getInputSize() != (width, height):
                self.network.setInputSize((width, height))
            rows = self.network.detect(seen)[1]
        except cv2.error as error:
            raise self._unfit(error.err) from error
        if rows is None:
            return []
        # A row: left, top, width, height, five points, score; made left, top, right, bottom in pixels of ``image``.
        if scale < 1:
            rows[:, :14] /= scale
        points = rows[:, 4:14].reshape(-1, 5, 2)
        faces: list[tuple[Box, float, Any]] = []
        for (left, top, width, height, *_, score), five in zip(rows.tolist(), points, strict=True):
            right, bottom = array("f", (left + width, top + height))  # rounded as NumPy's float32 are, but quicker
            faces.append(((left, top, right, bottom), score, five))
        return in_order(faces, image)

    def _scaled(self, image: Images) -> tuple[Images, float]:
        """``image`` as BGR in a size that the network takes, and how many of its pixels make one of ``image``."""
        height, width = image.shape[:2]
        scale = min(1.0, self.max_size / max(height, width))
        if scale < 1:
            image = resize(image, max(1, round(width * scale)), max(1, round(height * scale)))
            height, width = image.shape[:2]
        bgr: Any = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        below = max(0, MIN_SIDE - height)
        right = max(0, MIN_SIDE - width)
        if below or right:
            bgr = cv2.copyMakeBorder(bgr, 0, below, 0, right, cv2.BORDER_CONSTANT)
        return bgr, scale

    def load_network(self) -> Any:
        """OpenCV's detector."""
        sizes = (MIN_SIDE, MIN_SIDE)
        thresholds = (self.score_threshold, self.nms_threshold, MAX_BOXES)
        return cv2.FaceDetectorYN.create(str(self.path), "", sizes, *thresholds)

    def _unfit(self, reason: str) -> WeightsError:
        return WeightsError(
            f"{self.path} is not YuNet, or not for OpenCV {cv2.__version__}: {reason.strip()}",
            fix="leave 'weights' out to use the public file",
        )
