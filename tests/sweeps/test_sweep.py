"""A sweep: what its study may say, that a failure hides nothing, and that it goes on; all in this process."""

from __future__ import annotations

import fcntl
import io
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ferbench import sweeps
from ferbench.bundles import bundle
from ferbench.components.registry import Registry
from ferbench.errors import FerbenchError
from ferbench.sweeps import study, sweep
from ferbench.sweeps.display import Display
from tests.conftest import ROOT, TOY

Call = Callable[..., Any]
STUDY = """
seeds = [0, 1]
pipelines = ["toy-pipeline"]
datasets = [{ name = "toy", parameters = { subjects = 8 } }]
protocols = ["subject-disjoint-7-3", "official"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A study of four cells: the toy dataset has no official parts, so two of them fail."""
    (tmp_path / "study.toml").write_text(STUDY)
    return tmp_path / "study.toml"


@pytest.fixture
def cells(file: Path, registry: Registry) -> list[study.Cell]:
    return study.cells(file, registry, file.parent / "runs")


def test_a_failed_cell_hides_no_other_and_is_retried_on_demand(call: Call, file: Path, tmp_path: Path) -> None:
    words = ("sweep", file, "--out", tmp_path / "runs", "--json")
    first = call(*words, status=1)
    rows = json.loads(first.stdout)["cells"]
    assert [row["state"] for row in rows] == ["finished", "finished", "failed", "failed"]
    assert all("needs the partitions train and test" in row["what"] and row["fix"] for row in rows[2:])
    assert rows[0]["accuracy"] > 0.9
    assert "4 of 4 cells, 2 failed" in first.stderr
    results = {Path(row["bundle"]) / "result.json" for row in rows[:2]}
    written = {file: file.stat().st_mtime_ns for file in results}
    assert set(bundle.find(tmp_path / "runs")) == {file.parent for file in results}

    again = call(*words, status=1)
    assert [row["state"] for row in json.loads(again.stdout)["cells"][2:]] == ["failed before"] * 2
    file.write_text(
        STUDY.replace("subjects = 8", "subjects = 8, partitions = true").replace('["subject-disjoint-7-3", ', "[")
    )
    call(*words)  # other cells: nothing of them failed before
    file.write_text(STUDY)
    assert [row["state"] for row in json.loads(call(*words, "--retry", status=1).stdout)["cells"][2:]] == ["failed"] * 2
    assert {file: file.stat().st_mtime_ns for file in results} == written  # none of them was run again


