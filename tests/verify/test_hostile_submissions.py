"""Submissions that lie, or that mean harm: each kind is refused with its own reason, by verify and by the leaderboard.

Many are consistent in themselves (``seal``): their author computed scores, counts, digests and the run's name anew.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ferbench.boards.build import build
from ferbench.bundles import bundle, files
from ferbench.cli.main import main
from ferbench.errors import FerbenchError
from ferbench.verify import verify
from tests.tampering import Change, facts, rows, seal, text

BOMB = 10 * 2**30
SUBMISSION = {"name": "me", "url": "", "licence": "MIT", "paper": "", "date": "2026-11-24", "checked": ""}


@pytest.fixture
def results(honest: Path, toy: None, tmp_path: Path) -> Path:
    """A copy of the honest results, to be spoiled."""
    return Path(shutil.copytree(honest, tmp_path / "results"))


def link(target: str, name: str) -> Change:
    def spoil(folder: Path) -> None:
        place = folder / name
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
        place.symlink_to(target)

    return spoil


def sparse(name: str) -> Change:
    return lambda folder: os.truncate(folder / name, BOMB)


def write(name: str, content: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes(content) and None


def right_answers(cells: list[list[str]]) -> None:
    for row in cells[1:]:
        row[3:] = [row[2], *("1" if name == row[2] else "0" for name in cells[0][4:])]


def labels_to_match(folder: Path) -> None:
    """Every prediction of the first classifier is made right, in all the files."""
    file = folder / "predictions.csv"
    ran = [line.split(",")[3] for line in file.read_text().splitlines()]

    def change(cells: list[list[str]]) -> None:
        for row, label in zip(cells[1:], ran[1:], strict=True):
            row[2] = label

    rows(change, sealed=True)(folder)


def rotate_ids(cells: list[list[str]]) -> None:
    names = [row[0] for row in cells[1:]]
    for row, name in zip(cells[1:], names[1:] + names[:1], strict=True):
        row[0] = name


def swap_columns(cells: list[list[str]]) -> None:
    for row in cells[1:]:
        row[4:] = row[5:] + row[4:5]


def second_split(folder: Path) -> None:
    """Every image is tested twice, in two splits."""

    def change(result: dict[str, Any]) -> None:
        result["splits"].append({**result["splits"][0], "split": "again"})

    rows(lambda cells: cells.extend([[row[0], "again", *row[2:]] for row in cells[1:]]))(folder)
    facts(change)(folder)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


KINDS: dict[str, tuple[Change, str]] = {
    # scores
    "an edited accuracy": (facts(lambda r: r["scores"]["lda"].update(accuracy=0.999)), "says accuracy = 0.999 for lda"),
    "an edited interval": (facts(lambda r: r["scores"]["lda"].update(interval=[0.9, 1.0])), "says interval"),
    "an edited confusion matrix": (facts(lambda r: r["scores"]["lda"]["confusion"][0].reverse()), "says confusion"),
    "an edited leak-free accuracy": (
        facts(lambda r: r["leak_free"]["lda"].update(accuracy=0.99)),
        "leak-free accuracy",
    ),
    "edited predictions": (rows(right_answers), "its predictions give"),
    "a leak that no audit counted": (
        text(lambda ran: ran + "p02-sad,subjects,exact,p00-sad\n", "leaks.csv"),
        "lists 1 test images of split 'subjects', its audit counted 0",
    ),
    # rows
    "permuted ids": (rows(rotate_ids), "the test samples that result.json names"),
    "permuted ids, sealed": (rows(rotate_ids, sealed=True), "true labels are altered"),
    "labels changed to match": (labels_to_match, "true labels are altered"),
    "missing ids": (rows(lambda cells: cells.pop(3)), "has 41 rows, result.json says 42"),
    "missing ids, sealed": (
        rows(lambda cells: cells.pop(3), sealed=True),
        "does not test the images that the protocol",
    ),
    "foreign ids, sealed": (
        rows(lambda c: c[3].__setitem__(0, "p99-sad"), sealed=True),
        "1 ids are not of this dataset",
    ),
    "a duplicated row": (rows(lambda cells: cells.append(cells[1])), "line 44: this sample is repeated in its split"),
    "a sample in two splits": (second_split, "line 44: this sample is in the test side of two splits"),
    "NaN": (rows(lambda cells: cells[5].__setitem__(4, "nan")), "line 6: a score is not a finite number"),
    "infinity": (rows(lambda cells: cells[5].__setitem__(4, "1e999")), "line 6: a score is not a finite number"),
    "no number": (rows(lambda cells: cells[5].__setitem__(4, "=1+1")), "line 6: a score is not a finite number"),
    "a sum that is not one": (
        rows(lambda c: c[5].__setitem__(4, "0.5")),
        "line 6: the probabilities do not sum to one",
    ),
    "a negative probability": (
        rows(lambda c: c[5].__setitem__(4, "-0.1")),
        "line 6: a probability is not between 0 and 1",
    ),
    "swapped probabilities": (rows(swap_columns), "the predicted class is not the most probable one"),
    "swapped decision values": (
        rows(swap_columns, name="predictions/svm-rbf.csv"),
        "of the predictions are not the class of the largest value",
    ),
    "an unknown label": (rows(lambda cells: cells[5].__setitem__(2, "bored")), "line 6: the label is not a class"),
    "an unknown split": (
        rows(lambda cells: cells[5].__setitem__(1, "mine")),
        "split 'mine' has 1 rows, result.json says 0",
    ),
    "another order of classes": (
        facts(lambda r: r["classes"].reverse()),
        "dataset.counts does not name the classes in their order",
    ),
    "an id with a line break": (text(lambda ran: ran.replace("p02-angry", '"p02\nangry"', 1)), "not one line"),
    "an open quote": (text(lambda ran: ran.replace("p02-angry", '"p02-angry', 1)), "predictions.csv, line"),
    "a blank line": (text(lambda ran: ran + "\n"), "line 44"),
    "a missing file": (lambda folder: (folder / "predictions" / "svm-rbf.csv").unlink(), "svm-rbf.csv cannot be read"),
    # files
    "a 10 GB CSV": (sparse("predictions.csv"), "has 10,737,418,240 bytes"),
    "a 10 GB result": (sparse("result.json"), "has 10,737,418,240 bytes"),
    "a million columns": (text(lambda ran: "id" + ",x" * 10**6 + "\n" + ran), "line 1: the columns are not"),
    "a very long id": (rows(lambda c: c[5].__setitem__(0, "x" * 10**6)), "line 6: it has 1,000,"),
    "millions of lines": (write("leaks.csv", b"a,b,c,d\n" * 2**20), "leaks.csv, line"),
    "a very long quoted field": (
        text(lambda ran: ran + '"' + "x" * 200_000 + '",subjects,near,p00-sad\n', "leaks.csv"),
        "leaks.csv, line 2: it has 200,",
    ),
    "a repeated row after sixty thousand others": (
        rows(lambda cells: cells.extend([[f"x{n}", *cells[1][1:]] for n in range(60_000)] + [cells[1]])),
        "line 60044: this sample is repeated in its split",
    ),
    "millions of predictions": (text(lambda ran: ran + "a,b\n" * 2**20), "lines, more than any dataset needs"),
    "no UTF-8": (write("predictions.csv", b"\xff\xfe\x00i\x00d"), "cannot be read"),
    "a zero byte": (text(lambda ran: ran.replace("p02", "p\x0002", 1)), "a control or invisible character"),
    "an escape sequence in an id": (text(lambda ran: ran.replace("p02", "\x1b[2J", 1)), "a control or invisible"),
    "a link to a file": (link("/etc/passwd", "predictions.csv"), "predictions.csv is a link"),
    "a link for the result": (link("/etc/passwd", "result.json"), "result.json is a link"),
    "a link to a folder": (link("/etc", "predictions"), "predictions is a link"),
    "a link that leads nowhere": (link("/nowhere/at/all", "leaks.csv"), "leaks.csv is a link"),
    "a link among the weights": (
        lambda folder: (folder / "model").mkdir() or (folder / "model" / "x").symlink_to("/etc"),
        "x is a link",
    ),
    "a pipe": (
        lambda folder: (folder / "leaks.csv").unlink() or os.mkfifo(folder / "leaks.csv"),
        "leaks.csv is not an ordinary file",
    ),
    "code": (write("conftest.py", b"raise SystemExit('run')"), "conftest.py does not belong in a bundle"),
    "a folder of its own": (lambda folder: (folder / ".git").mkdir(), ".git does not belong in a bundle"),
    "predictions of nobody": (write("predictions/other.csv", b"id\n"), "other.csv is of no classifier"),
    # paths and markup
    "a pipeline's name that escapes": (
        facts(lambda r: r["pipeline"].update(name="../../../../evil"), sealed=False),
        "pipeline: Value error, name",
    ),
    "a run's name that escapes": (facts(lambda r: r.update(run="../../evil")), "the run is called ../../evil"),
    "a dataset's name that escapes": (facts(lambda r: r["dataset"].update(name="/etc")), "dataset: Value error, name"),
    "a classifier's label that escapes": (
        facts(lambda r: r["pipeline"]["classifiers"].update({"../../x": r["pipeline"]["classifiers"]["lda"]})),
        "pipeline: Value error, classifiers",
    ),
    "a split's name that escapes": (
        facts(lambda r: r["splits"][0].update(split="../x")),
        "splits.0: Value error, split",
    ),
    "markup in a name": (
        facts(lambda r: r["protocol"].update(name="<script>alert(1)</script>")),
        "protocol: Value error, name",
    ),
    "a table's bar in a name": (facts(lambda r: r["dataset"].update(name="a | b")), "dataset: Value error, name"),
    "markup for a number": (
        facts(lambda r: r["pipeline"]["embedder"]["parameters"].update(epochs="<b>1</b>"), sealed=True),
        "the embedder's epochs are not a whole number",
    ),
    "a line break in a note": (
        facts(lambda r: r["notes"].append("a\n# b")),
        "result.notes.0 has a control or invisible",
    ),
    "text from right to left": (facts(lambda r: r["notes"].append("a\u202eb")), r"invisible character: 'a\u202eb'"),
    "a zero-width letter": (facts(lambda r: r["notes"].append("a\u200bb")), r"invisible character: 'a\u200bb'"),
    "an escape sequence": (facts(lambda r: r["faces"].update(source="\x1b[2J")), r"invisible character: '\x1b[2J'"),
    "a surrogate": (facts(lambda r: r["notes"].append("\ud800")), "does not follow schema"),
    "a very long note": (facts(lambda r: r["notes"].append("x" * 5000)), "result.notes.0 has 5,000 characters"),
    # the result's facts
    "another schema": (
        facts(lambda r: r.update(schema_version=1)),
        "is of schema 1, and this version of ferbench reads schema 2",
    ),
    "an unknown field": (facts(lambda r: r["pipeline"].update(code="os.system")), "Extra inputs are not permitted"),
    "NaN in the result": (facts(lambda r: r["dataset"]["parameters"].update(x=float("nan"))), "is not a finite number"),
    "a number without end": (facts(lambda r: r["dataset"]["parameters"].update(x=10**400)), "is not a finite number"),
    "a number of many digits": (
        text(lambda ran: ran.replace('"seed": 0', '"seed": 1' + "0" * 10**5), "result.json"),
        "does not follow schema",
    ),
    "a parameter of many digits": (
        text(lambda ran: ran.replace('"epochs": 2', '"epochs": 2' + "0" * 5000, 1), "result.json"),
        "result.json",
    ),
    "nested lists": (facts(lambda r: r["faces"].update(source=nested(100))), "does not follow schema"),
    "lists nested in parameters": (facts(lambda r: r["pipeline"]["faces"].update(x=nested(50))), "is nested too deep"),
    "lists nested without end": (write("result.json", b"[" * 10**6), "does not follow schema"),
    "no JSON": (write("result.json", b"import os"), "does not follow schema"),
    "another split's hash": (facts(lambda r: r["splits"][0].update(digest="0" * 64)), "has another digest than the"),
    "another seed": (facts(lambda r: r.update(seed=1), sealed=True), "the protocol gives for seed 1"),
    "a seed out of range": (facts(lambda r: r.update(seed=-1)), "seed: Input should be greater than or equal to 0"),
    "less than no time": (
        facts(lambda r: r["stages"].update(training=-1.0)),
        "stages.training: Input should be",
    ),
    "settings of another run": (
        facts(lambda r: r["pipeline"]["embedder"]["parameters"].update(epochs=500)),
        "but its settings give",
    ),
    "another dataset's fingerprint": (
        facts(lambda r: r["dataset"].update(fingerprint="0" * 64), sealed=True),
        "the dataset's fingerprint is not that of toy",
    ),
    "a known dataset by another name": (
        facts(lambda r: r["dataset"].update(name="toy-2"), sealed=True),
        "the dataset's fingerprint is that of toy",
    ),
    "a known dataset with other parameters": (
        facts(lambda r: r["dataset"]["parameters"].update(size=64), sealed=True),
        "the dataset's fingerprint is that of toy",
    ),
    "counts of another dataset": (
        facts(lambda r: r["dataset"]["counts"].update(angry=21, sad=19), sealed=True),
        "dataset.counts are not the dataset's",
    ),
    "fewer images trained on": (facts(lambda r: r["splits"][0].update(train=1)), "images in train, not 1"),
    "an unknown protocol": (
        facts(lambda r: r["protocol"].update(name="my-own"), sealed=True),
        "ferbench has no protocol 'my-own'",
    ),
    "a protocol's parameter out of range": (
        facts(lambda r: r["protocol"]["parameters"].update(test=1.5), sealed=True),
        "'test' cannot be 1.5",
    ),
    "a protocol's name among its parameters": (
        facts(lambda r: r["protocol"]["parameters"].update(name="official"), sealed=True),
        "cannot be called name",
    ),
    "an epoch chosen in secret": (
        facts(lambda r: r["protocol"]["parameters"].update(selection="test"), sealed=True),
        "the protocol selects on test, the result says validation",
    ),
    "optimism unsaid": (
        facts(
            lambda r: (r["protocol"]["parameters"].update(selection="test"), r["protocol"].update(selection="test")),
            sealed=True,
        ),
        "does not say that it is optimistic",
    ),
    "no version": (
        facts(lambda r: r["pipeline"]["embedder"].update(distribution="ferbench-toy latest")),
        "pipeline: Value error, embedder.distribution",
    ),
    "a version that was not installed": (
        facts(lambda r: r["pipeline"]["embedder"].update(distribution="ferbench-toy 9.9"), sealed=True),
        "a component is of ferbench-toy 9.9, but the environment",
    ),
    "a date to come": (facts(lambda r: r.update(created="2999-01-01T00:00:00+00:00")), "is in the future"),
    "no date": (facts(lambda r: r.update(created="yesterday")), "created is not a date"),
    "a tier of its own": (facts(lambda r: r.update(tier="best")), "tier"),
    "rescored by nobody": (facts(lambda r: r.update(tier="rescored")), "nobody is named as the submitter"),
    "a rerun that nobody made": (
        facts(lambda r: r.update(submission={**SUBMISSION, "url": "https://example.org"})),
        "this submitted bundle has no rerun record",
    ),
    "an address that runs": (
        facts(lambda r: r.update(submission={**SUBMISSION, "url": "javascript:x"})),
        "submission: Value error, url",
    ),
    # subjects
    "subjects of other images": (
        text(lambda ran: ran.replace("p02-sad", "p01-sad"), "subjects.csv"),
        "does not name",
    ),
    "other subjects": (text(lambda ran: ran.replace(",p02", ",p03"), "subjects.csv"), "names other subjects than"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_submission_is_refused_with_its_reason(kind: str, results: Path) -> None:
    change, reason = KINDS[kind]
    (folder,) = bundle.find(results)
    change(folder)
    before, started = snapshot(results.parent), time.monotonic()

    ran = CliRunner().invoke(main, ["verify", str(results), "--json"])
    assert ran.exit_code == 1, ran.output
    reasons = [one for answer in json.loads(ran.stdout) for one in answer.get("reasons", [])]
    assert any(reason in one for one in reasons), reasons
    assert all(one.isprintable() and len(one) < 1500 for one in reasons)
    with pytest.raises(FerbenchError):
        build(results, results.parent)

    assert time.monotonic() - started < 20
    assert snapshot(results.parent) == before


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Every path under ``root``, its size and when it was written."""
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in sorted(root.rglob("*"))}


