"""A paper's tables: what is run, what is collected, and what the page says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from ferbench.boards import paper_table
from ferbench.bundles import bundle
from ferbench.components.registry import Entry, Registry
from ferbench.errors import ParameterError, TableError
from tests.conftest import TOY

Run = Callable[..., tuple[Path, dict[str, Any]]]
Call = Callable[..., Result]
TEXT = (TOY / "ferbench_toy_parts" / "toy-1.toml").read_text(encoding="utf-8")


def rows(call: Call, results: Path, *words: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call("table", "1", "--results", results, "--json", *words).stdout)
    return found


def named(found: list[dict[str, Any]], label: str, protocol: str) -> list[dict[str, Any]]:
    return [one for one in found if (one["label"], one["protocol"]) == (label, protocol)]


@pytest.fixture
def only_toy(call: Call, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command line with the toy's table alone, so that a bare number means it."""
    kept = Registry.__iter__
    monkeypatch.setattr(
        Registry,
        "__iter__",
        lambda self: (one for one in kept(self) if one.kind != "table" or one.name.startswith("toy")),
    )
    return call


def test_rows_that_share_a_training_share_it(only_toy: Call, tmp_path: Path) -> None:
    results = tmp_path / "results"
    found = rows(only_toy, results)
    # three rows under two protocols are six cells; two rows differ in the classifier alone
    assert len(bundle.find(results)) == 4
    for protocol, optimistic in (("random-7-3", True), ("subject-disjoint-7-3", False)):
        (linear,), (rbf,), (noisy,) = (named(found, label, protocol) for label in ("linear", "RBF", "noisy_one <b>"))
        assert linear["bundle"] == rbf["bundle"] != noisy["bundle"]
        assert bundle.read(Path(noisy["bundle"])).pipeline["changed"] == {"embedder.noise": 0.5}
        assert [one["optimistic"] for one in (linear, rbf, noisy)] == [optimistic] * 3
    rows(only_toy, results)
    assert len(bundle.find(results)) == 4  # nothing was missing
    rows(only_toy, results, "--seeds", "0-1")
    assert len(bundle.find(results)) == 8


def test_seeds_are_averaged(only_toy: Call, tmp_path: Path) -> None:
    (line,) = named(rows(only_toy, tmp_path / "r", "--seeds", "0-2"), "noisy_one <b>", "random-7-3")
    scores = [
        bundle.read(folder).scores["svm"].accuracy
        for folder in Path(line["bundle"]).parent.iterdir()
        if bundle.read(folder).pipeline["changed"]
    ]
    assert len(scores) == 3
    assert line["seeds"] == [0, 1, 2]
    assert line["accuracy"] == pytest.approx(sum(scores) / 3)
    assert line["deviation"] > 0
    assert line["interval"][0] < line["accuracy"] < line["interval"][1]


def test_collecting_runs_nothing_and_says_so(only_toy: Call, toy_run: Run, tmp_path: Path) -> None:
    folder, result = toy_run("--set", "embedder.noise=0.5")
    found = rows(only_toy, tmp_path / "runs", "--collect-only")
    assert len(bundle.find(tmp_path / "runs")) == 1
    (noisy,) = named(found, "noisy_one <b>", "subject-disjoint-7-3")
    assert (noisy["accuracy"], noisy["count"]) == (result["scores"]["svm"]["accuracy"], 42)
    assert noisy["settings"] == {}  # the noise is what the row is about
    assert Path(noisy["bundle"]) == folder
    (linear,) = named(found, "linear", "subject-disjoint-7-3")
    assert (linear["tier"], linear["accuracy"]) == ("not run", None)