def test_a_cell_that_succeeds_at_last_is_forgotten_as_a_failure(
    cells: list[study.Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> Path:
        raise OSError(28, "No space left on device")

    screen = Display(cells[:1], Console(quiet=True))
    with monkeypatch.context() as patch:
        patch.setattr(sweep, "run", full)
        (failed,) = sweep.sweep(cells[:1], sweep.here, screen, retry=False)
    assert (failed.state, failed.what) == ("failed", "OSError: [Errno 28] No space left on device")
    assert "in full" in failed.trace
    (before,) = sweep.sweep(cells[:1], sweep.here, screen, retry=False)
    assert before.state == "failed before"
    (retried,) = sweep.sweep(cells[:1], sweep.here, screen, retry=True)
    assert retried.state == "finished"
    (after,) = sweep.sweep(cells[:1], sweep.here, screen, retry=False)
    assert after.bundle == retried.bundle


def test_a_cell_that_another_sweep_runs_is_waited_for_and_not_run_twice(cells: list[study.Cell]) -> None:
    (other,) = sweep.sweep(cells[:1], sweep.here, Display(cells[:1], Console(quiet=True)), retry=False)
    assert other.bundle is not None
    written = (other.bundle / "result.json").stat().st_mtime_ns
    told: list[dict[str, Any]] = []
    outcomes: list[sweep.CellOutcome] = []
    with (cells[0].plan.out / sweep.STATE / f"{cells[0].key}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread = threading.Thread(target=lambda: outcomes.append(sweep.run_cell(cells[0], told.append, where="here")))
        thread.start()
        deadline = time.monotonic() + 60
        while not told and time.monotonic() < deadline:
            time.sleep(0.01)
        assert told[0]["stage"] == "another sweep runs it: waiting"
        assert not outcomes
    thread.join(timeout=60)
    assert outcomes[0].state == "finished"
    assert (other.bundle / "result.json").stat().st_mtime_ns == written


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pipelines = [", "not valid TOML"),
        ("pipelines = []", "pipelines"),
        ("seeds = [0]", "pipelines"),
        ('pipelines = ["toy-pipeline"]\nseed = 1', "seed"),
        ('pipelines = ["toy-pipeline"]\nseeds = [-1]', "seeds"),
        ('pipelines = ["tyo-pipeline"]', "did you mean 'toy-pipeline'"),
        ('pipelines = [{ name = "toy-pipeline", set = ["embedder.epoch=1"] }]', "did you mean 'epochs'"),
        ('pipelines = ["toy-pipeline"]\ndatasets = ["toyy"]', "did you mean 'toy'"),
        ('pipelines = ["toy-pipeline"]\ndatasets = [{ name = "toy", parameters = { subject = 1 } }]', "'subjects'"),
        ('pipelines = ["toy-pipeline"]\nprotocols = ["ofical"]', "did you mean 'official'"),
        ('pipelines = ["toy-pipeline"]\nseeds = [1, 1]', "the same run twice"),
    ],
)
def test_a_mistake_in_a_study_ends_it_before_any_work(file: Path, registry: Registry, text: str, words: str) -> None:
    file.write_text(text)
    with pytest.raises(FerbenchError) as caught:
        study.cells(file, registry, file.parent)
    assert words in str(caught.value)


def test_names_paths_and_defaults(file: Path, registry: Registry) -> None:
    (file.parent / "mine.toml").write_text((TOY / "ferbench_toy_parts/toy.toml").read_text())
    file.write_text('pipelines = ["mine.toml"]\ndatasets = [{ name = "toy", data = "files" }]')
    (cell,) = study.cells(file, registry, file.parent)
    assert cell.name == "mine.toml, toy, subject-disjoint-7-3, seed 0"
    assert cell.plan.data == file.parent / "files"


def test_the_example_is_a_study(registry: Registry, tmp_path: Path) -> None:
    found = study.cells(ROOT / "plugins/ferbench-haider2023/studies/losses.toml", registry, tmp_path)
    assert len(found) == 3 * 2 * 10


def test_two_engines_at_once_are_refused(call: Call, file: Path) -> None:
    assert "choose one" in call("sweep", file, "--workers", 2, "--scheduler", "tcp://x:1", status=2).stderr


def test_without_dask_the_error_names_the_extra(call: Call, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "ferbench.sweeps.on_dask", raising=False)
    monkeypatch.delattr(sweeps, "on_dask", raising=False)  # where another test has imported it
    assert "ferbench[sweep]" in call("sweep", file, "--workers", 2, status=2).stderr


def test_the_live_table_shows_where_what_and_how_it_ended(cells: list[study.Cell]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    with Display(cells[:3], console) as display:
        display.update(
            {"key": cells[0].key, "where": "far/1", "stage": "training", "done": 1, "total": 4, "detail": "x"}
        )
        display.update({"key": cells[1].key, "where": "far/2", "stage": "faces", "done": 0, "total": None})
        display.end(sweep.CellOutcome(cells[1].key, "failed", what="no [bold]licence[/]", where="far/2", seconds=2))
    output = console.file.getvalue()  # type: ignore[attr-defined]
    for words in (
        "far/1",
        "training 25%",
        "running",
        "failed",
        "no [bold]licence[/]",
        "waiting",
        "1 of 3 cells, 1 failed",
    ):
        assert words in output
