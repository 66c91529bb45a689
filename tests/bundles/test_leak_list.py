"""The leak-free accuracy in a bundle: recomputed by verify, refused where it was altered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ferbench.boards.build import build
from ferbench.bundles.intervals import accuracy_interval
from ferbench.errors import BundleError
from ferbench.verify.verify import verified

Run = Callable[..., tuple[Path, dict[str, Any]]]


@pytest.fixture
def folder(toy_run: Run) -> Path:
    return toy_run("--protocol", "random-7-3")[0]


def test_one_person_on_both_sides_leaves_nothing_leak_free(folder: Path) -> None:
    result = verified(folder)
    leaks = result.splits[0]["leaks"]["test_images"]
    assert leaks == result.scores["svm"].count == len((folder / "leaks.csv").read_text().splitlines()) - 1
    assert result.leak_free["svm"].model_dump() == {"count": 0, "accuracy": None, "interval": None}
    assert "subject" in (folder / "leaks.csv").read_text()
    (page,) = [text for path, text in build(folder.parents[3], folder.parents[3]).items() if path.name != "README.md"]
    assert "| - | 0 |" in page


def test_the_leak_free_part_is_scored_alone(toy_run: Run) -> None:
    folder, result = toy_run("--set", "embedder.noise=0.8")
    rows = [line.split(",") for line in (folder / "predictions.csv").read_text().splitlines()[1:]]
    wrong = rows[:5]  # as if these five had been seen
    listed = "".join(f"{row[0]},{row[1]},near,somebody\n" for row in wrong)
    (folder / "leaks.csv").write_text("id,split,shares,with\n" + listed)
    edit(folder, lambda result: result["splits"][0]["leaks"].update(test_images=len(wrong)))
    with pytest.raises(BundleError, match="says leak-free count"):
        verified(folder)
    for label in result["scores"]:
        lines = (
            (folder / ("predictions.csv" if label == "svm" else f"predictions/{label}.csv")).read_text().splitlines()
        )
        kept = [
            row for row in (line.split(",") for line in lines[1:]) if [row[0], row[1]] not in [w[:2] for w in wrong]
        ]
        right = sum(row[2] == row[3] for row in kept)
        low, high = accuracy_interval(right, len(kept))
        ran = {"count": len(kept), "accuracy": right / len(kept), "interval": [low, high]}
        edit(folder, lambda result, label=label, ran=ran: result["leak_free"].update({label: ran}))
    assert verified(folder).leak_free["svm"].count == len(rows) - 5


def edit(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    result = json.loads((folder / "result.json").read_text())
    change(result)
    (folder / "result.json").write_text(json.dumps(result))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "".join(text.splitlines(keepends=True)[:-1]), "its audit counted"),
        (lambda text: text + text.splitlines()[-1] + "\n", "listed twice"),
        (lambda text: text + "nobody,random,near,somebody\n", "not a test sample"),
        (lambda text: text + "short\n", "not one line of as many fields"),
    ],
)
def test_altered_leaks_are_refused(folder: Path, change: Callable[[str], str], message: str) -> None:
    file = folder / "leaks.csv"
    file.write_text(change(file.read_text()))
    with pytest.raises(BundleError, match=message):
        verified(folder)


def test_leaks_that_are_missing_are_refused(folder: Path) -> None:
    (folder / "leaks.csv").unlink()
    with pytest.raises(BundleError, match=r"leaks.csv cannot be read"):
        verified(folder)


def test_an_altered_leak_free_accuracy_is_refused(toy_run: Run) -> None:
    folder, _ = toy_run("--protocol", "random-7-3")
    edit(folder, lambda result: result["leak_free"]["svm"].update(accuracy=0.9))
    with pytest.raises(BundleError, match=r"leak-free accuracy = 0\.9 for svm"):
        verified(folder)
