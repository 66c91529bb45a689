"""``ferbench submit`` and ``ferbench rerun``: copied once and whole; reproduced, or the differences are reported."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from ferbench.boards.build import build
from ferbench.bundles import bundle
from ferbench.verify import agreement
from ferbench.verify.verify import judge, verified
from tests.tampering import facts, rows

Run = Callable[..., tuple[Path, dict[str, Any]]]
Call = Callable[..., Result]
WHO = ("--name", "Team <X> | `Y`", "--url", "https://example.org/code?x=1", "--licence", "CC-BY-4.0")


@pytest.fixture
def ran(honest: Path, toy: None) -> Path:
    """A bundle that a run left; not to be changed."""
    return bundle.find(honest)[0]


@pytest.fixture
def submitted(ran: Path, call: Call, tmp_path: Path) -> Path:
    call("submit", ran, *WHO, "--to", tmp_path / "results")
    (place,) = bundle.find(tmp_path / "results")
    return place


def test_a_submission_is_laid_out_once_and_whole(toy_run: Run, call: Call, tmp_path: Path) -> None:
    folder, before = toy_run()
    words = ("submit", folder, *WHO, "--paper", "X et al. 2026", "--to", tmp_path / "results")
    output = call(*words).stdout
    place = tmp_path / "results" / folder.relative_to(tmp_path / "runs")
    assert f"git add {place}" in output
    assert "compared with the manifest of toy" in output
    result = verified(place)
    assert result.tier == "rescored"
    assert result.submission["name"] == "Team <X> | `Y`"
    assert {name: value for name, value in result.model_dump(mode="json").items() if before[name] != value}.keys() == {
        "tier",
        "submission",
    }
    there = {path.relative_to(folder) for path in folder.rglob("*") if "model" not in path.parts}
    assert {path.relative_to(place) for path in place.rglob("*")} == there
    pages = build(tmp_path / "results", tmp_path)
    assert "rescored" in pages[tmp_path / "toy-7" / "subject-disjoint-7-3.md"]
    assert "exists already" in call(*words, status=2).stderr
    assert bundle.read(place) == result


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--name", "x", "--name: String should have at least 2"),
        ("--name", "x" * 101, "--name: String should have at most 100"),
        ("--name", "a\u202eb", "--name has a control or invisible character"),
        ("--url", "http://example.org", "--url: String should match"),
        ("--url", "javascript:alert(1)", "--url: String should match"),
        ("--url", "https://example.org/a b", "--url: String should match"),
        ("--licence", "<b>", "--licence: String should match"),
        ("--paper", "a\nb", "--paper has a control or invisible character"),
    ],
)
def test_the_submitters_details_are_checked(
    option: str, value: str, message: str, ran: Path, call: Call, tmp_path: Path
) -> None:
    assert message in call("submit", ran, *WHO, option, value, "--to", tmp_path / "results", status=2).stderr
    assert not (tmp_path / "results").exists()


def test_a_bundle_with_a_fault_is_not_laid_out(toy_run: Run, call: Call, tmp_path: Path) -> None:
    folder, _ = toy_run()
    facts(lambda result: result["scores"]["svm"].update(accuracy=0.5))(folder)
    assert "says accuracy = 0.5" in call("submit", folder, *WHO, "--to", tmp_path / "results", status=2).stderr
    assert not (tmp_path / "results").exists()


def test_a_rerun_that_agrees_is_reproduced(submitted: Path, call: Call, tmp_path: Path) -> None:
    output = call("rerun", submitted, "--out", tmp_path / "again").stdout
    assert "100.00% of the predictions are the same" in output
    assert f"reproduced: {submitted}" in output
    result = verified(submitted)
    assert result.tier == "reproduced"
    assert result.rerun["same"] == {"lda": 1.0, "svm-rbf": 1.0}
    assert result.rerun["accuracy"]["lda"] == [result.scores["lda"].accuracy] * 2
    assert result.rerun["versions"]["ferbench-toy"] == "1.0"
    (again,) = bundle.find(tmp_path / "again")
    assert again.name == submitted.name  # the same settings have the same name


def test_a_rerun_that_parts_says_where(submitted: Path, call: Call, tmp_path: Path) -> None:
    def confuse(cells: list[list[str]]) -> None:
        for row in cells[1:]:
            if row[2] == "sad":
                row[3:] = ["fear", *("1" if name == "fear" else "0" for name in cells[0][4:])]

    rows(confuse, sealed=True)(submitted)
    before = (submitted / "result.json").read_bytes()
    output = call("rerun", submitted, "--out", tmp_path / "again", status=1).stdout
    assert f"NOT reproduced: {submitted}" in output
    assert "svm-rbf, class sad: 6 of 6 images are predicted differently; 0 are right in the bundle, 6 here" in output
    assert (submitted / "result.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["pipeline"]["embedder"]["parameters"].update(device="/etc/passwd"), "a parameter is a path"),
        (lambda r: r["pipeline"]["embedder"]["parameters"].update(device="hub:a/b"), "a parameter is a path"),
        (lambda r: r["pipeline"]["embedder"]["parameters"].update(device="pyproject.toml"), "a parameter is a path"),
        (lambda r: r["pipeline"]["embedder"]["parameters"].update(epochs=10**6), "'epochs' cannot be 1000000"),
        (lambda r: r["pipeline"]["embedder"]["parameters"].update(command="rm"), "has no parameter 'command'"),
        (lambda r: r["pipeline"]["embedder"]["parameters"].update(label="x"), "cannot be called name or label"),
        (lambda r: r["pipeline"]["embedder"].update(name="os"), "there is no embedder 'os' here"),
        (
            lambda r: r["pipeline"]["classifiers"]["lda"].update(distribution="ferbench-toy 1.0"),
            "is from ferbench-sklearn",
        ),
        (lambda r: r["pipeline"]["monitor"].update(classifiers=["x"]), "names a classifier 'x'"),
        (lambda r: r["pipeline"]["faces"].update(size=-1), "'size' cannot be -1"),
        (lambda r: r["dataset"].update(fingerprint="0", release="altered"), "another fingerprint"),
        (
            lambda r: r["dataset"]["parameters"].update(subjects=21) or r["dataset"].update(fingerprint="0"),
            "another fingerprint",
        ),
    ],
)
def test_a_rerun_takes_nothing_from_a_bundle_but_data(
    change: Callable[[dict[str, Any]], object], message: str, submitted: Path, call: Call, tmp_path: Path
) -> None:
    facts(change, sealed=True)(submitted)
    assert message in call("rerun", submitted, "--out", tmp_path / "again", status=2).stderr
    assert not (tmp_path / "again").exists()


def test_a_rerun_says_which_versions_differ(submitted: Path, call: Call, tmp_path: Path) -> None:
    def older(result: dict[str, Any]) -> None:
        result["environment"]["distributions"].update({"ferbench-toy": "0.9", "numpy": "2.0.0"})
        for part in (result["dataset"], result["pipeline"]["detector"], result["pipeline"]["embedder"]):
            part["distribution"] = "ferbench-toy 0.9"

    facts(older, sealed=True)(submitted)
    output = call("rerun", submitted, "--out", tmp_path / "again").stderr
    assert "ferbench-toy is 1.0 here, the bundle was made with 0.9" in output
    assert "the bundle was made with 2.0.0" in output
    assert verified(submitted).tier == "reproduced"


def test_a_rerun_goes_elsewhere_and_needs_the_weights_it_started_from(toy_run: Run, call: Call, tmp_path: Path) -> None:
    folder, _ = toy_run()
    assert "where the new run goes" in call("rerun", folder, "--out", tmp_path / "runs", status=2).stderr
    started, _ = toy_run("--init", folder, out=tmp_path / "more")
    assert "--init BUNDLE" in call("rerun", started, "--out", tmp_path / "again", status=2).stderr
    assert "reproduced" in call("rerun", started, "--init", folder, "--out", tmp_path / "again").stdout


def test_shipped_crops_are_run_again_without_a_detector(toy_run: Run, call: Call, tmp_path: Path) -> None:
    folder, result = toy_run("--set", "dataset.cropped=true")
    assert result["pipeline"]["detector"] is None
    assert "reproduced" in call("rerun", folder, "--out", tmp_path / "again").stdout


def test_the_paired_interval() -> None:
    assert agreement.paired_interval(0, 0, 3589)[1] == pytest.approx(0.00055, abs=1e-4)
    low, high = agreement.paired_interval(30, 10, 200)  # (30 - 10) / 202 = 0.099, by hand: half = 0.0609
    assert (low, high) == pytest.approx((0.0381, 0.1599), abs=2e-3)
    assert agreement.paired_interval(10, 30, 200) == pytest.approx((-high, -low))


def test_the_tier_alone_proves_nothing(submitted: Path) -> None:
    facts(lambda result: result.update(submission=None))(submitted)
    assert "nobody is named as the submitter" in judge(submitted).reasons[0]


def test_a_name_that_is_no_folders_is_refused_before_the_run(call: Call, tmp_path: Path) -> None:
    for name in ("../x", "a/b", "-x", "x.", "a\u202eb"):
        file = tmp_path / "p.toml"
        file.write_text(
            f"name = {json.dumps(name)}\n[detector]\nname = 'toy-detector'\n[embedder]\nname = 'toy-embedder'\n"
            "[[classifiers]]\nname = 'svm'\n"
        )
        assert "cannot be called" in call("run", "--pipeline", file, "--dataset", "toy", status=2).stderr


def test_rows_are_compared_by_id(submitted: Path, call: Call, tmp_path: Path) -> None:
    rows(lambda cells: cells.__setitem__(slice(1, None), cells[:0:-1]))(submitted)  # the order says nothing
    assert "100.00% of the predictions are the same" in call("rerun", submitted, "--out", tmp_path / "again").stdout
