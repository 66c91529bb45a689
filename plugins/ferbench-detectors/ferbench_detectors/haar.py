"""OpenCV's Haar cascade for frontal faces: Viola and Jones 2001, with the cascade of Lienhart and Maydt 2002."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import cv2
from annotated_types import Ge, Gt, Le

from ferbench.data import Face, Images
from ferbench.errors import WeightsError
from ferbench_detectors._common import as_rgb, fingerprint, in_order

CASCADE = "haarcascade_frontalface_default.xml"


class Haar:
    """The cascade that OpenCV brings along, on the gray image.

    Args:
        scale_factor: from one window size to the next; nearer to 1 is slower and misses less.
        min_neighbors: how many overlapping windows make a face; more means fewer false alarms.
        min_size: side in pixels of the smallest face looked for.
    """

    def __init__(
        self,
        scale_factor: Annotated[float, Gt(1), Le(4)] = 1.1,
        min_neighbors: Annotated[int, Ge(1), Le(100)] = 5,
        min_size: Annotated[int, Ge(1), Le(10_000)] = 24,
    ) -> None:
        self.scale_factor = scale_factor
        self.min_neighbors = min_neighbors
        self.min_size = min_size

    @property
    def fingerprint(self) -> str:
        """Name, versions, parameters and the cascade's SHA-256."""
        return fingerprint(
            "haar",
            "opencv-python-headless",
            scale_factor=self.scale_factor,
            min_neighbors=self.min_neighbors,
            min_size=self.min_size,
            weights=hashlib.sha256(_cascade().read_bytes()).hexdigest(),
        )

    def detect(self, image: Images) -> list[Face]:
        """Faces in ``image`` (uint8 [H, W, 3] or [H, W]); the score is the last stage's weight, without landmarks."""
        gray = cv2.cvtColor(as_rgb(image), cv2.COLOR_RGB2GRAY)
        boxes, _levels, scores = self._cascade.detectMultiScale3(
            gray,
            scaleFactor=self.scale_factor,
            minNeighbors=self.min_neighbors,
            minSize=(self.min_size, self.min_size),
            outputRejectLevels=True,
        )
        found = zip(boxes, scores, strict=True)
        return in_order((((x, y, x + w, y + h), score, None) for (x, y, w, h), score in found), image)

    @cached_property
    def _cascade(self) -> Any:
        cascade = cv2.CascadeClassifier(str(_cascade()))
        if cascade.empty():
            raise _missing()
        return cascade

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_cascade"}


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
