"""``ferbench detectors``: what is measured, what is reported of a detector that cannot run, and the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from urllib.error import URLError

import numpy as np
import pytest
from click.testing import Result

from ferbench.data import Scenes
from ferbench.detection import benchmark
from ferbench.detection.page import read
from ferbench.errors import BundleError, ParameterError, PluginError
from ferbench.support import weights

TOY = ("detectors", "--scenes", "toy-scenes")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The weights folder is empty; the addresses that are asked for are listed, and none can be reached."""
    asked: list[str] = []

    def unreachable(url: str) -> NoReturn:
        asked.append(url)
        raise URLError("no network")

    monkeypatch.setattr(weights, "_open", unreachable)
    monkeypatch.setenv("FERBENCH_WEIGHTS", str(tmp_path / "weights"))
    return asked


@pytest.fixture
def toys(call: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Calls the command where the toy detectors are the only ones."""
    from ferbench.components.discovery import installed

    entries = installed().registry._entries["detector"]
    kept = {name: found for name, found in entries.items() if name.startswith("toy")}
    monkeypatch.setitem(installed().registry._entries, "detector", kept)
    return call


def test_average_precision_and_speed_are_measured(toys: Callable[..., Result]) -> None:
    board = json.loads(toys(*TOY, "--detector", "toy-detector", "--json").stdout)
    (row,) = board["detectors"]
    # Its corner, with the better score, is a false alarm; the one face that it finds comes second.
    assert row["average_precision"] == {"easy": 0.5, "hard": 0.25}
    assert row["fingerprint"] == "toy-detector 1"
    assert row["milliseconds"] > 0
    assert row["images_per_second"] > 0
    assert (board["images"], board["faces"], board["subsets"]) == (3, 6, {"easy": 3, "hard": 6})


def test_all_detectors_run_and_what_is_missing_is_said_without_a_download(
    toys: Callable[..., Result], no_network: list[str]
) -> None:
    output = toys(*TOY, "--json")
    rows = {row["name"]: row["not_run"] for row in json.loads(output.stdout)["detectors"]}
    assert rows == {
        "toy-detector": "",
        "toy-weighted": "its weights are missing",
        "toy-unloadable": "it cannot be loaded",
    }
    assert "toy-weighted was not run: the weights nobody.bin are not in" in output.stderr.replace("\n", " ")
    assert no_network == []


def test_a_detector_asked_for_by_name_may_download_and_fails_the_command(
    toys: Callable[..., Result], no_network: list[str]
) -> None:
    output = toys(*TOY, "--detector", "toy-detector", "--detector", "toy-weighted", status=1)
    assert no_network == ["https://example.org/nobody.bin"]
    assert "toy-weighted" in output.stdout
    assert "not run" in output.stdout
    assert "50.0" in output.stdout  # the other one's row stands


def test_weak_answers_are_asked_for_unless_told(registry: Any) -> None:
    assert benchmark.resolve_detector("toy-weighted", registry, {}).parameters == {"score_threshold": 0.02}
    told = benchmark.resolve_detector("toy-weighted", registry, {"score_threshold": 0.5})
    assert told.parameters == {"score_threshold": 0.5}
    assert benchmark.resolve_detector("haar", registry, {}).parameters["min_neighbors"] == 1


def test_a_limit_takes_the_first_pictures(toys: Callable[..., Result]) -> None:
    board = json.loads(toys(*TOY, "--detector", "toy-detector", "--limit", 2, "--json").stdout)
    assert (board["images"], board["of_images"], board["faces"], board["subsets"]["hard"]) == (2, 3, 4, 4)


def test_the_scenes_are_chosen_by_whether_there_are_files(registry: Any, tmp_path: Path) -> None:
    assert benchmark.choose_scenes(registry, "toy-files", None) == "toy-files"
    with pytest.raises(ParameterError, match=r"may be meant: synthfaces-scenes, toy-scenes") as error:
        benchmark.choose_scenes(registry, None, None)
    assert "--scenes" in error.value.fix
    with pytest.raises(ParameterError, match=r"may be meant: toy-files, wider-face"):
        benchmark.choose_scenes(registry, None, tmp_path)


def test_scenes_that_need_files_are_remembered_like_datasets(toys: Callable[..., Result], tmp_path: Path) -> None:
    output = toys("detectors", "--scenes", "toy-files", "--detector", "toy-detector", status=2)
    assert "ferbench data add toy-files PATH" in output.stderr
    assert "ferbench detectors --scenes toy-files" in toys("data", "add", "toy-files", tmp_path).stdout
    toys("detectors", "--scenes", "toy-files", "--detector", "toy-detector")


@pytest.mark.parametrize(
    ("words", "output"),
    [
        (("--detector", "toy-detectr"), "did you mean 'toy-detector'"),
        (("--set", "haar.min_size=3", "--detector", "toy-detector"), "it may be: toy-detector"),
        (("--set", "toy-detector.treshold=3", "--detector", "toy-detector"), "did you mean 'threshold'"),
    ],
)
def test_a_mistyped_name_ends_it_at_once(toys: Callable[..., Result], words: tuple[str, ...], output: str) -> None:
    assert output in toys(*TOY, *words, status=2).stderr


def test_the_page_is_made_from_its_facts_and_a_change_is_stale(toys: Callable[..., Result], tmp_path: Path) -> None:
    page = tmp_path / "boards" / "detectors.md"
    toys(*TOY, "--out", page)
    text = page.read_text()
    assert "| toy-detector | 50.0 | 25.0 |" in text
    assert "| toy-unloadable | not run: it cannot be loaded |" in text
    assert "3 pictures of ferbench-toy 1.0, 6 faces in them: easy 3, hard 6." in text
    assert "Detectors give their weak answers too" in text
    assert "> toys all." in text
    assert str(tmp_path) not in text + page.with_suffix(".json").read_text()
    assert "1 page is up to date" in toys("detectors", "--check", "--out", page).stdout
    page.write_text(text.replace("50.0", "60.0"))
    assert "outdated" in toys("detectors", "--check", "--out", page, status=1).stderr


def test_another_run_replaces_the_board_of_its_scenes_alone(toys: Callable[..., Result], tmp_path: Path) -> None:
    page = tmp_path / "detectors.md"
    toys(*TOY, "--out", page)
    toys("detectors", "--scenes", "toy-files", "--data", tmp_path, "--out", page)
    toys(*TOY, "--out", page, "--detector", "toy-detector", "--limit", 1)
    boards = read(page).boards
    assert {name: board.images for name, board in boards.items()} == {"toy-scenes": 1, "toy-files": 3}
    assert len(boards["toy-scenes"].detectors) == 1
    assert "The first 1 of 3 pictures" in page.read_text()


@pytest.mark.parametrize("content", ["{", '{"schema_version": 2}', '{"boards": {"a": {}}}'])
def test_a_file_that_holds_no_boards_is_refused(tmp_path: Path, content: str) -> None:
    page = tmp_path / "detectors.md"
    page.with_suffix(".json").write_text(content)
    with pytest.raises(BundleError, match=r"detectors\.json does not hold boards"):
        read(page)


def _scenes(**changes: Any) -> Scenes:
    images: Any = [np.zeros((9, 9, 3), np.uint8)] * 2
    box = np.zeros((1, 4), np.float32)
    fields = {
        "ids": np.array(["a", "b"]),
        "images": images,
        "boxes": (box, box),
        "subsets": {"all": (np.ones(1, np.bool_),) * 2},
        "fingerprint": "f",
    }
    return Scenes(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "output"),
    [
        ({"ids": np.array(["a", "a"])}, "not unique"),
        ({"boxes": (np.zeros((1, 4), np.float32),)}, "boxes has 1 rows"),
        ({"boxes": (np.zeros((1, 4)),) * 2}, "float64"),
        ({"subsets": {"all": (np.ones(2, np.bool_),) * 2}}, "for 1 boxes"),
        ({"subsets": {"all": ()}}, "all has 0 rows"),
    ],
)
def test_scenes_whose_fields_do_not_fit_are_refused(changes: dict[str, Any], output: str) -> None:
    assert _scenes().faces == 2
    with pytest.raises(PluginError, match=output):
        _scenes(**changes)
