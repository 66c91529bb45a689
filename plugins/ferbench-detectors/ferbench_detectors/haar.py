"""OpenCV's Haar cascade for frontal faces: Viola and Jones 2001, with the cascade of Lienhart and Maydt 2002."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import cv2
from annotated_types import Ge, Gt, Le

from ferbench.data import Face, Images
from ferbench.errors import WeightsError
from ferbench.media import as_gray, as_rgb
from ferbench_detectors._common import TrainedDetector, in_order

CASCADE = "haarcascade_frontalface_default.xml"


class Haar(TrainedDetector):
    """The cascade that comes with OpenCV, on the gray image.

    Args:
        scale_factor: from one window size to the next; nearer to 1 is slower and misses less.
        min_neighbors: how many overlapping windows make a face; more means fewer false alarms.
        min_size: side in pixels of the smallest face looked for.
    """

    landmarks = False
    lenient: ClassVar[Mapping[str, float]] = {"min_neighbors": 1}
    name = "haar"
    libraries = ("opencv-python-headless",)
    scale_factor: float
    min_neighbors: int
    min_size: int

    def __init__(
        self,
        scale_factor: Annotated[float, Gt(1), Le(4)] = 1.1,
        min_neighbors: Annotated[int, Ge(1), Le(100)] = 5,
        min_size: Annotated[int, Ge(1), Le(10_000)] = 24,
    ) -> None:
        super().__init__(_cascade(), scale_factor=scale_factor, min_neighbors=min_neighbors, min_size=min_size)

    def detect(self, image: Images) -> list[Face]:
        """Faces in ``image`` (uint8 [H, W, 3] or [H, W]); the score is the last stage's weight, without landmarks."""
        boxes, _levels, scores = self.network.detectMultiScale3(
            as_gray(as_rgb(image)),
            scaleFactor=self.scale_factor,
            minNeighbors=self.min_neighbors,
            minSize=(self.min_size, self.min_size),
            outputRejectLevels=True,
        )
        faces = zip(boxes, scores, strict=True)
        return in_order((((x, y, x + w, y + h), score, None) for (x, y, w, h), score in faces), image)

    def load_network(self) -> Any:
        """The cascade."""
        cascade = cv2.CascadeClassifier(str(self.path))
        if cascade.empty():
            raise _missing()
        return cascade


def _cascade() -> Path:
    # OpenCV 5 has neither the cascades nor the class that reads them.
    path = Path(cv2.__file__).parent / "data" / CASCADE
    if not path.is_file():
        raise _missing()
    return path


def _missing() -> WeightsError:
    return WeightsError(
        f"OpenCV {cv2.__version__} has no readable {CASCADE}",
        fix="uv pip install --reinstall 'opencv-python-headless>=4.11,<5'",
    )
