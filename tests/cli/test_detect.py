"""``ferbench detect``: what it prints, draws, and how it takes bad files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from ferbench.detection.detect import drawing_paths
from ferbench.media.pictures import read_picture

Call = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures with a face for the toy detector (the middle of bright ones), one without, one that is cut off."""
    place = tmp_path / "pictures"
    place.mkdir()
    for name, value in (("a.png", 200), ("b.png", 5), ("c.jpg", 120)):
        Image.new("RGB", (100, 50), (value,) * 3).save(place / name)
    whole = (place / "c.jpg").read_bytes()
    (place / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    return place


def test_json_is_an_object_an_image(call: Call, folder: Path) -> None:
    ran = call("detect", folder / "a.png", folder / "b.png", "--detector", "toy-detector", "--json").stdout
    first, second = map(json.loads, ran.splitlines())
    assert (first["image"], first["width"], first["height"]) == (str(folder / "a.png"), 100, 50)
    assert first["faces"][1] == {"box": [10.0, 5.0, 90.0, 45.0], "score": 0.5, "landmarks": None}
    assert second["faces"] == []


def test_a_person_reads_boxes_and_scores(call: Call, folder: Path) -> None:
    ran = call("detect", folder / "a.png", "--detector", "toy-detector").stdout
    assert ran.splitlines() == [
        f"{folder / 'a.png'}  100x50  2 faces",
        "  score 0.990  box 0,0 to 4,4",
        "  score 0.500  box 10,5 to 90,45",
    ]


def test_bad_files_are_one_line_each_and_the_rest_goes_on(call: Call, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran = call(
        "detect", tmp_path / "empty", folder, tmp_path / "gone", "--detector", "toy-detector", "--json", status=1
    )
    assert [Path(json.loads(line)["image"]).name for line in ran.stdout.splitlines()] == ["a.png", "b.png", "c.jpg"]
    errors = [line for line in ran.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 3
    for name, line in zip(("empty", "gone", "cut.jpg"), errors, strict=True):
        assert name in line


def test_a_parameter_is_set_and_checked(call: Call, folder: Path) -> None:
    words = ("detect", folder / "a.png", "--detector", "toy-detector", "--json", "--set")
    assert json.loads(call(*words, "detector.threshold=250").stdout)["faces"] == []
    assert "has no parameter 'treshold'" in call(*words, "detector.treshold=250", status=2).stderr
    ran = call(*words, "detecter.threshold=250", status=2).stderr
    assert "there is no component 'detecter' here" in ran
    assert "did you mean 'detector'" in ran
    assert "names no parameter" in call(*words, "detector=other", status=2).stderr


def test_boxes_are_drawn_into_a_file_or_a_folder(call: Call, folder: Path, tmp_path: Path) -> None:
    call("detect", folder / "a.png", "--detector", "toy-detector", "--draw", tmp_path / "one.png")
    drawn = read_picture(tmp_path / "one.png")
    assert drawn.shape == (50, 100, 3)
    assert drawn[5, 50].tolist() == [255, 200, 0]
    assert drawn[25, 50].tolist() == [200, 200, 200]
    call("detect", folder, "--detector", "toy-detector", "--draw", tmp_path / "all", status=1)
    assert sorted(path.name for path in (tmp_path / "all").iterdir()) == ["a.png", "b.png", "c.jpg"]
    assert np.array_equal(read_picture(tmp_path / "all" / "a.png"), drawn)


def test_no_drawn_picture_hides_another() -> None:
    given = [Path("x/a.png"), Path("y/a.png"), Path("y/a-2.png"), Path("a.gif")]
    assert [path.name for path in drawing_paths(given, Path("out"))] == ["a.png", "a-2.png", "a-2-2.png", "a-3.png"]
