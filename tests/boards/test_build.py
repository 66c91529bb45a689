"""Leaderboards: only from bundles, only comparable results together, stale pages seen."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from ferbench.boards import read
from ferbench.boards.build import build
from ferbench.bundles import bundle
from ferbench.errors import BundleError, TableError
from ferbench.support import markdown, processes
from tests.forged import forge

Run = Callable[..., tuple[Path, dict[str, Any]]]
Call = Callable[..., Result]


@pytest.fixture
def results(toy_run: Run, tmp_path: Path) -> Path:
    toy_run()
    toy_run("--seed", "1")
    toy_run("--set", "embedder.noise=0.5")
    toy_run("--protocol", "random-7-3")
    return tmp_path / "runs"


def test_pages_and_their_check(results: Path, call: Call, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    words = ("leaderboard", "--results", results, "--pages", pages)
    assert "README.md" in call(*words, "--check", status=1).stderr
    call(*words)
    assert sorted(path.relative_to(pages).as_posix() for path in pages.rglob("*.md")) == [
        "README.md",
        "toy-7/random-7-3.md",
        "toy-7/subject-disjoint-7-3.md",
    ]
    assert "up to date" in call(*words, "--check").stdout
    page = pages / "toy-7" / "random-7-3.md"
    page.write_text(page.read_text().replace("%", " %"), encoding="utf-8")
    assert "random-7-3.md" in call(*words, "--check", status=1).stderr


def test_a_page_says_what_a_reader_must_know(results: Path) -> None:
    texts = {path.name: text for path, text in build(results, results).items()}
    disjoint, optimistic = texts["subject-disjoint-7-3.md"], texts["random-7-3.md"]
    assert "Optimistic:" in optimistic
    assert "Optimistic:" not in disjoint
    assert "- a: `embedder.noise=0.5`" in disjoint
    assert [len(re.findall(rf"\| svm(-rbf)? \| {mark} \|", disjoint)) for mark in "a-"] == [2, 2]  # whose it is
    assert "| 0, 1 (n = 2: " in disjoint  # two seeds of one pipeline are one row
    assert "** ± 0." in disjoint
    assert "95% t interval of the mean" in disjoint
    assert "t interval" not in optimistic
    assert "Verified: ids, labels and splits compared with the manifest of toy." in disjoint
    assert "chosen on the scored set itself" in optimistic
    assert "| a validation set | 140 | 3 |" in texts["README.md"]  # the selection rule beside each board's name
    scores, cost = disjoint.split("## Cost")
    # Two classifiers in two settings, by turns; those of two settings share six subjects, too few to compare.
    first, second, _, fourth = re.findall(r"\n\| \d+ \| (.*?) \| toy-pipeline \|", scores)
    assert (first, second, fourth) == ("1", "1 (not compared)", "1 (not compared)")
    assert len(re.findall(r"\n\| \d+, \d+ \| toy-pipeline \| toy \|", cost)) == 2
    assert re.search(r"\| [\d,]+ \| 0 s \| 20\d\d-\d\d-\d\d \| \[seed0-", cost)  # images/s, training, date
    assert "(optimistic)" in texts["README.md"]


def test_links_lead_to_bundles_and_pages(results: Path) -> None:
    pages = build(results, results)
    for path, text in pages.items():
        links = [(path.parent / link).resolve() for link in re.findall(r"\]\(([^)]+)\)", text)]
        assert links
        for link in links:
            assert link in pages or (link / "result.json").exists()


def test_rows_are_sorted_by_accuracy(results: Path) -> None:
    (text,) = [text for path, text in build(results, results).items() if "disjoint" in path.name]
    shares = [float(share) for share in re.findall(r"\*\*([\d.]+)%\*\*", text)]
    assert len(shares) == 4
    assert shares == sorted(shares, reverse=True)


def test_other_content_never_shares_a_table(toy_run: Run, tmp_path: Path) -> None:
    toy_run()
    toy_run("--set", "dataset.subjects=21")
    pages = [path.name for path in build(tmp_path / "runs", tmp_path / "runs")]
    assert len(pages) == 3


def test_seven_and_eight_classes_never_share_a_table(toy_run: Run, tmp_path: Path) -> None:
    for contempt in ("false", "true"):
        toy_run("--set", f"dataset.contempt={contempt}")
    names = {path.relative_to(tmp_path).as_posix() for path in build(tmp_path / "runs", tmp_path)}
    assert names == {"README.md", "toy-7/subject-disjoint-7-3.md", "toy-8/subject-disjoint-7-3.md"}


def test_another_selection_rule_is_another_board_and_the_same_one_is_not(toy_run: Run, tmp_path: Path) -> None:
    partitions = ("--protocol", "official", "--set", "dataset.partitions=true")
    toy_run(*partitions)
    toy_run(*partitions, "--seed", "1")
    assert len(build(tmp_path / "runs", tmp_path / "runs")) == 2
    toy_run(*partitions, "--set", "protocol.selection=test")
    texts = build(tmp_path / "runs", tmp_path / "runs")
    assert len(texts) == 3
    assert sum("chosen on the scored set itself" in text for text in texts.values()) == 1
    assert "official (optimistic)" in texts[tmp_path / "runs" / "README.md"]


def test_an_altered_bundle_stops_the_leaderboard(results: Path, call: Call) -> None:
    file = next(results.rglob("result.json"))
    result = json.loads(file.read_text())
    result["scores"]["svm"]["accuracy"] = 0.999
    file.write_text(json.dumps(result))
    assert "says accuracy = 0.999" in call("leaderboard", "--results", results, status=2).stderr


def test_a_bundle_in_the_wrong_place_is_refused(results: Path, call: Call) -> None:
    folder = next(results.rglob("result.json")).parent
    folder.rename(folder.with_name("renamed"))
    assert "should be at" in call("leaderboard", "--results", results, status=2).stderr


def test_markup_in_names_cannot_get_out() -> None:
    assert markdown.safe("a|b<script>[x](y)`c`\n# d") == "a\\|b&lt;script&gt;\\[x\\](y)\\`c\\` # d"


def test_code_is_shown_as_it_is_and_cannot_get_out() -> None:
    assert markdown.code("embedder.learning_rate=[1|2]") == "`embedder.learning_rate=[1|2]`"
    assert markdown.code("a`b\n# c`<script>") == "`` a`b # c`<script> ``"


@pytest.fixture
def board(toy_run: Run, tmp_path: Path) -> Path:
    """Rows on 420 images: three good ones that are nearly alike, a bad one, and a leaking and a quoted one."""
    folder = toy_run("--set", "dataset.subjects=200")[0]
    for name, wrong in (("good", range(40)), ("alike", range(2, 44)), ("also", range(20, 58)), ("bad", range(200))):
        forge(folder, name, wrong)
    forge(folder, "quoted", [], tier="published")
    seen = {"weights": {"weight.json": "0" * 64}, "training": None, "before": None, "overlap": 9, "tested": 420}
    forge(folder, "leaking", [], transfer=seen | {"unchecked": []})
    shutil.rmtree(folder)
    return tmp_path / "runs"


def ranks(text: str) -> dict[str, str]:
    """Pipeline -> group."""
    return {name: group for group, name in re.findall(r"\n\| \d+ \| (.+?) \| ([a-z]+)", text.split("## Cost")[0])}


def test_rows_that_cannot_be_told_apart_are_one_group(board: Path) -> None:
    (text,) = [text for path, text in build(board, board).items() if path.name != "README.md"]
    assert ranks(text) == {"also": "1", "good": "1", "alike": "1", "bad": "2", "quoted": "-", "leaking": "-"}
    assert "paired bootstrap over" in text
    assert "60 subjects, 5% for all pairs" in text
    assert "are not ranked" in text
    index = build(board, board)[board / "README.md"]
    assert "| also, svm | 90.95% | 3 of 6 |" in index


def test_pages_are_the_same_in_whatever_order_files_come_and_by_any_number_of_processes(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(board, board, workers=1)
    found = bundle.find(board)
    monkeypatch.setattr(bundle, "find", lambda root: found[3:] + found[:3][::-1])
    monkeypatch.setattr(processes, "MIN_SECONDS_FOR_PROCESSES", 0.0)
    monkeypatch.setattr(read, "BUNDLES_PER_TASK", 1)
    assert build(board, board, workers=2) == first


def test_units_are_subjects_where_every_bundle_names_them(board: Path) -> None:
    by_subject = build(board, board)
    (path,) = [path for path in by_subject if path.name != "README.md"]
    assert "60 subjects, 5% for all pairs" in by_subject[path]
    assert "intervals are over subjects too" in by_subject[path]
    (folder,) = board.glob("*/*/bad/*")
    (folder / "subjects.csv").write_text((folder / "subjects.csv").read_text().replace(",p", ",q", 1))
    with pytest.raises(BundleError, match="another bundle of the same dataset says"):
        build(board, board)
    (folder / "subjects.csv").unlink()
    assert "420 images, 5% for all pairs" in build(board, board)[path]


def test_rows_on_other_test_sets_are_not_compared(toy_run: Run, tmp_path: Path) -> None:
    one = toy_run("--protocol", "random-7-3")[0]
    other = toy_run("--protocol", "random-7-3", "--seed", "1")[0]
    forge(one, "better", [])
    forge(other, "worse", range(30), seed=1)
    for folder in (one, other):
        shutil.rmtree(folder)
    (text,) = [text for path, text in build(tmp_path / "runs", tmp_path).items() if path.stem != "README"]
    assert ranks(text) == {"better": "1", "worse": "1 (not compared)"}
    assert "*Not compared*" in text


def test_published_numbers_stand_below_and_are_not_ranked(results: Path) -> None:
    (results / "tables").mkdir()
    (results / "tables" / "toy-1.md").write_text("written by: ferbench table 1")
    texts = {path.name: text for path, text in build(results, results).items()}
    for name in ("random-7-3.md", "subject-disjoint-7-3.md"):
        ranked, quoted = texts[name].split("## Published, not ranked")
        assert "99.50%" not in ranked
        assert "| linear | 99.50% | Nobody 1901, Table 1 | by eye | [toy-1](../tables/toy-1.md) |" in quoted
        assert "| earlier work | 12.00% | Somebody 1900 | - |" in quoted
        assert "noisy" not in quoted  # the paper has no number of it
    (results / "tables" / "lost-9.md").write_text("")
    with pytest.raises(TableError, match="no installed plugin has"):
        build(results, results)
