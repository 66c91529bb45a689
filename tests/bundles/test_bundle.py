"""Bundles: rescored on reading; whatever was altered is refused with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ferbench.bundles import bundle, files
from ferbench.errors import BundleError
from ferbench.verify.verify import verified

Run = Callable[..., tuple[Path, dict[str, Any]]]


@pytest.fixture
def folder(toy_run: Run) -> Path:
    return toy_run()[0]


def edit(file: Path, change: Callable[[str], str]) -> None:
    before = file.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    file.write_text(after, encoding="utf-8")


def edit_result(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    result = json.loads((folder / "result.json").read_text())
    change(result)
    (folder / "result.json").write_text(json.dumps(result))


def test_an_untouched_bundle_is_verified(folder: Path) -> None:
    assert verified(folder) == bundle.read(folder)
    assert bundle.find(folder.parents[3]) == [folder]


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "uar"])
@pytest.mark.parametrize("label", ["svm", "svm-rbf"])
def test_an_edited_score_is_refused(folder: Path, name: str, label: str) -> None:
    edit_result(folder, lambda result: result["scores"][label].update({name: 0.123}))
    with pytest.raises(BundleError, match=rf"says {name} = 0.123 for {label}"):
        verified(folder)


def test_an_edited_confusion_matrix_is_refused(folder: Path) -> None:
    edit_result(folder, lambda result: result["scores"]["svm"]["confusion"][0].__setitem__(0, 99))
    with pytest.raises(BundleError, match="confusion"):
        verified(folder)


def swap_prediction(text: str) -> str:
    rows = [line.split(",") for line in text.splitlines()]
    rows[3][3] = "sad" if rows[3][3] != "sad" else "fear"
    return "\n".join(map(",".join, rows)) + "\n"


def change_cell(row: int, column: int, value: str) -> Callable[[str], str]:
    def _change(text: str) -> str:
        rows = [line.split(",") for line in text.splitlines()]
        rows[row][column] = value
        return "\n".join(map(",".join, rows)) + "\n"

    return _change


def without_line(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:4] + lines[5:])


def repeated_line(text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join([*lines, lines[1]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (swap_prediction, "its predictions give"),
        (without_line, "digest"),
        (repeated_line, "repeated"),
        (change_cell(2, 0, "somebody-else"), "digest"),
        (change_cell(2, 2, "bored"), "line 3: the label is not a class"),
        (change_cell(2, 2, "(no face)"), "line 3: the label is not a class"),
        (change_cell(2, 3, "bored"), "line 3: the prediction is not a class"),
        (change_cell(5, 4, "nan"), "line 6: a score is not a finite number"),
        (change_cell(5, 4, "inf"), "line 6: a score is not a finite number"),
        (change_cell(5, 4, "much"), "line 6: a score is not a finite number"),
        (change_cell(0, 4, "bored"), "line 1: the columns are not"),
        (lambda text: text.splitlines()[0] + "\n", "there are no predictions"),
        (lambda _: "", "line 1"),
        (lambda text: text.replace("\n", ",1\n", 5).replace("neutral,1\n", "neutral\n", 1), "line"),
    ],
)
def test_altered_predictions_are_refused(folder: Path, change: Callable[[str], str], message: str) -> None:
    edit(folder / "predictions.csv", change)
    with pytest.raises(BundleError, match=message):
        verified(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda result: result.update(schema_version=1), "is of schema 1, and this version of ferbench reads schema 2"),
        (lambda result: result.pop("seed"), "seed"),
        (lambda result: result.update(extra=1), "extra"),
        (lambda result: result.update(scores={}), "the scores are of"),
        (lambda result: result.update(test_digest="0"), "digest"),
    ],
)
def test_an_altered_result_is_refused(folder: Path, change: Callable[[dict[str, Any]], None], message: str) -> None:
    edit_result(folder, change)
    with pytest.raises(BundleError, match=message):
        verified(folder)


def test_files_that_are_missing_or_no_text(folder: Path) -> None:
    (folder / "predictions" / "svm-rbf.csv").unlink()
    with pytest.raises(BundleError, match=r"svm-rbf.csv cannot be read: No such file"):
        verified(folder)
    (folder / "result.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BundleError, match=r"result.json cannot be read"):
        verified(folder)
    (folder / "result.json").write_text("{")
    with pytest.raises(BundleError, match="does not follow schema"):
        verified(folder)


def test_a_huge_file_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(files.MAX_BYTES, ".json", 100)
    with pytest.raises(BundleError, match="more than the 100 that are read"):
        verified(folder)
    with pytest.raises(BundleError, match="larger than 100 bytes"):
        bundle.read(folder)
    monkeypatch.setitem(files.MAX_BYTES, ".csv", 100)
    with pytest.raises(BundleError, match=r"predictions\.csv has"):
        verified(folder)


def test_predictions_survive_the_round_trip(folder: Path) -> None:
    result = bundle.read(folder)
    text = (folder / "predictions.csv").read_text()
    predictions = bundle.predictions(folder, result, "svm")
    assert bundle.predictions_csv(predictions) == text