def test_other_settings_are_lines_of_their_own(only_toy: Call, toy_run: Run, tmp_path: Path) -> None:
    toy_run("--protocol", "random-7-3")
    toy_run("--protocol", "random-7-3", "--set", "embedder.epochs=5")
    found = named(rows(only_toy, tmp_path / "runs", "--collect-only"), "linear", "random-7-3")
    assert sorted(str(one["settings"]) for one in found) == ["{'embedder.epochs': 5}", "{}"]
    exact = rows(only_toy, tmp_path / "runs", "--collect-only", "--set", "embedder.epochs=5")
    assert [one["settings"] for one in named(exact, "linear", "random-7-3")] == [{"embedder.epochs": 5}]
    none = rows(only_toy, tmp_path / "runs", "--collect-only", "--set", "embedder.epochs=6")
    assert [one["tier"] for one in named(none, "linear", "random-7-3")] == ["not run"]


def test_the_page(only_toy: Call, toy_run: Run, tmp_path: Path) -> None:
    toy_run("--set", "embedder.epochs=5")
    words = ("table", "toy-1", "--results", tmp_path / "runs", "--collect-only")
    page = tmp_path / "tables" / "toy-1.md"
    assert str(page) in only_toy(*words, "--check", status=1).stderr
    only_toy(*words)
    text = page.read_text()
    assert "# Table 1: stripes \\| widths" in text
    assert text.count("| noisy\\_one &lt;b&gt; |") == 2  # nothing published: ours alone, once a protocol
    assert "| linear | *published*: Nobody 1901, Table 1 | by eye | 99.50% |" in text
    assert "| earlier work | *published*: Somebody 1900 |  | 12.00% |" in text
    assert text.count("| not run |") == 4
    assert "- a: `embedder.epochs=5`" in text
    assert "random-7-3 (*optimistic*)" in text
    assert "subject-disjoint-7-3 (*optimistic*)" not in text
    (link,) = {part.split(")")[0] for part in text.split("](")[1:]}
    assert (page.parent / link / "result.json").exists()
    assert "up to date" in only_toy(*words, "--check").stdout
    page.write_text(text.replace("99.50", "99.60"))
    assert "outdated" in only_toy(*words, "--check", status=1).stderr


def test_what_cannot_be_run_is_said_before_anything_runs(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TEXT.replace("toy-pipeline", "toy-pipelin", 1).replace("embedder.noise", "embedder.nois"))
    ran = call("table", file, "--results", tmp_path / "runs", status=2).stderr
    assert "did you mean 'toy-pipeline'" in ran
    assert "did you mean 'noise'" in ran
    assert not (tmp_path / "runs").exists()


def test_where_a_dataset_lies_must_be_said(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(TEXT.replace('dataset = "toy"', 'dataset = "fer2013"'))
    ran = call("table", file, "--results", tmp_path / "runs", status=2).stderr
    assert ran.count("where the data of fer2013 is is not known") == 1
    assert "--data NAME=PATH" in ran
    assert "is not NAME=PATH" in call("table", file, "--results", tmp_path, "--data", "x", status=2).stderr
    release = tmp_path / "fer2013.csv"
    release.write_text("emotion,pixels,Usage\n1,2,Training\n")
    call("data", "add", "fer2013", release)
    ran = call("table", file, "--results", tmp_path / "runs", status=2).stderr
    assert str(release) in ran  # the remembered file was read, and is broken


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("published = 98.0", "published = 980", "less than or equal to 100"),
        ("published = 98.0", 'published = "98"', "valid number"),
        ('label = "RBF"', "", r"sections.0.rows.1.label: Field required"),
        ("measured", "mesured", "mesured: Extra inputs"),
        ("[[sections]]", "[[sections]", "is not valid TOML"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, registry: Registry, old: str, new: str, message: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(TEXT.replace(old, new))
    with pytest.raises(TableError, match=message):
        paper_table.read_table(str(file), registry)


def test_a_bare_number_is_one_paper_s_or_a_question() -> None:
    registry = Registry()
    registry.add("table", [Entry(name, "a:b", "c") for name in ("x-1", "x-2", "y-2")], distribution="d", version="1")
    assert paper_table.full_name("1", registry) == "x-1"
    assert paper_table.full_name("y-2", registry) == "y-2"
    with pytest.raises(ParameterError, match=r"(?s)several papers.*x-2, y-2"):
        paper_table.full_name("2", registry)
    assert paper_table.full_name("3", registry) == "3"  # the registry says what is not there
