"""The face step: detect, take the largest face, crop, gray, resize, into a memory-mapped cache. No image is dropped.

There is one cache per combination of dataset, detector and parameters, so a dataset larger than memory works, and a
second run with the same faces reads nothing twice.
"""

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from ferbench.components.steps import FaceStep
from ferbench.data import Face, Images, ImageSource, Indices, Samples, Strings, batches
from ferbench.errors import DataError, ParameterError, PluginError
from ferbench.faces.cache import CropCache
from ferbench.interfaces import Detector
from ferbench.media.images import as_gray, as_rgb, resize
from ferbench.support.hashing import digest
from ferbench.support.processes import in_order

Box = tuple[float, float, float, float]

FORMAT = 2
"""To be raised when the crops of the same images by the same parameters change, or their files."""
IMAGES_PER_PIECE = 32
"""Images that a worker process takes at a time."""
BYTES_TOGETHER = 1 << 22
"""Bytes of pictures that wait to be cropped together: right after a detector the processor's caches are cold."""


class Shipped(StrEnum):
    """What a dataset ships that makes a detector needless, in the words of messages and results."""

    CROPS = "face crops"
    BOXES = "face boxes"


@dataclass(frozen=True)
class Crops:
    """The face crops of all samples, uint8 [N, S, S], and how they came about.

    ``has_face`` is bool [N]: False where the detector found no face and the image's centre stands in. Such a sample is
    trained on like any other, and tested by ``miss_rule`` (``FaceStep.missed``). ``source`` describes the crops in a
    sentence for the result. ``folder`` holds the cache; what is computed from the crops may be kept there.
    """

    images: Images
    has_face: NDArray[np.bool_]
    source: str
    folder: Path
    miss_rule: Literal["error", "centre"] = "error"

    @property
    def is_scored(self) -> NDArray[np.bool_]:
        """Whether a sample's prediction counts, bool [N]; where it does not, the sample is an error."""
        return self.has_face if self.miss_rule == "error" else np.ones_like(self.has_face)

    @property
    def coverage(self) -> float:
        """Share of the samples with a face, in [0, 1]."""
        return float(self.has_face.mean()) if len(self.has_face) else 1.0

    def to_dict(self) -> dict[str, Any]:
        """Source, coverage, number of misses, and what they count as, for the result."""
        return {
            "source": self.source,
            "coverage": self.coverage,
            "missed": int((~self.has_face).sum()),
            "rule": "misses count as errors"
            if self.miss_rule == "error"
            else "a missed face's centre crop is predicted",
        }


@dataclass(frozen=True)
class Rows:
    """Some rows of a crop cache, gathered only when asked for: a split's side without a copy in memory."""

    images: Images
    rows: Indices

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Indices | slice) -> Images:
        return np.asarray(self.images[self.rows[key]])


def crop(image: Images, box: Box | None, step: FaceStep, eyes: NDArray[np.float32] | None = None) -> Images:
    """Gray uint8 [size, size] of the square around ``box`` (pixels), or of the centre square if there is none.

    The square has the box's longer side and its margins; what is outside the image repeats its edge. With ``eyes``
    (float32 [2, 2], x and y of the left one in the image and of the right one) it is turned so that they are level.
    """
    height, width = image.shape[:2]
    if box is None:
        side = min(height, width)
        left = (width - side) // 2
        top = (height - side) // 2
    else:
        side = max(1, round(max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * step.margin)))
        left = round((box[0] + box[2] - side) / 2)
        top = round((box[1] + box[3] - side) / 2)
    if eyes is not None:
        square = as_gray(_level(image, left, top, side, eyes))
    else:
        right = left + side
        bottom = top + side
        square = as_gray(image[max(0, top) : min(height, bottom), max(0, left) : min(width, right)])
        pads = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
        if any(pads):
            square = np.asarray(cv2.copyMakeBorder(square, *pads, borderType=cv2.BORDER_REPLICATE), np.uint8)
    return square if side == step.size else resize(square, step.size, step.size)


