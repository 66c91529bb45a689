"""``ferbench data``: what a person types, and what they get."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest
from click.testing import Result

from ferbench.components.discovery import installed
from ferbench.support import data_paths

Call = Callable[..., Result]


def test_add_list_and_run_without_data(call: Call, tmp_path: Path) -> None:
    ran = {one["name"]: one for one in json.loads(call("data", "list", "--json").stdout)}
    assert (ran["fer2013"]["status"], ran["toy"]["status"]) == ("needs --data", "generated")
    assert (ran["wider-face"]["kind"], ran["wider-face"]["status"]) == ("scenes", "needs --data")
    file = tmp_path / "fer2013.csv"
    file.write_text("emotion,pixels,Usage\n1,2,Training\n")
    call("data", "add", "fer2013", file)
    assert data_paths.remembered_paths() == {"fer2013": file}
    ran = {one["name"]: one for one in json.loads(call("data", "list", "--json").stdout)}
    assert (ran["fer2013"]["status"], ran["fer2013"]["exists"]) == ("data known", True)
    assert "data known" in call("list", "datasets").stdout
    error = call("run", "--pipeline", "raw-pixels-svm", "--dataset", "fer2013", "--out", tmp_path, status=2).stderr
    assert "fer2013.csv" in error  # the remembered file was read, and is broken
    drawn = ("figure", "frames", "--dataset", "fer2013", "--clip", "1", "--out", tmp_path / "frames")
    assert "fer2013.csv" in call(*drawn, status=2).stderr
    file.unlink()
    assert "data missing" in call("data", "list").stdout


def test_mistakes(call: Call, tmp_path: Path) -> None:
    assert "did you mean 'toy'" in call("data", "add", "toyy", tmp_path, status=2).stderr
    assert "there is no" in call("data", "add", "toy", tmp_path / "nowhere", status=2).stderr
    checked = call("data", "check", "fer2013", status=2).stderr
    assert "FER2013 needs its files" in checked
    started = call("run", "--pipeline", "raw-pixels-svm", "--dataset", "fer2013", status=2).stderr
    assert "where the data of fer2013 is is not known" in started
    for error in (checked, started):
        assert "ferbench data add fer2013 PATH" in error
    data_paths.config_file().parent.mkdir(parents=True, exist_ok=True)
    data_paths.config_file().write_text("[1")
    assert "delete it" in call("data", "list", status=2).stderr


def test_check_counts(call: Call) -> None:
    ran = json.loads(call("data", "check", "toy", "--json").stdout)
    assert ran["counts"]["all"]["happy"] == 20
    assert (ran["subjects"], ran["known_release"]) == (20, True)
    assert "this is the known release" in call("data", "check", "toy").stdout


def test_audit_and_what_it_writes(call: Call, tmp_path: Path) -> None:
    words = ("data", "audit", "toy", "--protocol", "random-7-3", "--out", tmp_path)
    ran = json.loads(call(*words, "--json").stdout)
    (split,) = ran["splits"]
    assert split["leaks"]["test_images"] == len(split["leaking"]) == 42
    assert split["between"][0]["subject"]["images"] == 42
    assert json.loads((tmp_path / "audit.json").read_text()) == ran
    assert "42 of 42 test images" in (tmp_path / "audit.md").read_text()
    if split["between"][0]["near"]["images"]:
        assert cv2.imread(str(tmp_path / "contact-sheet-random.png")).shape[1] == 5 * 250
    assert "| train - test | subject | " in call(*words[:-2]).stdout


def test_audit_takes_parameters_of_dataset_and_protocol(call: Call) -> None:
    words = ("data", "audit", "toy", "--json", "--set", "dataset.subjects=12", "--set", "protocol.selection=last")
    (split,) = json.loads(call(*words).stdout)["splits"]
    assert (split["train"] + split["test"], split["validation"]) == (12 * 7, 0)
    assert "there is no component 'faces' here" in call(*words, "--set", "faces.size=32", status=2).stderr


def test_an_entry_says_whether_its_dataset_needs_files() -> None:
    entries = [entry for entry in installed().registry if entry.kind == "dataset"]
    assert entries
    for entry in entries:
        assert entry.generated is not entry.load().needs_data, entry.name


@pytest.mark.parametrize("command", ["add", "list", "check", "audit"])
def test_every_command_has_help(call: Call, command: str) -> None:
    assert "Usage" in call("data", command, "--help").stdout
