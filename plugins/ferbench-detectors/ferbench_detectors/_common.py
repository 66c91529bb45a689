"""What the detectors here share: how they name themselves, load their network, and order their faces."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.data import Face, Images
from ferbench.errors import ParameterError
from ferbench.media import resize
from ferbench.support import Weights, locate, sha256

Box = tuple[float, float, float, float]


class TrainedDetector:
    """A detector with parameters and a file of weights, whose network is loaded when it is first used.

    A subclass has a ``name``, the ``libraries`` on whose versions its faces depend, and ``load_network``. Each of the
    ``parameters`` becomes an attribute; all of them are in the fingerprint, in the order given.
    """

    landmarks = True
    lenient: ClassVar[Mapping[str, float]] = {"score_threshold": 0.02}
    name: ClassVar[str]
    libraries: ClassVar[tuple[str, ...]]
    score_threshold: float
    nms_threshold: float

    def __init__(self, path: Path, **parameters: str | float) -> None:
        self.path = path
        self.parameters = parameters
        for name, value in parameters.items():
            setattr(self, name, value)

    @property
    def fingerprint(self) -> str:
        """Name, versions, parameters and the weights' SHA-256."""
        return fingerprint(self.name, *self.libraries, **self.parameters, weights=sha256(self.path))

    @cached_property
    def network(self) -> Any:
        """The loaded network. Raises ``WeightsError`` if the file is not one."""
        return self.load_network()

    def load_network(self) -> Any:
        """Loads the file at ``path``."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        """All but the network, which cannot be pickled."""
        return {name: value for name, value in vars(self).items() if name != "network"}


def fingerprint(name: str, *libraries: str, **parameters: str | float) -> str:
    """``name``, this distribution's version, the versions of the ``libraries`` and the parameters, in one line."""
    versions = [f"{library}=={version(library)}" for library in ("ferbench-detectors", *libraries)]
    return " ".join([name, *versions, *(f"{key}={value}" for key, value in parameters.items())])


def locate_weights(public: Weights, path: str, sha256: str) -> Path:
    """The file that a detector's parameters ``weights`` and ``weights_sha256`` mean; "" stands for the public ones.

    Raises ``ParameterError`` if ``sha256`` is malformed, ``WeightsError`` if the file is missing or another one.
    """
    if sha256 and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ParameterError(
            f"'weights_sha256' cannot be {sha256!r}", fix="it is 64 hex digits, as sha256sum gives them"
        )
    wanted = replace(public, sha256=sha256.lower()) if sha256 else public
    return locate(wanted, Path(path) if path else None)


def letterbox(
    image: Images, side: int, colour: tuple[int, int, int], *, bgr: bool = False
) -> tuple[Images, NDArray[np.float64]]:
    """RGB ``image`` scaled into the top left of a square of ``colour``, and the scale in x and y, float64 [2].

    The square is uint8 [side, side, 3], RGB or (with ``colour``) BGR. The scale is the square's pixels per pixel of
    ``image``.
    """
    height, width = image.shape[:2]
    factor = side / max(height, width)
    inner_width = max(1, round(width * factor))
    inner_height = max(1, round(height * factor))
    canvas = np.full((side, side, 3), colour, np.uint8)
    scaled = resize(image, inner_width, inner_height)
    canvas[:inner_height, :inner_width] = scaled[:, :, ::-1] if bgr else scaled
    return canvas, np.array([inner_width / width, inner_height / height])


def best_on_canvas(
    image: Images,
    corners: NDArray[Any],
    sides: NDArray[Any],
    points: NDArray[Any],
    scores: NDArray[Any],
    scales: NDArray[Any],
    *,
    thresholds: tuple[float, float],
) -> list[Face]:
    """The faces in ``image`` from M candidates on a letterboxed canvas, without the worse ones of those that overlap.

    ``corners`` (left, top) and ``sides`` (width, height) are [M, 2], the landmarks ``points`` [M, 5, 2], ``scores``
    [M]; divided by ``scales`` [2] they are pixels of ``image``. ``thresholds`` are the least score, and the greatest
    intersection over union of two faces.
    """
    kept = cv2.dnn.NMSBoxes(np.hstack([corners, sides]).tolist(), scores.tolist(), *thresholds)
    faces = []
    for row in np.ravel(np.asarray(kept, np.int64)):
        left, top = (corners[row] / scales).tolist()
        right, bottom = ((corners[row] + sides[row]) / scales).tolist()
        faces.append(((left, top, right, bottom), scores[row], (points[row] / scales).astype(np.float32)))
    return in_order(faces, image)


def in_order(faces: Iterable[tuple[Box, float, NDArray[np.float32] | None]], image: Images) -> list[Face]:
    """Faces from (box, score, landmarks), best score first, boxes clipped; one wholly outside the image is left out."""
    height, width = image.shape[:2]
    kept = []
    for (left, top, right, bottom), score, landmarks in faces:
        box = float(max(left, 0)), float(max(top, 0)), float(min(right, width)), float(min(bottom, height))
        if box[0] < box[2] and box[1] < box[3]:
            kept.append(Face(box, float(score), landmarks))
    kept.sort(key=attrgetter("score"), reverse=True)
    return kept
