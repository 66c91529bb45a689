"""What every detector must do: the contract, and beyond it what this distribution promises of all of its own."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import ferbench_detectors
from ferbench.components.registry import Entry
from ferbench.data import Face, Images
from ferbench.errors import WeightsError
from ferbench.interfaces import Detector
from ferbench.support import sha256
from ferbench.testing import Given, contract

ENTRIES = {entry.name: replace(entry, kind="detector") for entry in ferbench_detectors.register_detectors()}
FIXTURES = {
    "retinaface": "resnet",
    "retinaface-mobilenet": "mobilenet",
    "yunet": "yunet",
    "mediapipe": "blazeface",
    "yolo-face": "yolo",
}
TRAINED = ["haar", "retinaface-mobilenet", "yunet", "mediapipe", "yolo-face"]
"""Those that can find a real face with what is at hand here."""


@pytest.fixture(scope="module", params=ENTRIES)
def entry(request: pytest.FixtureRequest) -> Entry:
    return ENTRIES[request.param]


@pytest.fixture(scope="module")
def given(request: pytest.FixtureRequest, entry: Entry) -> dict[str, Any]:
    """The parameters that a detector needs because its public weights are not at hand."""
    return cast(dict[str, Any], request.getfixturevalue(FIXTURES[entry.name])) if entry.name in FIXTURES else {}


@pytest.fixture(scope="module")
def detector(entry: Entry, given: dict[str, Any]) -> Detector:
    return cast(Detector, entry.load()(**given))


@pytest.fixture(scope="session")
def at_hand(request: pytest.FixtureRequest) -> dict[str, Given]:
    """The parameters of those whose weights are here; the others are skipped with their reason."""
    found = {}
    for name, fixture in FIXTURES.items():
        with suppress(pytest.skip.Exception):
            found[name] = Given(parameters=request.getfixturevalue(fixture))
    return found


test_contract = contract("ferbench-detectors", "at_hand")


def scene(height: int, width: int) -> Images:
    """A picture of nothing, uint8 [height, width, 3]: a slope of colours."""
    y, x = np.mgrid[:height, :width]
    return np.stack([y * 255 // height, x * 255 // width, (x + y) % 256], axis=-1).astype(np.uint8)


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union of two boxes."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return width * height / (sum(areas) - width * height)


def same(first: list[Face], second: list[Face]) -> bool:
    return [(face.box, face.score) for face in first] == [(face.box, face.score) for face in second]


def test_every_entry_says_what_it_is() -> None:
    assert len(ENTRIES) == len(ferbench_detectors.register_detectors())
    for entry in ENTRIES.values():
        assert entry.summary
        assert entry.licence
        assert entry.good_at
        assert entry.speed
        assert entry.paper or entry.name == "whole-image"


def test_the_fingerprint_starts_with_the_name_and_has_the_weights(
    detector: Detector, entry: Entry, given: dict[str, Any]
) -> None:
    assert detector.fingerprint.split(" ")[:2] == [entry.name, "ferbench-detectors==0.1.0"]
    if "weights" in given:
        assert sha256(Path(given["weights"])) in detector.fingerprint
        assert given["weights"] not in detector.fingerprint


def test_a_gray_image_is_one_with_equal_channels(detector: Detector, photo: Images) -> None:
    gray = np.ascontiguousarray(photo[:, :, 1])
    assert same(detector.detect(gray), detector.detect(np.repeat(gray[:, :, None], 3, axis=2)))


def test_weights_of_another_hash_are_one_clear_error(entry: Entry, given: dict[str, Any], tmp_path: Path) -> None:
    if "weights" not in given:
        pytest.skip(f"{entry.name} takes no weights")
    other = tmp_path / "other.bin"
    other.write_bytes(b"another file")
    with pytest.raises(WeightsError, match=r"other\.bin is not the file expected: it has SHA-256 \w{64}") as caught:
        entry.load()(weights=str(other))
    assert "get it by hand" in caught.value.fix


def test_a_file_that_is_no_network_is_reported(
    entry: Entry, given: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if "weights" not in given:
        pytest.skip(f"{entry.name} takes no weights")
    whole = Path(given["weights"]).read_bytes()
    for content in (b"no network", whole[: len(whole) // 2]):
        path = tmp_path / "broken.bin"
        path.write_bytes(content)
        detector = entry.load()(weights=str(path), weights_sha256=hashlib.sha256(content).hexdigest())
        with pytest.raises(WeightsError, match=r"broken\.bin is no"):
            detector.detect(scene(64, 64))
    capfd.readouterr()  # OpenCV writes its own account to standard error


@pytest.mark.parametrize("entry", TRAINED, indirect=True)
def test_it_finds_the_face_of_the_photo(detector: Detector, photo: Images) -> None:
    faces = detector.detect(photo)
    assert len(faces) == 1
    assert overlap(faces[0].box, (170, 60, 275, 178)) >= 0.5


@pytest.mark.parametrize("entry", TRAINED, indirect=True)
@pytest.mark.parametrize("kind", ["lower half", "flat", "slope", "noise"])
def test_no_face_gives_none(detector: Detector, photo: Images, kind: str) -> None:
    image = {
        "lower half": photo[256:],
        "flat": np.full((300, 400, 3), 90, np.uint8),
        "slope": scene(300, 400),
        "noise": np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8),
    }[kind]
    assert detector.detect(image) == []


@pytest.mark.parametrize("entry", TRAINED, indirect=True)
def test_it_finds_the_faces_that_synthfaces_draws(detector: Detector) -> None:
    """Runs on generated data need a detector that takes its drawings for faces, and finds them where they are."""
    synthfaces = pytest.importorskip(
        "ferbench_datasets.synthfaces.dataset", reason="ferbench-datasets is not installed"
    )
    samples = synthfaces.SynthFaces(subjects=2, clips=1, frames=1).load(None)
    largest = [
        max(detector.detect(samples.images.read(index)), key=lambda face: face.area, default=None)
        for index in range(len(samples))
    ]
    good = [
        face is not None and overlap(face.box, box) >= 0.5 for face, box in zip(largest, samples.boxes, strict=True)
    ]
    assert sum(good) >= len(good) - 1
