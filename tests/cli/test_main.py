"""The command line: what a person types, and what they get for a mistake."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from ferbench.components.registry import KINDS, PLURALS
from tests.conftest import shell

Call = Callable[..., Result]
Run = Callable[..., tuple[Path, dict[str, Any]]]
TOY = ("run", "--pipeline", "toy-pipeline", "--dataset", "toy")


def test_list_and_its_json(call: Call) -> None:
    parts = json.loads(call("list", "--json").stdout)["components"]
    assert {part["kind"] for part in parts} == set(KINDS)
    for kind in KINDS:
        names = {part["name"] for part in parts if part["kind"] == kind}
        for word in (kind, PLURALS[kind]):
            assert {part["name"] for part in json.loads(call("list", word, "--json").stdout)["components"]} == names
    assert "toy-pipeline" in call("list", "pipelines").stdout
    assert "toy-pipeline" not in call("list", "losses").stdout


def test_show_every_part_that_is_installed(call: Call) -> None:
    for part in json.loads(call("list", "--json").stdout)["components"]:
        if part["name"] == "toy-unloadable":
            continue
        ran = call("show", part["name"]).stdout
        assert part["kind"] in ran
        assert part["distribution"] in ran


def test_show_gives_parameters_with_types_and_defaults(call: Call) -> None:
    (ran,) = json.loads(call("show", "toy-embedder", "--json").stdout)
    assert {"name": "epochs", "type": "int, >= 1, <= 1000", "default": 3, "meaning": "how many."} in ran["parameters"]
    assert "epochs" in call("show", "toy-embedder").stdout
    assert "how many" in call("show", "toy-embedder").stdout
    assert "public domain" in call("show", "toy").stdout


def test_show_prints_a_pipeline_s_file_with_its_comments(call: Call) -> None:
    assert "# Section 3.3" in call("show", "tlf-resnet18-svm").stdout


def test_the_report_says_what_the_issue_of_a_result_is(call: Call, tmp_path: Path) -> None:
    ran = " ".join(call(*TOY, "--out", tmp_path).stdout.split())
    for words in ("accuracy", "95% interval", "macro-F1", "UAR", "recall", "confusion matrix", "seconds", "bundle:"):
        assert words in ran
    assert "next: ferbench verify" in ran
    assert "ferbench leaderboard --results" in ran


def test_the_report_s_next_commands_work(call: Call, toy_run: Run, tmp_path: Path) -> None:
    ran = call(*TOY, "--out", tmp_path / "runs").stdout
    for line in ran.splitlines():
        if "ferbench verify" in line or "ferbench leaderboard" in line:
            call(*line.split("ferbench ")[1].split())
    assert (tmp_path / "runs" / "README.md").exists()


def test_seeds_are_summed_up(call: Call, tmp_path: Path) -> None:
    assert "over 2 seeds" in call(*TOY, "--out", tmp_path, "--seeds", "0,1").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "--pipeline", "tyo-pipeline"), "did you mean 'toy-pipeline'"),
        (("run", "--pipeline", "toy-pipeline", "--dataset", "toyy"), "did you mean 'toy'"),
        ((*TOY, "--protocol", "ofical"), "did you mean 'official'"),
        ((*TOY, "--protocol", "official"), "needs the partitions train and test"),
        ((*TOY, "--protocol", "clip-disjoint-7-3"), "needs to know the clips"),
        ((*TOY, "--set", "protocol.selection=best"), '"validation" | "test" | "last"'),
        ((*TOY, "--init", "nowhere"), "there is no nowhere"),
        ((*TOY, "--set", "dataset.named=false"), "does not name them"),
        ((*TOY, "--set", "dataset.subjects=2"), "has 2 subjects, it needs at least 3"),
        ((*TOY, "--set", "dataset.subject=2"), "did you mean 'subjects'"),
        ((*TOY, "--set", "protocol.test=2"), "float, > 0, < 1"),
        ((*TOY, "--set", "embedder.epochs=none"), "'epochs' cannot be 'none'"),
        ((*TOY, "--set", "detector=toy-unloadable"), "cannot be loaded"),
        ((*TOY, "--seeds", "a-b"), "is not a list of seeds"),
        ((*TOY, "--seeds", "0,0"), "names a seed twice"),
        ((*TOY, "--seeds", "5-1"), "is empty"),
        (("show", "nothing"), "there is no component 'nothing'"),
        (("run", "--pipeline", "no.toml"), "no.toml cannot be read: No such file or directory\n"),
        (("sweep", "no.toml"), "no.toml cannot be read: No such file or directory\n"),
        (("leaderboard", "--results", "nowhere"), "there is no folder nowhere"),
        (("run", "--pipeline", "nowhere.toml"), "nowhere.toml cannot be read"),
        (("run", "--pipeline", "raw-pixels-svm", "--dataset", "fer2013"), "where the data of fer2013 is is not known"),
        (("run", "--pipeline", "raw-pixels-svm", "--dataset", "fer2013", "--data", "nowhere"), "there is no nowhere"),
    ],
)
def test_a_mistake_gets_one_error_with_its_fix(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = call(*words, status=2)
    assert message in ran.stderr
    lines = [line.strip() for line in ran.stderr.splitlines()]
    assert [line.partition(": ")[0] for line in lines if line.startswith(("error: ", "fix: "))] == ["error", "fix"]
    assert "Traceback" not in ran.output
    assert list(tmp_path.rglob("result.json")) == []


def test_verify_goes_through_all_and_fails_if_one_does(call: Call, toy_run: Run, tmp_path: Path) -> None:
    good, _ = toy_run()
    bad, _ = toy_run("--seed", "1")
    root = tmp_path / "runs"
    assert call("verify", root).stdout.count("verified") == 2
    (bad / "predictions.csv").write_text("")
    answers = json.loads(call("verify", root, "--json", status=1).stdout)
    assert {one["bundle"]: one["ok"] for one in answers} == {str(good): True, str(bad): False}
    assert "REFUSED" in call("verify", bad, status=1).stdout
    assert "cannot be read" in call("verify", tmp_path / "nothing", status=1).stdout


def test_an_out_that_cannot_be_written(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    ran = call(*TOY, "--out", tmp_path / "file" / "runs", status=2)
    assert "cannot be written" in ran.stderr
    assert "--out DIR" in ran.stderr


def test_a_process_of_its_own_shows_no_traceback_and_no_colour_codes(tmp_path: Path) -> None:
    ran = shell("run", "--pipeline", "tlf", cwd=tmp_path)
    assert ran.returncode == 2
    assert ran.stderr.startswith("error: there is no pipeline 'tlf'")
    assert "\x1b" not in ran.stderr + ran.stdout


@pytest.mark.parametrize(
    ("words", "work", "goes_on"),
    [(TOY, "ferbench.running.run.run", True), (("list",), "ferbench.cli.component_tables.show_entries", False)],
)
def test_ctrl_c_names_resume_where_there_is_one(
    call: Call, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], work: str, goes_on: bool
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(work, interrupted)
    ran = call(*words, status=130).stderr
    assert "interrupted; what was finished is kept" in ran
    assert ("--resume" in ran) is goes_on
