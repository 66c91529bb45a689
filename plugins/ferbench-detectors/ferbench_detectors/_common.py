"""What every detector here does alike: name itself, take the image as it comes, and give its faces in order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.data import Face, Images
from ferbench.errors import ParameterError
from ferbench.support.weights import Weights, locate

Box = tuple[float, float, float, float]

UINT8 = np.dtype(np.uint8)


def fingerprint(name: str, *libraries: str, **parameters: str | float | int) -> str:
    """``name``, this distribution's version, the versions of the ``libraries`` and the parameters, in one line."""
    versions = [f"{library}=={version(library)}" for library in ("ferbench-detectors", *libraries)]
    return " ".join([name, *versions, *(f"{key}={value}" for key, value in parameters.items())])


def locate_as_told(public: Weights, path: str, sha256: str) -> Path:
    """The weights that a detector's parameters ``weights`` and ``weights_sha256`` mean, "" being the public ones.

    Raises ``ParameterError`` if ``sha256`` is none, ``WeightsError`` if the file is missing or another one.
    """
    if sha256 and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ParameterError(
            f"'weights_sha256' cannot be {sha256!r}", fix="it is 64 hex digits, as sha256sum gives them"
        )
    wanted = replace(public, sha256=sha256.lower()) if sha256 else public
    return locate(wanted, Path(path) if path else None)


def as_rgb(image: Images) -> Images:
    """``image`` as uint8 [H, W, 3]; a gray one, [H, W], gets three equal channels. Raises ``ValueError`` for others."""
    if image.dtype == UINT8 and image.size:
        if image.ndim == 3 and image.shape[2] == 3:
            return image
        if image.ndim == 2:
            return np.repeat(image[:, :, None], 3, axis=2)
    raise ValueError(f"an image is uint8 [H, W, 3] with at least one pixel, not {image.dtype} {image.shape}")


def letterbox(
    image: Images, side: int, colour: tuple[int, int, int], *, bgr: bool = False
) -> tuple[Images, NDArray[np.float64]]:
    """RGB ``image`` scaled into the top left of a square of ``colour``; the square's pixels a pixel of it in x, y [2].

    The square is uint8 [side, side, 3], RGB or (with ``colour``) BGR.
    """
    height, width = image.shape[:2]
    factor = side / max(height, width)
    inner = max(1, round(width * factor)), max(1, round(height * factor))
    canvas = np.full((side, side, 3), colour, np.uint8)
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    scaled = cv2.resize(image, inner, interpolation=kind)
    canvas[: inner[1], : inner[0]] = scaled[:, :, ::-1] if bgr else scaled
    return canvas, np.array([inner[0] / width, inner[1] / height])


def in_order(faces: Iterable[tuple[Box, float, NDArray[np.float32] | None]], image: Images) -> list[Face]:
    """Faces from (box, score, landmarks), best score first, boxes clipped; one wholly outside the image is left out."""
    height, width = image.shape[:2]
    found = []
    for (left, top, right, bottom), score, landmarks in faces:
        box = float(max(left, 0)), float(max(top, 0)), float(min(right, width)), float(min(bottom, height))
        if box[0] < box[2] and box[1] < box[3]:
            found.append(Face(box, float(score), landmarks))
    found.sort(key=attrgetter("score"), reverse=True)
    return found
