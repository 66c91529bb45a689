"""No detection: the whole image is the face."""

from __future__ import annotations

from ferbench.data import Face, Images
from ferbench_detectors._common import fingerprint


class WholeImage:
    """For images that are face crops already, and as the baseline of what a detector brings."""

    @property
    def fingerprint(self) -> str:
        """Name and version."""
        return fingerprint("whole-image")

    def detect(self, image: Images) -> list[Face]:
        """One face, all of ``image`` (uint8 [H, W, 3] or [H, W]), with score 1 and no landmarks."""
        height, width = image.shape[:2]
        return [Face((0.0, 0.0, float(width), float(height)), 1.0)]
