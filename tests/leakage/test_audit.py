"""The audit: planted copies are found, all of them and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.components.steps import FaceStep
from ferbench.data import Images, Samples, Split
from ferbench.faces.prepare import crop
from ferbench.leakage import duplicates
from ferbench.leakage.audit import Audit, audit
from ferbench.leakage.duplicates import correlation, prints
from ferbench_datasets.synthfaces.dataset import SynthFaces

TRAIN, TEST = 30, 12


@pytest.fixture(scope="session")
def faces() -> tuple[list[Images], Images]:
    """42 drawn people, one picture each: as drawn, and as crops uint8 [42, 48, 48]."""
    data = SynthFaces(subjects=6, frames=1).load(None)
    assert data.boxes is not None
    drawn = [data.images.read(index) for index in range(len(data))]
    boxes = [tuple(box) for box in data.boxes.tolist()]
    crops = [crop(image, box, FaceStep()) for image, box in zip(drawn, boxes, strict=True)]
    return drawn, np.stack(crops)


class Stack:
    def __init__(self, images: Images) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def read(self, index: int) -> Images:
        return self.images[index]


def noise(count: int, seed: int = 0) -> Images:
    """Smooth random pictures uint8 [count, 48, 48] that are nothing alike."""
    rng = np.random.default_rng(seed)
    return np.stack([cv2.resize(rng.integers(0, 200, (9, 9)).astype(np.uint8), (48, 48)) + 20 for _ in range(count)])


def made(images: Images, labels: list[int] | None = None, **groups: list[str]) -> Samples:
    count = len(images)
    return Samples(
        ids=np.array([f"i{number:02}" for number in range(count)]),
        labels=np.array([number % 3 for number in range(count)] if labels is None else labels, np.int64),
        classes=("happy", "sad", "fear"),
        images=Stack(images),
        fingerprint="x",
        cropped=True,
        **{name: np.array(names) for name, names in groups.items()},
    )


def audited(samples: Samples, images: Images, split: Split | None = None, selection: str = "last") -> Audit:
    split = split or Split("one", np.arange(TRAIN), np.empty(0, np.int64), np.arange(TRAIN, len(samples)))
    return audit(split, samples, images, prints(images, lambda done, total: None), selection)


def test_a_clean_split_is_clean() -> None:
    images = noise(TRAIN + TEST)
    found = audited(made(images, subjects=[f"p{n}" for n in range(42)], clips=[f"c{n}" for n in range(42)]), images)
    (between,) = found.to_dict()["between"]
    assert [between[kind]["images"] for kind in ("exact", "near", "clip", "subject")] == [0, 0, 0, 0]
    assert found.leaks.tolist() == []


def jpeg(image: Images) -> Images:
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_GRAYSCALE)


def moved(image: Images) -> Images:
    return cv2.warpAffine(image, np.float32([[1, 0, 3], [0, 1, -2]]), (48, 48), borderMode=cv2.BORDER_REPLICATE)


CHANGES: dict[str, Callable[[Images], Images]] = {
    "darker": lambda image: (image * 0.7).astype(np.uint8),
    "brighter": lambda image: (image * 0.8 + 45).clip(0, 255).astype(np.uint8),
    "jpeg": jpeg,
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_planted_near_duplicates_are_found_with_exact_counts(change: str, faces: tuple[list[Images], Images]) -> None:
    images = np.concatenate([faces[1][:TRAIN], noise(TEST)])
    for place in range(4):
        images[TRAIN + place] = CHANGES[change](images[7 * place])
    found = audited(made(images), images).between[0].findings["near"]
    assert found is not None
    assert found.rows.tolist() == [30, 31, 32, 33]
    assert found.partners.tolist() == [0, 7, 14, 21]
    assert (found.likeness >= duplicates.CORRELATION).all()
    assert found.shared == 4


def test_a_closer_crop_is_found_more_often_than_not(faces: tuple[list[Images], Images]) -> None:
    """A pixel less on each side turns more than ``RADIUS`` bits of some faces: the audit's counts are lower bounds."""
    closer = np.stack([cv2.resize(image[1:-1, 1:-1], (48, 48)) for image in faces[1]])
    images = np.concatenate([faces[1], closer])
    count = len(closer)
    split = Split("one", np.arange(count), np.empty(0, np.int64), np.arange(count, 2 * count))
    found = audited(made(images), images, split).between[0].findings["near"]
    assert found is not None
    assert (found.rows - found.partners == count).all()
    assert len(found.rows) >= 0.5 * count


