"""The face step: the largest face, nothing dropped, a cache that goes on where it stopped."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferbench.components.steps import FaceStep
from ferbench.data import Face, Samples
from ferbench.errors import DataError, ParameterError, PluginError, StorageError
from ferbench.faces import cache as faces_cache
from ferbench.faces import prepare as faces_prepare
from ferbench.faces.prepare import Rows, crop, prepare


class Source:
    """Images in memory that count how often each is read, and may break once."""

    def __init__(self, images: list[Any], breaks_at: int | None = None) -> None:
        self.images, self.reads, self.breaks_at = images, [], breaks_at

    def __len__(self) -> int:
        return len(self.images)

    def read(self, index: int) -> Any:
        if index == self.breaks_at:
            raise KeyboardInterrupt
        self.reads.append(index)
        return self.images[index]


class Finder:
    """Says what it was told to say."""

    def __init__(self, found: list[Face], fingerprint: str = "finder 1") -> None:
        self.found, self.fingerprint = found, fingerprint

    def detect(self, image: Any) -> list[Face]:
        assert image.shape[2] == 3
        return self.found


def samples(images: list[Any], **fields: Any) -> Samples:
    source = fields.pop("source", None) or Source(images)
    return Samples(
        ids=np.array([str(number) for number in range(len(images))]),
        labels=np.zeros(len(images), np.int64),
        classes=("a", "b"),
        images=source,
        fingerprint=fields.pop("fingerprint", "f"),
        **fields,
    )


def silent(done: int, total: int) -> None:
    """No progress."""


def never() -> Any:
    """A detector that must not be built."""
    raise AssertionError("no detector is needed")


GRADIENT = np.tile(np.arange(100, dtype=np.uint8)[None, :], (80, 1))


def test_a_crop_is_the_square_around_the_box() -> None:
    image = np.zeros((80, 100), np.uint8)
    image[20:60, 30:70] = 200
    assert (crop(image, (30, 20, 70, 60), FaceStep(size=40)) == 200).all()
    half = crop(image, (30, 20, 70, 60), FaceStep(size=40, margin=0.5))
    assert half[0, 0] == 0
    assert half[20, 20] == 200


def test_a_narrow_box_is_made_square_and_keeps_its_centre() -> None:
    wide = crop(GRADIENT, (40, 10, 60, 50), FaceStep(size=40))
    assert wide.shape == (40, 40)
    assert wide[0].tolist() == list(range(30, 70))


def test_what_lies_outside_repeats_the_edge() -> None:
    out = crop(GRADIENT, (-10, 0, 30, 40), FaceStep(size=40))
    assert out[0, :11].tolist() == [0] * 11
    assert out[0, 11] == 1


def test_without_a_box_the_centre_is_taken() -> None:
    assert crop(GRADIENT, None, FaceStep(size=80))[0, 0] == 10


def test_a_crop_of_the_right_size_is_not_touched() -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    assert np.array_equal(crop(image, (0, 0, 48, 48), FaceStep()), image)


def test_the_largest_face_is_taken_not_the_surest(tmp_path: Path) -> None:
    found = [Face((0, 0, 10, 10), 0.99), Face((50, 20, 90, 60), 0.4), Face((5, 5, 6, 6), 0.5)]
    crops = prepare(samples([GRADIENT]), lambda: Finder(found), FaceStep(size=40), progress=silent, cache=tmp_path)
    assert crops.images[0, 0].tolist() == list(range(50, 90))
    assert crops.coverage == 1.0


def test_a_miss_is_counted_and_kept(tmp_path: Path) -> None:
    crops = prepare(samples([GRADIENT] * 3), lambda: Finder([]), FaceStep(), progress=silent, cache=tmp_path)
    assert crops.images.shape == (3, 48, 48)
    assert not crops.has_face.any()
    assert crops.coverage == 0.0


def test_shipped_crops_and_boxes_skip_the_detector_and_say_so(tmp_path: Path) -> None:
    step = FaceStep(size=40)
    cropped = prepare(samples([GRADIENT], cropped=True), never, step, progress=silent, cache=tmp_path)
    assert "ships face crops" in cropped.source
    boxes = np.array([[10, 20, 50, 60], [50, 20, 90, 60]], np.float32)
    boxed = prepare(samples([GRADIENT] * 2, boxes=boxes), never, step, progress=silent, cache=tmp_path)
    assert "ships face boxes" in boxed.source
    assert boxed.images[:, 0, 0].tolist() == [10, 50]
    asked = prepare(
        samples([GRADIENT] * 2, boxes=boxes),
        lambda: Finder([]),
        replace(step, shipped=False),
        progress=silent,
        cache=tmp_path,
    )
    assert "detector found" in asked.source
    assert asked.coverage == 0.0


@pytest.mark.parametrize(
    "box", [(100, 0, 140, 40), (-40, 0, 0, 40), (0, 80, 40, 99), (0, -9, 9, 0.5), (99.6, 0, 140, 9)]
)
def test_a_shipped_box_outside_its_image_is_an_error(tmp_path: Path, box: tuple[float, ...]) -> None:
    source = samples([GRADIENT], boxes=np.array([box], np.float32))
    with pytest.raises(DataError, match=r"the face box of sample 0 .* is outside its image of 100x80 pixels"):
        prepare(source, never, FaceStep(size=16), progress=silent, cache=tmp_path)


@pytest.mark.parametrize(
    "box", [(99, 0, 140, 40), (-40, 0, 1, 40), (0, 79, 40, 99), (-500, -500, 900, 900), (-9.5, 0, 1, 9)]
)
def test_a_shipped_box_with_a_pixel_of_its_image_is_cropped(tmp_path: Path, box: tuple[float, ...]) -> None:
    source = samples([GRADIENT], boxes=np.array([box], np.float32))
    assert prepare(source, never, FaceStep(size=16), progress=silent, cache=tmp_path).coverage == 1


def test_the_cache_is_used_again_and_depends_on_everything(tmp_path: Path) -> None:
    data = samples([GRADIENT] * 4)

    def reads(step: FaceStep = FaceStep(), finder: Finder | None = None, data: Samples = data) -> int:  # noqa: B008
        before = len(data.images.reads)  # type: ignore[attr-defined]
        prepare(data, lambda: finder or Finder([]), step, progress=silent, cache=tmp_path)
        return len(data.images.reads) - before  # type: ignore[attr-defined]

    assert reads() == 4
    assert reads() == 0
    assert reads(step=FaceStep(margin=0.1)) == 4
    assert reads(finder=Finder([], "finder 2")) == 4
    assert reads(data=samples([GRADIENT] * 4, fingerprint="other")) == 4


def test_an_interrupted_cache_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces_prepare, "IMAGES_PER_PIECE", 4)
    monkeypatch.setattr(faces_cache, "SYNC_EVERY", 3600.0)  # an interrupt is noted, however short ago the last note was
    images = [np.full((50, 50), number, np.uint8) for number in range(10)]
    with pytest.raises(KeyboardInterrupt):
        prepare(
            samples(images, source=Source(images, breaks_at=6)),
            lambda: Finder([]),
            FaceStep(),
            progress=silent,
            cache=tmp_path,
        )
    source = Source(images)
    crops = prepare(samples(images, source=source), lambda: Finder([]), FaceStep(), progress=silent, cache=tmp_path)
    assert source.reads == [4, 5, 6, 7, 8, 9]
    assert crops.images[:, 0, 0].tolist() == list(range(10))


def test_the_cache_is_memory_mapped_and_rows_are_gathered_on_demand(tmp_path: Path) -> None:
    images = [np.full((50, 50), number, np.uint8) for number in range(10)]
    crops = prepare(samples(images), lambda: Finder([]), FaceStep(), progress=silent, cache=tmp_path)
    assert isinstance(crops.images, np.memmap)
    rows = Rows(crops.images, np.array([7, 2, 5], np.int64))
    assert len(rows) == 3
    assert rows[np.array([2, 0])][:, 0, 0].tolist() == [5, 7]
    assert rows[0:2][:, 0, 0].tolist() == [7, 2]


def landmarks(left: tuple[float, float], right: tuple[float, float]) -> Any:
    return np.array([left, right, (0, 0), (0, 0), (0, 0)], np.float32)


class Marked(Finder):
    """A finder that gives landmarks."""

    landmarks = True


def test_aligned_eyes_are_level(tmp_path: Path) -> None:
    """Two bright eyes, the right one lower by 30 degrees: level in the crop, at their distance, left one left."""
    image = np.zeros((200, 200), np.uint8)
    left, right = (85.0, 90.0), (85.0 + 40 * np.cos(np.pi / 6), 90.0 + 40 * np.sin(np.pi / 6))
    for x, y in (left, right):
        image[round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3] = 250
    face = Face((50, 50, 150, 150), 1.0, landmarks(left, right))

    def eyes(align: bool) -> Any:
        step = FaceStep(size=100, align=align)
        made = prepare(samples([image]), lambda: Marked([face]), step, progress=silent, cache=tmp_path)
        bright = np.argwhere(made.images[0] > 125)
        return [bright[side].mean(axis=0) for side in (bright[:, 1] < 52, bright[:, 1] >= 52)]

    slanted, level = eyes(False), eyes(True)
    assert slanted[1][0] - slanted[0][0] == pytest.approx(20, abs=1)
    assert level[1][0] - level[0][0] == pytest.approx(0, abs=1.2)
    assert level[1][1] - level[0][1] == pytest.approx(40, abs=1.5)


def test_level_eyes_are_not_touched() -> None:
    image = np.random.default_rng(0).integers(0, 256, (80, 100), np.uint8)
    for box in ((30, 20, 70, 60), (-9, 0, 41, 50), (3, 5, 44, 45)):
        eyes = landmarks((40, 30), (60, 30))[:2]
        assert np.array_equal(crop(image, box, FaceStep(size=30), eyes), crop(image, box, FaceStep(size=30)))


def test_no_landmarks_is_an_error_before_the_first_image(tmp_path: Path) -> None:
    data = samples([GRADIENT] * 2)
    with pytest.raises(ParameterError, match="detector gives none"):
        prepare(data, lambda: Finder([]), FaceStep(align=True), progress=silent, cache=tmp_path)
    assert data.images.reads == []  # type: ignore[attr-defined]
    boxed = samples([GRADIENT], boxes=np.array([[10, 20, 50, 60]], np.float32))
    with pytest.raises(ParameterError, match="ships face boxes"):
        prepare(boxed, never, FaceStep(align=True), progress=silent, cache=tmp_path)
    with pytest.raises(PluginError, match="a face without"):
        prepare(data, lambda: Marked([Face((0, 0, 9, 9), 1.0)]), FaceStep(align=True), progress=silent, cache=tmp_path)


def test_the_rule_for_misses_is_counted_and_shares_the_cache(tmp_path: Path) -> None:
    data = samples([GRADIENT] * 3)
    first = prepare(data, lambda: Finder([]), FaceStep(), progress=silent, cache=tmp_path)
    second = prepare(data, lambda: Finder([]), FaceStep(missed="centre"), progress=silent, cache=tmp_path)
    assert len(data.images.reads) == 3  # type: ignore[attr-defined]
    assert (first.is_scored.any(), second.is_scored.all()) == (False, True)
    assert first.to_dict() == {
        "source": first.source,
        "coverage": 0.0,
        "missed": 3,
        "rule": "misses count as errors",
    }
    assert second.to_dict() == {**first.to_dict(), "rule": "a missed face's centre crop is predicted"}


def test_every_parameter_is_in_the_result() -> None:
    assert asdict(FaceStep()) == {"size": 48, "margin": 0.0, "shipped": True, "align": False, "missed": "error"}


def test_a_full_disk_is_said_before_anything_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(StorageError, match=r"(?s)No space left.*free some space"):
        prepare(samples([GRADIENT]), lambda: Finder([]), FaceStep(), progress=silent, cache=tmp_path)
