"""What the face step adds to a detector's own call: 500 images, each given to the library bare and to the harness.

Ours is all that a worker does with images that are in memory: ask the detector, take the largest face, crop, gray and
scale it to 48 x 48, in the pieces that a worker gets. Bare is the library's call alone, on pictures laid out as the
library wants them. The images are stills of synthfaces, 256 x 256. The detectors are the quickest, next to which an
addition shows most, and another.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import mediapipe
import numpy as np
import pytest

from ferbench.components.steps import FaceStep
from ferbench.faces.prepare import IMAGES_PER_PIECE, Cropper
from ferbench.interfaces import Detector
from ferbench.support.processes import tune_malloc
from ferbench_datasets.synthfaces.dataset import SynthFaces
from ferbench_detectors.haar import Haar
from ferbench_detectors.mediapipe import MediaPipe
from ferbench_detectors.yunet import YuNet

WEIGHTS = Path(__file__).parents[2] / "shared" / "weights"
IMAGES = 500
PASSES = 3


class InMemory:
    """Images that are already read."""

    def __init__(self, images: list[Any]) -> None:
        self.images = images

    def __len__(self) -> int:
        return IMAGES

    def read(self, index: int) -> Any:
        return self.images[index % len(self.images)]


@pytest.fixture(scope="module")
def images() -> list[Any]:
    samples = SynthFaces(subjects=4, clips=1, frames=4).load(None)
    return [samples.images.read(index) for index in range(min(100, len(samples)))]


def weights(name: str) -> str:
    if not (WEIGHTS / name).exists():
        pytest.skip(f"{WEIGHTS / name} is not on this machine")
    return str(WEIGHTS / name)


def bare_mediapipe(detector: MediaPipe, images: list[Any]) -> Callable[[int], object]:
    detector.detect(images[0])
    # Each picture is made again, as anybody must: MediaPipe copies the pixels into it.
    return lambda index: detector.network.detect(
        mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=images[index % len(images)])
    )


def bare_yunet(detector: YuNet, images: list[Any]) -> Callable[[int], object]:
    detector.detect(images[0])
    prepared = [cv2.cvtColor(image, cv2.COLOR_RGB2BGR) for image in images]
    return lambda index: detector.network.detect(prepared[index % len(prepared)])


def bare_haar(detector: Haar, images: list[Any]) -> Callable[[int], object]:
    prepared = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
    return lambda index: detector.network.detectMultiScale3(
        prepared[index % len(prepared)], scaleFactor=1.1, minNeighbors=5, minSize=(24, 24), outputRejectLevels=True
    )


CASES: dict[str, tuple[Callable[[], Detector], Callable[[Any, list[Any]], Callable[[int], object]]]] = {
    "mediapipe": (lambda: MediaPipe(weights=weights("blaze_face_short_range.tflite")), bare_mediapipe),
    "yunet": (lambda: YuNet(weights=weights("face_detection_yunet_2026may.onnx")), bare_yunet),
    "haar": (Haar, bare_haar),
}


@pytest.mark.parametrize("name", CASES)
def test_the_face_step_next_to_the_detectors_own_call(
    name: str, images: list[Any], side_by_side: Any, verdict: Any
) -> None:
    build, make_bare = CASES[name]
    detector = build()
    bare = make_bare(detector, images)
    tune_malloc()  # as a worker does
    ids = np.array([str(number) for number in range(IMAGES)])
    cropper = Cropper(ids, InMemory(images), None, detector, FaceStep())
    pieces = [range(start, min(start + IMAGES_PER_PIECE, IMAGES)) for start in range(0, IMAGES, IMAGES_PER_PIECE)]
    ours = itertools.cycle(pieces)
    theirs = itertools.cycle(pieces)
    rounds = side_by_side(
        lambda: cropper(next(ours)), lambda: [bare(index) for index in next(theirs)], rounds=PASSES * len(pieces)
    )
    added = statistics.median(our / their for their, our in zip(rounds.theirs, rounds.ours, strict=True)) - 1
    verdict(f"what the face step adds to {name}, as a share of its own call", added, below=0.05)