def test_planted_exact_duplicates_and_their_labels() -> None:
    images = noise(TRAIN + TEST)
    images[[30, 31, 32]] = images[[3, 3, 5]]
    labels = [number % 3 for number in range(42)]
    labels[30], labels[31], labels[32] = labels[3], (labels[3] + 1) % 3, (labels[5] + 1) % 3
    found = audited(made(images, labels), images)
    exact = found.between[0].findings["exact"]
    assert exact is not None
    assert (exact.rows.tolist(), exact.partners.tolist()) == ([30, 31, 32], [3, 3, 5])
    assert exact.disagree.tolist() == [False, True, True]
    assert found.to_dict()["between"][0]["exact"] == {"shared": 2, "images": 3, "labels_disagree": 2}
    assert found.to_dict()["between"][0]["near"]["images"] == 0  # what is exact is not near, too
    assert found.leaks.tolist() == [30, 31, 32]


def test_a_near_duplicate_with_another_label_disagrees() -> None:
    images = noise(TRAIN + TEST)
    images[30], images[31] = jpeg(images[4]), jpeg(images[5])
    labels = [number % 3 for number in range(42)]
    labels[30], labels[31] = labels[4], (labels[5] + 1) % 3
    near = audited(made(images, labels), images).between[0].findings["near"]
    assert near is not None
    assert near.disagree.tolist() == [False, True]


def test_a_moved_copy_correlates_once_it_is_moved_back() -> None:
    images = noise(2)
    images[1] = moved(images[0])
    in_place = float(duplicates._unmoved(images[:1], images[1:])[0])
    for first, second in ((0, 1), (1, 0)):
        value = float(correlation(images, np.array([first]), np.array([second]), mirrored=False)[0])
        assert value > 0.99 > duplicates.CORRELATION > in_place


def test_the_thresholds_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    images = noise(TRAIN + TEST)
    images[30] = jpeg(images[4])
    known = prints(images, lambda done, total: None)
    split = Split("one", np.arange(TRAIN), np.empty(0, np.int64), np.arange(TRAIN, 42))
    bits = int(np.bitwise_count(known.hashes[4, 0] ^ known.hashes[30, 0]))
    value = float(correlation(images, np.array([4]), np.array([30]), mirrored=False)[0])

    def near() -> int:
        return len(audit(split, made(images), images, known, "last").leaks)

    for radius, expected in ((bits, 1), (bits - 1, 0)):
        monkeypatch.setattr("ferbench.leakage.audit.RADIUS", radius)
        assert near() == (expected if radius >= 0 else 0)
    monkeypatch.setattr("ferbench.leakage.audit.RADIUS", 8)
    for least, expected in ((value, 1), (np.nextafter(np.float32(value), np.float32(2)), 0)):
        monkeypatch.setattr("ferbench.leakage.audit.CORRELATION", least)
        assert near() == expected


def test_flat_pictures_are_like_nothing_but_themselves() -> None:
    images = noise(TRAIN + TEST)
    images[0], images[30], images[31] = 0, 0, 9
    summary = audited(made(images), images).to_dict()["between"][0]
    assert (summary["exact"]["images"], summary["near"]["images"]) == (1, 0)


def test_groups_missing_classes_and_what_counts_as_seen() -> None:
    images = noise(12)
    samples = made(
        images, [0, 1, 2, 0, 0, 0, 1, 1, 0, 1, 2, 2], subjects=list("aabbccddaexc"), clips=list("0123456789ab")
    )
    split = Split("one", np.arange(4), np.arange(4, 8), np.arange(8, 12))
    chosen, unchosen = (audited(samples, images, split, selection) for selection in ("validation", "last"))
    assert chosen.to_dict()["between"][0]["subject"] == {"shared": 1, "images": 1}
    assert chosen.to_dict()["between"][1]["subject"] == {"shared": 1, "images": 1}
    assert chosen.to_dict()["missing_classes"] == {"train": [], "validation": ["fear"], "test": []}
    assert (chosen.leaks.tolist(), unchosen.leaks.tolist()) == ([8, 11], [8])
    same = audited(samples, images, Split("one", np.arange(4), np.arange(8, 12), np.arange(8, 12)), "test")
    assert [(one.earlier, one.later) for one in same.between] == [("train", "test")]


def test_prints_are_kept_and_do_not_depend_on_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = noise(10)
    first = prints(images, lambda done, total: None, tmp_path)
    monkeypatch.setattr(duplicates, "CROPS_PER_STEP", 3)
    assert (prints(images, lambda done, total: None).hashes == first.hashes).all()
    monkeypatch.setattr(duplicates, "_hash", None)  # would fail if anything were computed again
    assert (prints(images, lambda done, total: None, tmp_path).contents == first.contents).all()
