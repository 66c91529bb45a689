"""BlazeFace (Bazarevsky et al. 2019), the short-range model, through MediaPipe's Tasks API.

The file is MediaPipe's own asset; its address and SHA-256 are the ones that MediaPipe's build fetches it by.
"""

from __future__ import annotations

import os
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import mediapipe
import numpy as np
from annotated_types import Gt, Lt
from mediapipe.tasks.python import BaseOptions, vision

from ferbench.data import Face, Images
from ferbench.errors import WeightsError
from ferbench.media import as_rgb
from ferbench.support import Weights
from ferbench_detectors._common import TrainedDetector, in_order, locate_weights

WEIGHTS = Weights(
    "face_detection_short_range.tflite",
    "https://storage.googleapis.com/mediapipe-assets/face_detection_short_range.tflite?generation=1677044301978921",
    "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
    licence="Apache-2.0",
    megabytes=0.23,
)
FIVE = (0, 1, 2, 3, 3)
"""Of BlazeFace's six points (eyes, nose, mouth, ears; those on the picture's left first) the ones of ``Face``."""


class MediaPipe(TrainedDetector):
    """For selfies and portraits: the whole image is seen at 128 x 128, so a face of less than a tenth of it is lost.

    BlazeFace knows the mouth's centre, not its corners: both mouth corners of ``Face.landmarks`` are that centre. Its
    points at the ears are left out. The box reaches from the eyebrows to the chin, so it is lower than others'.

    Args:
        score_threshold: the least score of a face that is given back.
        nms_threshold: of two boxes that overlap by a greater share (intersection over union), one stays.
        weights: path of the .tflite file; by default the weights folder's, downloaded if it is missing.
        weights_sha256: the SHA-256 the file must have, for another model of the Tasks API; by default the public one.
    """

    name = "mediapipe"
    libraries = ("mediapipe",)

    def __init__(
        self,
        score_threshold: Annotated[float, Gt(0), Lt(1)] = 0.5,
        nms_threshold: Annotated[float, Gt(0), Lt(1)] = 0.3,
        weights: str = "",
        weights_sha256: str = "",
    ) -> None:
        path = locate_weights(WEIGHTS, weights, weights_sha256)
        super().__init__(path, score_threshold=score_threshold, nms_threshold=nms_threshold)

    def detect(self, image: Images) -> list[Face]:
        """Faces with five landmarks (see above) in ``image`` (uint8 [H, W, 3] or [H, W]); boxes in whole pixels."""
        height, width = image.shape[:2]
        faces = []
        for detection in self.network.detect(_picture(image)).detections:
            box = detection.bounding_box
            points = [detection.keypoints[index] for index in FIVE]
            faces.append(
                (
                    (box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height),
                    detection.categories[0].score,
                    np.array([(point.x * width, point.y * height) for point in points], np.float32),
                )
            )
        return in_order(faces, image)

    def load_network(self) -> Any:
        """MediaPipe's task, closed when this detector is no longer needed."""
        options = vision.FaceDetectorOptions(
            base_options=BaseOptions(model_asset_path=str(self.path)),
            min_detection_confidence=self.score_threshold,
            min_suppression_threshold=self.nms_threshold,
        )
        with _native_log() as log:
            try:
                task = vision.FaceDetector.create_from_options(options)
                task.detect(_picture(np.zeros((8, 8, 3), np.uint8)))  # it logs at its first picture too
            except (RuntimeError, ValueError, OSError) as error:
                raise WeightsError(
                    f"{self.path} is not a face detector of MediaPipe's Tasks API: {_last_line(error, log())}",
                    fix="leave 'weights' out to use the public file",
                ) from error
        weakref.finalize(self, _close, task)
        return task


def _picture(image: Images) -> Any:
    return mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(as_rgb(image)))


def _close(task: Any) -> None:
    with _native_log():
        try:
            task.close()
        except RuntimeError:  # at the end of the process, when the task's own threads are gone
            task._handle = None  # else its ``__del__`` would try again, and complain on the terminal


def _last_line(error: Exception, log: str) -> str:
    return next((line.strip() for line in reversed(f"{log}\n{error}".splitlines()) if line.strip()), "no reason given")


@contextmanager
def _native_log() -> Iterator[Callable[[], str]]:
    """Keeps what MediaPipe's native code writes to standard error off the terminal; gives a function that reads it.

    Its libraries log each start, and no setting stops them. Only this process's own descriptor is redirected, and only
    for a start and an end; an error is raised all the same.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as file:

        def read() -> str:
            file.seek(0)
            return file.read().decode(errors="replace")

        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            yield read
        finally:
            os.dup2(kept, 2)
            os.close(kept)
