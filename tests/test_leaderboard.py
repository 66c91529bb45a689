"""Leaderboards: only from bundles, only comparable results together, stale pages seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from ferbench import bundle, leaderboard, markdown, verification

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
    texts = {path.name: text for path, text in leaderboard.build(results, results).items()}
    disjoint, optimistic = texts["subject-disjoint-7-3.md"], texts["random-7-3.md"]
    assert "Optimistic:" in optimistic
    assert "Optimistic:" not in disjoint
    assert "- a: `embedder.noise=0.5`" in disjoint
    assert (disjoint.count("| a | reproduced |"), disjoint.count("| - | reproduced |")) == (2, 2)  # whose it is
    assert "| 0, 1 (n = 2: " in disjoint  # two seeds of one pipeline are one row
    assert "** ± 0." in disjoint
    assert "95% t interval of the mean" in disjoint
    assert "t interval" not in optimistic
    assert "chosen on the scored set itself" in optimistic
    assert "| a validation set | 140 | 3 |" in texts["README.md"]  # the selection rule beside each board's name
    assert disjoint.count("\n| [toy-pipeline]") == 4  # two pipelines' settings, two classifiers each
    assert "(optimistic)" in texts["README.md"]


def test_links_lead_to_bundles(results: Path) -> None:
    import re

    for path, text in leaderboard.build(results, results).items():
        for link in re.findall(r"\]\(([^)]+)\)", text):
            assert (path.parent / link).resolve().exists() or link.endswith(".md"), link


def test_rows_are_sorted_by_accuracy(results: Path) -> None:
    import re

    (text,) = [text for path, text in leaderboard.build(results, results).items() if "disjoint" in path.name]
    shares = [float(share) for share in re.findall(r"\*\*([\d.]+)%\*\*", text)]
    assert len(shares) == 4
    assert shares == sorted(shares, reverse=True)


def test_other_content_never_shares_a_table(toy_run: Run, tmp_path: Path) -> None:
    toy_run()
    toy_run("--set", "dataset.subjects=21")
    pages = [path.name for path in leaderboard.build(tmp_path / "runs", tmp_path / "runs")]
    assert len(pages) == 3


def test_seven_and_eight_classes_never_share_a_table(toy_run: Run, tmp_path: Path) -> None:
    for contempt in ("false", "true"):
        toy_run("--set", f"dataset.contempt={contempt}")
    names = {path.relative_to(tmp_path).as_posix() for path in leaderboard.build(tmp_path / "runs", tmp_path)}
    assert names == {"README.md", "toy-7/subject-disjoint-7-3.md", "toy-8/subject-disjoint-7-3.md"}


def test_another_selection_rule_is_another_board_and_the_same_one_is_not(toy_run: Run, tmp_path: Path) -> None:
    parts = ("--protocol", "official", "--set", "dataset.parts=true")
    folder, _ = toy_run(*parts)
    toy_run(*parts, "--seed", "1")
    file = folder / "result.json"
    result = json.loads(file.read_text())
    del result["protocol"]["parameters"]["selection"]  # as results were before it was a parameter
    del result["transfer"]
    result["run"] = verification.run_name(bundle.Result.model_validate(result))
    file.write_text(json.dumps(result))
    folder.rename(folder.with_name(result["run"]))
    assert len(leaderboard.build(tmp_path / "runs", tmp_path / "runs")) == 2
    toy_run(*parts, "--set", "protocol.selection=test")
    texts = leaderboard.build(tmp_path / "runs", tmp_path / "runs")
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
    assert "should lie at" in call("leaderboard", "--results", results, status=2).stderr


def test_markup_in_names_cannot_get_out() -> None:
    assert leaderboard._safe("a|b<script>[x](y)`c`\n# d") == "a\\|b&lt;script&gt;\\[x\\](y)\\`c\\` # d"


def test_code_is_shown_as_it_is_and_cannot_get_out() -> None:
    assert markdown.code("embedder.learning_rate=[1|2]") == "`embedder.learning_rate=[1|2]`"
    assert markdown.code("a`b\n# c`<script>") == "`` a`b # c`<script> ``"