def _level(image: Images, left: int, top: int, side: int, eyes: NDArray[np.float32]) -> Images:
    """The square at ``left``, ``top``, uint8 [side, side(, 3)], turned about its centre so that ``eyes`` are level."""
    across, down = (eyes[1] - eyes[0]).tolist()
    centre = left + (side - 1) / 2, top + (side - 1) / 2
    turn = cv2.getRotationMatrix2D(centre, math.degrees(math.atan2(down, across)), 1.0)
    turn[:, 2] -= left, top
    return np.asarray(cv2.warpAffine(image, turn, (side, side), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def eyes_of(face: Face, step: FaceStep) -> NDArray[np.float32] | None:
    """What ``crop`` aligns ``face`` by, if ``step`` does. Raises ``PluginError`` for a face without landmarks."""
    if not step.align:
        return None
    if face.landmarks is None:
        raise PluginError(
            "a detector that says that it gives landmarks gave a face without",
            fix="report it to its author, or leave faces.align out",
        )
    return face.landmarks[:2]


def check_alignment(step: FaceStep, detector: Detector | None, shipped: Shipped | None = None) -> None:
    """Raises ``ParameterError`` if ``step`` aligns faces and ``detector``, or what is ``shipped``, has no landmarks."""
    if not step.align or getattr(detector, "landmarks", False):
        return
    if shipped:
        raise ParameterError(
            f"faces.align needs landmarks, and the dataset ships {shipped} without them",
            fix="let the detector find the faces: --set faces.shipped=false; or leave faces.align out",
        )
    raise ParameterError(
        "faces.align needs landmarks, and the detector gives none",
        fix="choose one that does (ferbench list detectors), or leave faces.align out",
    )


def shipped_faces(samples: Samples, step: FaceStep) -> Shipped | None:
    """What the dataset ships that is used in place of a detector, if anything."""
    if not step.shipped:
        return None
    if samples.cropped:
        return Shipped.CROPS
    return Shipped.BOXES if samples.boxes is not None else None


@dataclass(frozen=True)
class Cropper:
    """Reads, detects and crops; what a worker process gets.

    The face is ``boxes``' (float32 [N, 4]) where the dataset ships them, else the largest that ``detector`` finds, else
    the whole image. ``ids`` are for errors.
    """

    ids: Strings
    images: ImageSource
    boxes: NDArray[np.float32] | None
    detector: Detector | None
    step: FaceStep

    def __call__(self, rows: range) -> tuple[Images, NDArray[np.bool_]]:
        """The crops of M rows, uint8 [M, S, S], and whether each has a face, bool [M]. Raises ``DataError``."""
        crops: list[Images] = []
        has_face: list[bool] = []
        waiting: list[tuple[Images, list[Face]]] = []
        waiting_bytes = 0
        for row in rows:
            image = self.images.read(row)
            waiting.append((image, self._faces(image, row)))
            waiting_bytes += image.nbytes
            if waiting_bytes >= BYTES_TOGETHER or row == rows[-1]:
                for image, faces in waiting:
                    crops.append(self._largest(image, faces))
                    has_face.append(len(faces) > 0)
                waiting = []
                waiting_bytes = 0
        return np.stack(crops), np.array(has_face)

    def _largest(self, image: Images, faces: list[Face]) -> Images:
        if not faces:
            return crop(image, None, self.step)
        face = max(faces, key=lambda face: face.area)
        return crop(image, face.box, self.step, eyes_of(face, self.step))

    def _faces(self, image: Images, row: int) -> list[Face]:
        if self.boxes is not None:
            left, top, right, bottom = self.boxes[row].tolist()
            _check_box((left, top, right, bottom), image, str(self.ids[row]))
            return [Face((left, top, right, bottom), 1.0)]
        if self.detector is None:
            return [Face((0.0, 0.0, float(image.shape[1]), float(image.shape[0])), 1.0)]
        return self.detector.detect(as_rgb(image))


def prepare(
    samples: Samples,
    detector: Callable[[], Detector],
    step: FaceStep,
    *,
    progress: Callable[[int, int], None],
    cache: Path | None = None,
    workers: int = 1,
) -> Crops:
    """The crops of all samples, from the cache or made now; an unfinished cache is continued where it stopped.

    ``detector`` is built only if it is needed. ``progress`` gets (done, total). ``workers`` processes share the work if
    there is much of it; the crops are the same for any number. Raises ``DataError`` from a broken image,
    ``ParameterError`` if faces cannot be aligned, ``WeightsError`` from a detector, ``WorkerError`` from a process that
    died, ``StorageError`` if the cache cannot be written.
    """
    shipped = shipped_faces(samples, step)
    finder = None if shipped else detector()
    check_alignment(step, finder, shipped)
    if finder is None:
        source = f"the dataset ships {shipped}, no detector ran"
        identity = str(shipped)
    else:
        source = "the largest face that the detector found"
        identity = finder.fingerprint
    count = len(samples)
    folder = (cache or user_cache_path("ferbench")) / "faces" / _key(samples.fingerprint, identity, step)
    crop_cache = CropCache(folder, count, step.size)
    if not crop_cache.complete:
        boxes = samples.boxes if shipped == Shipped.BOXES else None
        cropper = Cropper(samples.ids, samples.images, boxes, finder, step)
        with crop_cache:
            slices = batches(count, IMAGES_PER_PIECE, start=crop_cache.done)
            pieces = [range(rows.start, rows.stop) for rows in slices]
            with closing(in_order(cropper, pieces, workers=workers)) as results:
                for crops, has_face in results:
                    crop_cache.append(crops, has_face)
                    progress(crop_cache.done, count)
    progress(count, count)
    return Crops(*crop_cache.read(), source, folder, step.missed)


def _check_box(box: Box, image: Images, sample: str) -> None:
    """Raises ``DataError`` if a box that the dataset gives has not even one pixel of its image."""
    left, top, right, bottom = box
    height, width = image.shape[:2]
    if min(right, width) - max(left, 0) < 1 or min(bottom, height) - max(top, 0) < 1:
        raise DataError(
            f"the face box of sample {sample} ({left:g}, {top:g}, {right:g}, {bottom:g}) is outside its image of "
            f"{width}x{height} pixels",
            fix="correct the dataset's annotation, or let the detector find the faces: --set faces.shipped=false",
        )


def _key(fingerprint: str, identity: str, step: FaceStep) -> str:
    parameters = {name: value for name, value in asdict(step).items() if name != "missed"}  # the crops are the same
    return digest([FORMAT, cv2.__version__, fingerprint, identity, parameters])[:24]