def test_the_honest_bundle_is_verified(results: Path) -> None:
    (folder,) = bundle.find(results)
    verdict = verify.judge(folder)
    assert verdict.reasons == []
    assert verdict.matches_manifest
    assert 0.3 < verdict.result.scores["lda"].accuracy < 1
    seal(folder)  # what a liar does changes nothing of an honest bundle
    assert verify.judge(folder).reasons == []


def test_all_reasons_are_given(results: Path) -> None:
    (folder,) = bundle.find(results)
    facts(lambda r: r["scores"]["lda"].update(accuracy=0.5, uar=0.5))(folder)
    rows(swap_columns, name="predictions/svm-rbf.csv")(folder)
    reasons = verify.judge(folder).reasons
    assert len(reasons) == 3
    assert ["accuracy" in reasons[0], "uar" in reasons[1], "svm-rbf.csv" in reasons[2]] == [True] * 3


def test_a_bomb_takes_no_memory(results: Path) -> None:
    (folder,) = bundle.find(results)
    sparse("predictions.csv")(folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert verify.judge(folder).reasons
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024  # KiB


@pytest.mark.parametrize(
    ("place", "reason"), [("toy-7/linked", "linked is a link"), ("toy-7/evil.py", "evil.py belongs to no bundle")]
)
def test_what_lies_beside_bundles_is_refused(place: str, reason: str, results: Path, tmp_path: Path) -> None:
    if place.endswith("linked"):
        outside = tmp_path / "outside"
        shutil.copytree(next(iter(bundle.find(results))), outside)
        (results / place).symlink_to(outside)
        with pytest.raises(FerbenchError, match="is a link"):
            build(results, tmp_path)
    else:
        (results / place).write_text("")
    ran = CliRunner().invoke(main, ["verify", str(results)])
    assert ran.exit_code == 1
    assert reason in ran.stdout


@pytest.mark.parametrize("release", ["partial", "altered"])
def test_another_copy_is_never_passed_as_checked(release: str, results: Path) -> None:
    (folder,) = bundle.find(results)
    facts(lambda r: r["dataset"].update(fingerprint="0" * 64, release=release), sealed=True)(folder)
    verdict = verify.judge(folder)
    assert verdict.matches_manifest
    assert verdict.manifest_check.startswith("another copy of toy")
    labels_to_match(folder)
    verdict = verify.judge(folder)
    assert not verdict.matches_manifest
    assert verdict.manifest_check == "unknown copy of toy: ids and labels not checked"
    assert "unknown copy of toy" in CliRunner().invoke(main, ["verify", str(folder)]).stdout


def test_markup_in_free_text_is_escaped_in_the_pages(results: Path) -> None:
    ran = "<script>alert(1)</script> | `x` [y](javascript:z) **b** _i_ <!-- -->"
    (folder,) = bundle.find(results)
    facts(
        lambda r: (
            r["notes"].append(ran),
            r["pipeline"]["changed"].update({"x`|<b>": ran}),
            r["protocol"].update(optimistic=None),
        ),
        sealed=True,
    )(folder)
    moved = results / bundle.relative_path(bundle.read(folder).model_dump())
    folder.rename(moved)
    assert verify.judge(moved).reasons == []
    pages = "\n".join(build(results, results.parent).values())
    assert "&lt;script&gt;alert(1)&lt;/script&gt; \\| \\`x\\` \\[y\\]" in pages
    outside_code = "\n".join(line for line in pages.splitlines() if not line.startswith(("- a: ", "<!-- generated")))
    assert "<" not in outside_code
    (settings,) = [line for line in pages.splitlines() if line.startswith("- a: ")]
    assert "``" in settings  # a code span, longer fenced than any run of backticks in it


def test_the_layout_is_what_a_run_writes(results: Path) -> None:
    (folder,) = bundle.find(results)
    assert list(files.problems(folder)) == []
    assert bundle.read_subjects(folder) == {
        name: name.split("-")[0] for name in (folder / "subjects.csv").read_text().replace(",", "\n").split()[2::2]
    }
