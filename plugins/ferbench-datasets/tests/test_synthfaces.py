"""Synthfaces as a dataset: the same in every order and process, hard for raw pixels, found by real detectors."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import cv2.data
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.svm import SVC

from ferbench.components.steps import FaceStep
from ferbench.data import Samples
from ferbench.errors import DataError
from ferbench.faces.prepare import crop
from ferbench.protocols.standard import SubjectDisjoint
from ferbench_datasets.synthfaces.dataset import SynthFaces

SHARED = Path(__file__).parents[3].parent / "shared"
YUNET = SHARED / "weights" / "face_detection_yunet_2026may.onnx"
Box = tuple[float, float, float, float]


@pytest.fixture(scope="module")
def samples() -> Samples:
    return SynthFaces(subjects=3, clips=1, frames=2).load(None)


@pytest.fixture(scope="module")
def default() -> Samples:
    return SynthFaces().load(None)


def test_it_is_the_dataset_that_it_says(samples: Samples) -> None:
    assert len(samples) == 3 * 7 * 1 * 2
    assert samples.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert samples.subjects is not None
    assert samples.clips is not None
    assert samples.boxes is not None
    assert not samples.cropped
    row = samples.ids.tolist().index("s001-happy-c0-f1")
    assert samples.classes[samples.labels[row]] == "happy"
    assert samples.subjects[row] == "s001"
    assert samples.clips[row] == "s001-happy-c0"
    assert len(np.unique(samples.clips)) == 3 * 7
    assert samples.boxes.dtype == np.float32
    assert (np.bincount(samples.labels) == 6).all()


def test_contempt_is_an_eighth_class_at_the_end() -> None:
    seven, eight = (SynthFaces(subjects=2, clips=1, frames=1, contempt=also).load(None) for also in (False, True))
    assert eight.classes == (*seven.classes, "contempt")
    assert (np.bincount(eight.labels) == 2).all()
    assert set(seven.ids) < set(eight.ids)
    same = eight.ids.tolist().index(seven.ids[5])
    assert (seven.images.read(5) == eight.images.read(same)).all()


def test_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        SynthFaces().load(tmp_path)
    assert str(tmp_path) in caught.value.what
    assert "--data" in caught.value.fix


def test_a_seed_is_a_set_of_people(samples: Samples) -> None:
    again = SynthFaces(subjects=3, clips=1, frames=2).load(None)
    other = SynthFaces(subjects=3, clips=1, frames=2, seed=1).load(None)
    assert again.fingerprint == samples.fingerprint != other.fingerprint
    assert (again.boxes == samples.boxes).all()
    for index in (0, 17, 41):
        assert (again.images.read(index) == samples.images.read(index)).all()
        assert (other.images.read(index) != samples.images.read(index)).any()


@pytest.mark.parametrize(
    "change",
    [{"subjects": 4}, {"clips": 2}, {"frames": 1}, {"contempt": True}, {"seed": 3}],
    ids=lambda one: next(iter(one)),
)
def test_the_fingerprint_covers_every_parameter(samples: Samples, change: dict[str, int]) -> None:
    assert (
        SynthFaces(**{"subjects": 3, "clips": 1, "frames": 2, **change}).load(None).fingerprint != samples.fingerprint
    )


def test_a_smaller_dataset_is_a_part_of_a_larger_one(samples: Samples) -> None:
    larger = SynthFaces(subjects=4, clips=2, frames=3).load(None)
    row = larger.ids.tolist().index(samples.ids[11])
    assert (larger.images.read(row) == samples.images.read(11)).all()


def test_the_order_of_reading_and_the_process_do_not_matter(samples: Samples) -> None:
    some = [30, 2, 2, 19]
    forwards = [samples.images.read(index) for index in sorted(some)]
    backwards = [samples.images.read(index) for index in sorted(some, reverse=True)]
    copy = pickle.loads(pickle.dumps(samples.images))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        elsewhere = pool.map(copy.read, sorted(some))
    for one, two, three in zip(forwards, reversed(backwards), elsewhere, strict=True):
        assert (one == two).all()
        assert (one == three).all()


def test_the_box_is_in_the_picture_and_around_the_face(default: Samples) -> None:
    assert default.boxes is not None
    left, top, right, bottom = default.boxes.T
    assert (left >= 0).all()
    assert (top >= 0).all()
    assert (right <= 256).all()
    assert (bottom <= 256).all()
    assert (right - left > 80).all()
    assert (bottom - top > 90).all()


def test_stills_of_a_take_are_near_duplicates(default: Samples) -> None:
    assert default.clips is not None
    takes = np.unique(default.clips)[::31]
    crops = [gray_crops(default, np.flatnonzero(default.clips == take)[:2]) for take in takes]
    inside = np.mean([np.abs(a - b).mean() for a, b in crops])
    between = np.mean([np.abs(one[0] - two[0]).mean() for one, two in pairwise(crops)])
    assert inside < 0.5 * between


def gray_crops(samples: Samples, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    assert samples.boxes is not None
    boxes: list[Box] = [tuple(box) for box in samples.boxes[rows].tolist()]
    cut = [crop(samples.images.read(row), box, FaceStep()) for row, box in zip(rows.tolist(), boxes, strict=True)]
    return np.array(cut, np.float32) / 255


def test_raw_pixels_are_neither_enough_nor_useless(default: Samples) -> None:
    """A quarter of the stills; a linear SVM on all of them is within the same window."""
    split = SubjectDisjoint().splits(default, 0)[0]
    train, test = split.train[::4], split.test[::4]
    svm = SVC(kernel="linear").fit(gray_crops(default, train).reshape(len(train), -1), default.labels[train])
    accuracy = svm.score(gray_crops(default, test).reshape(len(test), -1), default.labels[test])
    assert 0.35 <= accuracy <= 0.65


def haar() -> Callable[[NDArray[np.uint8]], list[Box]]:
    cascade = cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_frontalface_default.xml")

    def find(image: NDArray[np.uint8]) -> list[Box]:
        found = cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), 1.1, 3)
        return [(x, y, x + width, y + height) for x, y, width, height in np.reshape(found, (-1, 4)).tolist()]

    return find


def yunet() -> Callable[[NDArray[np.uint8]], list[Box]]:
    if not YUNET.exists():
        pytest.skip(f"YuNet's weights are not at {YUNET}")
    network = cv2.FaceDetectorYN.create(str(YUNET), "", (256, 256))

    def find(image: NDArray[np.uint8]) -> list[Box]:
        _, found = network.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        rows = [] if found is None else found[:, :4].tolist()
        return [(x, y, x + width, y + height) for x, y, width, height in rows]

    return find


@pytest.mark.parametrize("detector", [haar, yunet], ids=["haar", "yunet"])
def test_real_detectors_find_the_faces(default: Samples, detector: Callable[[], Callable[..., list[Box]]]) -> None:
    assert default.boxes is not None
    find = detector()
    rows = range(0, len(default), len(default) // 100)
    found = [
        max((overlap(box, default.boxes[row]) for box in find(default.images.read(row))), default=0) for row in rows
    ]
    assert np.mean(np.array(found) >= 0.5) >= 0.95


def overlap(one: Box, other: NDArray[np.float32]) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], float(other[2])) - max(one[0], float(other[0]))
    height = min(one[3], float(other[3])) - max(one[1], float(other[1]))
    shared = max(0.0, width) * max(0.0, height)
    areas = (one[2] - one[0]) * (one[3] - one[1]) + float((other[2] - other[0]) * (other[3] - other[1]))
    return shared / (areas - shared)
