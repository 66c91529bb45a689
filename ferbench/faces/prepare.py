"""The face step: detect, take the largest face, crop, gray, resize, into a memory-mapped cache. No image is dropped.

There is one cache a combination of dataset, detector and parameters, so a dataset larger than memory works, and a
second run with the same faces reads nothing twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
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
from ferbench.support.hashing import digest
from ferbench.support.processes import in_order

Box = tuple[float, float, float, float]

FORMAT = 1
"""Raise when crops of the same images by the same parameters change."""
CHUNK = 32
"""Images that a worker process takes at a time."""
TOGETHER = 1 << 22
"""Bytes of pictures that wait to be cropped together: a crop right after a detector finds the caches cleared."""


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
        """Source, coverage, number of misses, and their rule where it is not "error", for the result."""
        facts = {"source": self.source, "coverage": self.coverage, "missed": int((~self.has_face).sum())}
        return facts | ({} if self.miss_rule == "error" else {"rule": "a missed face's centre crop is predicted"})


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

    The square has the box's longer side and its margins; what lies outside the image repeats its edge. With ``eyes``
    (float32 [2, 2], x and y of the left one in the image and of the right one) it is turned so that they are level.
    """
    height, width = image.shape[:2]
    if box is None:
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
    else:
        side = max(1, round(max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * step.margin)))
        left, top = round((box[0] + box[2] - side) / 2), round((box[1] + box[3] - side) / 2)
    if eyes is not None:
        image = _level(image, left, top, side, eyes)
        left, top, height, width = 0, 0, side, side
    right, bottom = left + side, top + side
    pads = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
    part = image[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
    gray: Any = part if part.ndim == 2 else cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    if any(pads):
        gray = cv2.copyMakeBorder(gray, *pads, borderType=cv2.BORDER_REPLICATE)
    if side != step.size:
        kind = cv2.INTER_AREA if side > step.size else cv2.INTER_LINEAR
        gray = cv2.resize(gray, (step.size, step.size), interpolation=kind)
    return np.asarray(gray, np.uint8)


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


def check_alignment(step: FaceStep, detector: Detector | None, ready: str | None = None) -> None:
    """Raises ``ParameterError`` if ``step`` aligns faces and ``detector``, or what is ``ready``, has no landmarks."""
    if not step.align or getattr(detector, "landmarks", False):
        return
    if ready:
        raise ParameterError(
            f"faces.align needs landmarks, and the dataset ships {ready} without them",
            fix="let the detector find the faces: --set faces.shipped=false; or leave faces.align out",
        )
    raise ParameterError(
        "faces.align needs landmarks, and the detector gives none",
        fix="choose one that does (ferbench list detectors), or leave faces.align out",
    )


def shipped(samples: Samples, step: FaceStep) -> str | None:
    """What the dataset ships that makes a detector needless, "face crops" or "face boxes", or ``None``."""
    if not step.shipped:
        return None
    return "face crops" if samples.cropped else "face boxes" if samples.boxes is not None else None


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
        crops, found = list[Images](), list[bool]()
        waiting: list[tuple[Images, list[Face]]] = []
        held = 0
        for row in rows:
            image = self.images.read(row)
            waiting.append((image, self._faces(image, row)))
            held += image.nbytes
            if held >= TOGETHER or row == rows[-1]:
                crops += [self._largest(*one) for one in waiting]
                found += [len(faces) > 0 for _, faces in waiting]
                waiting, held = [], 0
        return np.stack(crops), np.array(found)

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
        return self.detector.detect(image if image.ndim == 3 else np.stack([image] * 3, axis=2))


def prepare(
    samples: Samples,
    detector: Callable[[], Detector],
    step: FaceStep,
    *,
    progress: Callable[[int, int], None],
    cache: Path | None = None,
    workers: int = 1,
) -> Crops:
    """The crops of all samples, from the cache or made now; an unfinished cache goes on where it stopped.

    ``detector`` is built only if it is needed. ``progress`` gets (done, total). ``workers`` processes share the work if
    there is much of it; the crops are the same for any number. Raises ``DataError`` from a broken image,
    ``ParameterError`` if faces cannot be aligned, ``WeightsError`` from a detector, ``WorkerError`` from a process that
    died, ``StorageError`` if the cache cannot be written.
    """
    ready = shipped(samples, step)
    if ready:
        source, identity, finder = f"the dataset ships {ready}, no detector ran", ready, None
    else:
        finder = detector()
        source, identity = "the largest face that the detector found", finder.fingerprint
    check_alignment(step, finder, ready)
    count = len(samples)
    folder = (cache or user_cache_path("ferbench")) / "faces"
    cached = CropCache(folder / _key(samples.fingerprint, identity, step), count, step.size)
    if not cached.complete:
        work = Cropper(samples.ids, samples.images, samples.boxes if ready == "face boxes" else None, finder, step)
        with cached:
            pieces = [range(part.start, part.stop) for part in batches(count, CHUNK, start=cached.done)]
            with closing(in_order(work, pieces, workers=workers)) as made:
                for crops, found in made:
                    cached.append(crops, found)
                    progress(cached.done, count)
    progress(count, count)
    return Crops(*cached.read(), source, cached.place, step.missed)


def _check_box(box: Box, image: Images, sample: str) -> None:
    """Raises ``DataError`` if a box that the dataset gives has not even one pixel of its image."""
    (left, top, right, bottom), (height, width) = box, image.shape[:2]
    if min(right, width) - max(left, 0) < 1 or min(bottom, height) - max(top, 0) < 1:
        raise DataError(
            f"the face box of sample {sample} ({left:g}, {top:g}, {right:g}, {bottom:g}) lies outside of its image of "
            f"{width}x{height} pixels",
            fix="correct the dataset's annotation, or let the detector find the faces: --set faces.shipped=false",
        )


def _key(fingerprint: str, identity: str, step: FaceStep) -> str:
    parameters = {name: value for name, value in step.to_dict().items() if name != "missed"}  # the crops are the same
    return digest([FORMAT, cv2.__version__, fingerprint, identity, parameters])[:24]
