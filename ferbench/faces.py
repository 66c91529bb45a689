"""The face step: detect, take the largest face, crop, gray, resize, into a memory-mapped cache. No image is dropped.

The cache is one ``uint8 [N, S, S]`` file a combination of dataset, detector and parameters, so a dataset larger than
memory works, and a second run with the same faces reads nothing twice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray
from platformdirs import user_cache_path

from ferbench.data import Face, Images, Indices, Samples
from ferbench.digests import digest
from ferbench.interfaces import Detector
from ferbench.storage import explain, write_text

FORMAT = 1
"""Raise when crops of the same images by the same parameters change."""
CHUNK = 256
"""Images between two notes of how far an unfinished cache has come."""


@dataclass(frozen=True)
class FaceStep:
    """Parameters of the face step.

    Args:
        size: side of the gray crop in pixels (Haider et al. 2023, Section 4.2: 48).
        margin: added on each side of the box, as a share of its longer side.
        shipped: use the crops or face boxes that a dataset ships, if it does; ``false`` runs the detector all the same.
    """

    size: Annotated[int, Ge(8), Le(1024)] = 48
    margin: Annotated[float, Ge(0), Le(2)] = 0.0
    shipped: bool = True


@dataclass(frozen=True)
class Crops:
    """The face crops of all samples, uint8 [N, S, S], and how they came about.

    ``found`` is bool [N]: False where the detector found no face and the whole image's centre stands in. Such a sample
    is trained on like any other, and scored as an error. ``source`` says it in a sentence for the result. ``folder`` is
    where the cache lies; what is computed from the crops may be kept there.
    """

    images: Images
    found: NDArray[np.bool_]
    source: str
    folder: Path

    @property
    def coverage(self) -> float:
        """Share of the samples with a face, in [0, 1]."""
        return float(self.found.mean()) if len(self.found) else 1.0


@dataclass(frozen=True)
class Rows:
    """Some rows of a crop cache, gathered only when asked for: a split's side without a copy in memory."""

    images: Images
    rows: Indices

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: Indices | slice) -> Images:
        return np.asarray(self.images[self.rows[key]])


def crop(image: Images, box: tuple[float, float, float, float] | None, step: FaceStep) -> Images:
    """Gray uint8 [size, size] of the square around ``box`` (pixels), or of the centre square if there is none.

    The square has the box's longer side and its margins; what lies outside the image repeats its edge.
    """
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height, width = gray.shape
    if box is None:
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
    else:
        side = max(1, round(max(box[2] - box[0], box[3] - box[1]) * (1 + 2 * step.margin)))
        left, top = round((box[0] + box[2] - side) / 2), round((box[1] + box[3] - side) / 2)
    if side != step.size or (left, top) != (0, 0) or (height, width) != (side, side):
        right, bottom = left + side, top + side
        pads = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
        gray = gray[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]
        if any(pads):
            gray = cv2.copyMakeBorder(gray, *pads, borderType=cv2.BORDER_REPLICATE)
        if side != step.size:
            shrinks = side > step.size
            gray = cv2.resize(
                gray, (step.size, step.size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            )
    return np.asarray(gray, np.uint8)


def shipped(samples: Samples, step: FaceStep) -> str | None:
    """What the dataset ships that makes a detector needless, "face crops" or "face boxes", or ``None``."""
    if not step.shipped:
        return None
    return "face crops" if samples.cropped else "face boxes" if samples.boxes is not None else None


def prepare(
    samples: Samples,
    detector: Callable[[], Detector],
    step: FaceStep,
    *,
    progress: Callable[[int, int], None],
    cache: Path | None = None,
) -> Crops:
    """The crops of all samples, from the cache or made now; an unfinished cache goes on where it stopped.

    ``detector`` is built only if it is needed. ``progress`` gets (done, total). Raises ``DataError`` from a broken
    image, ``WeightsError`` from a detector, ``StorageError`` if the cache cannot be written.
    """
    ready = shipped(samples, step)
    find: Callable[[Images], list[Face]] | None
    if ready:
        source, identity = f"the dataset ships {ready}, no detector ran", ready
        find = _whole if samples.cropped else None
    else:
        built = detector()
        source, identity, find = "the largest face that the detector found", built.fingerprint, built.detect
    folder = (cache or user_cache_path("ferbench")) / "faces"
    key = _key(samples.fingerprint, identity, step)
    place = folder / key
    if not (place / "done.json").exists():
        _fill(place, samples, find, step, progress)
    count = len(samples)
    images = np.load(place / "crops.npy", mmap_mode="r")
    found = np.load(place / "found.npy")
    progress(count, count)
    return Crops(images, found, source, place)


def _fill(
    place: Path,
    samples: Samples,
    find: Callable[[Images], list[Face]] | None,
    step: FaceStep,
    progress: Callable[[int, int], None],
) -> None:
    count = len(samples)
    try:
        place.mkdir(parents=True, exist_ok=True)
        state = place / "state.json"
        start = json.loads(state.read_text())["images"] if state.exists() else 0
        crops = _open(place / "crops.npy", np.uint8, (count, step.size, step.size), fresh=start == 0)
        found = _open(place / "found.npy", np.bool_, (count,), fresh=start == 0)
        for index in range(start, count):
            image = samples.images.read(index)
            if find is None:
                assert samples.boxes is not None  # find is None only if there are boxes
                left, top, right, bottom = samples.boxes[index].tolist()
                box: tuple[float, float, float, float] | None = (left, top, right, bottom)
            else:
                faces = find(image if image.ndim == 3 else np.stack([image] * 3, axis=2))
                box = max(faces, key=lambda face: face.area).box if faces else None
            crops[index] = crop(image, box, step)
            found[index] = box is not None
            if (index + 1) % CHUNK == 0:
                crops.flush()
                found.flush()
                write_text(state, json.dumps({"images": index + 1}))
                progress(index + 1, count)
        crops.flush()
        found.flush()
        write_text(place / "done.json", json.dumps({"images": count}))
        state.unlink(missing_ok=True)
    except OSError as error:
        raise explain(error, place) from error


def _open(file: Path, dtype: Any, shape: tuple[int, ...], *, fresh: bool) -> np.memmap[Any, Any]:
    """A writable memory-mapped array. Its space is taken at once: a full disk would end a mapped write in a crash."""
    if fresh:
        mapped = np.lib.format.open_memmap(file, "w+", dtype, shape)
        if hasattr(os, "posix_fallocate"):
            with file.open("r+b") as opened:
                os.posix_fallocate(opened.fileno(), 0, max(1, file.stat().st_size))
        return mapped
    return np.lib.format.open_memmap(file, "r+")


def _whole(image: Images) -> list[Face]:
    height, width = image.shape[:2]
    return [Face((0.0, 0.0, float(width), float(height)), 1.0)]


def _key(fingerprint: str, identity: str, step: FaceStep) -> str:
    return digest([FORMAT, cv2.__version__, fingerprint, identity, vars(step)])[:24]
