"""A sweep on a real Dask scheduler with two worker processes, one of which is killed in the middle of a cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from ferbench.components.registry import Registry
from ferbench.errors import WorkerError
from ferbench.sweeps import study, sweep
from ferbench.sweeps.display import Display
from tests.conftest import TOY

pytest.importorskip("distributed")
STUDY = """
seeds = [0, 1, 2, 3]
pipelines = [{ name = "toy-pipeline", set = ["embedder.epochs=4", "embedder.seconds=0.4", "embedder.noise=0.2"] }]
datasets = [{ name = "toy", parameters = { subjects = 8 } }]
"""
EIGHT_CELLS = STUDY.replace("[0, 1, 2, 3]", "[0, 1, 2, 3, 4, 5, 6, 7]")


def drawn(study_text: str, registry: Registry, root: Path) -> list[study.Cell]:
    """The cells of a study whose results go to ``root``."""
    file = root.with_suffix(".toml")
    file.write_text(study_text)
    return study.cells(file, registry, root)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, dict[str, subprocess.Popen[bytes]]]]:
    """The address of a scheduler on loopback, and by name it and its two workers."""
    environment = {**os.environ, "PYTHONPATH": str(TOY), "OMP_NUM_THREADS": "1"}
    file = tmp_path / "scheduler.json"
    started = []

    def start(*words: str) -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-m", *words], env=environment, stderr=subprocess.DEVNULL))
        return started[-1]

    try:
        options = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file))
        start("distributed.cli.dask_scheduler", *options)
        while not file.exists():
            assert started[0].poll() is None
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        worker = (
            "distributed.cli.dask_worker",
            address,
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
            "--memory-limit",
        )
        place = ("--local-directory", str(tmp_path))
        yield (
            address,
            {"scheduler": started[0]} | {name: start(*worker, "0", "--name", name, *place) for name in ("a", "b")},
        )
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_killed_worker_costs_its_cell_and_the_results_are_the_undisturbed_ones(
    cluster: tuple[str, dict[str, subprocess.Popen[bytes]]], tmp_path: Path, registry: Registry
) -> None:
    from ferbench.sweeps import on_dask

    address, processes = cluster
    cells = drawn(STUDY, registry, tmp_path / "killed")
    starts: Counter[str] = Counter()
    killed: list[tuple[str, str]] = []

    class Killer(Display):
        """Kills the first worker that has trained for more than an epoch."""

        def update(self, event: dict[str, Any]) -> None:
            starts[event["key"]] += event.get("stage") == "starting"
            if not killed and event.get("stage") == "training" and event["done"] >= 2:
                killed.append((event["key"], event["where"].split("/")[-1]))
                processes[killed[0][1]].kill()
            super().update(event)

    with on_dask.remote(address) as engine:
        outcomes = sweep.sweep(cells, engine, Killer(cells, Console(quiet=True)), retry=False)
    assert [outcome.state for outcome in outcomes] == ["finished"] * 4
    ((key, name),) = killed
    assert {key: count for key, count in starts.items() if count > 1} == {key: 2}  # no other cell was begun again
    (again,) = [outcome for outcome in outcomes if outcome.key == key]
    assert again.where.split("/")[-1] == ({"a", "b"} - {name}).pop()

    calm = drawn(STUDY, registry, tmp_path / "calm")
    undisturbed = sweep.sweep(calm, sweep.here, Display(calm, Console(quiet=True)), retry=False)
    for one, other in zip(outcomes, undisturbed, strict=True):
        assert one.bundle is not None
        assert other.bundle is not None
        assert one.bundle.name == other.bundle.name
        assert (one.bundle / "predictions.csv").read_bytes() == (other.bundle / "predictions.csv").read_bytes()


@pytest.mark.slow
def test_a_lost_scheduler_is_reported_and_what_was_finished_is_kept(
    cluster: tuple[str, dict[str, subprocess.Popen[bytes]]], tmp_path: Path, registry: Registry
) -> None:
    from ferbench.sweeps import on_dask

    address, processes = cluster
    # A worker without its scheduler still finishes the cell that it runs. With two workers at most two cells have
    # finished by then, two are running and two are with the workers already: of eight, two are left for certain.
    cells = drawn(EIGHT_CELLS, registry, tmp_path / "runs")
    finished = set()

    class Killer(Display):
        """Kills the scheduler when the first cell has finished."""

        def end(self, outcome: sweep.CellOutcome) -> None:
            super().end(outcome)
            finished.add(outcome.key)
            processes["scheduler"].kill()

    with pytest.raises(WorkerError, match="scheduler was lost"), on_dask.remote(address) as engine:
        sweep.sweep(cells, engine, Killer(cells, Console(quiet=True)), retry=False)
    trained = set()

    class Watch(Display):
        """Notes the cells that are trained."""

        def update(self, event: dict[str, Any]) -> None:
            if event.get("stage") == "training":
                trained.add(event["key"])
            super().update(event)

    again = sweep.sweep(cells, sweep.here, Watch(cells, Console(quiet=True)), retry=False)
    assert [outcome.state for outcome in again] == ["finished"] * 8
    assert finished
    assert not finished & trained  # what had finished is kept
    assert trained  # and what had not is run


class Reset:
    """Stands for a client, and for its tasks, whose scheduler goes while a result is fetched; it can do no more."""

    status = "running"

    def submit(self, *_: Any, **__: Any) -> Reset:
        return Reset()

    def subscribe_topic(self, *_: Any) -> None:
        """Nothing is ever told."""

    def exception(self) -> None:
        """The task itself went well."""

    def result(self) -> Any:
        import distributed

        raise distributed.comm.CommClosedError("Connection reset by peer")


def test_a_scheduler_that_is_lost_while_a_result_is_fetched(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ferbench.sweeps import on_dask

    monkeypatch.setattr("distributed.as_completed", list)
    cells = drawn(STUDY, registry, tmp_path / "runs")
    with pytest.raises(WorkerError, match="scheduler was lost"):
        list(on_dask._run(Reset(), cells, print))


@pytest.mark.slow
def test_two_processes_of_this_machine_share_the_cells(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ferbench.sweeps import on_dask

    monkeypatch.setenv("PYTHONPATH", str(TOY))
    cells = drawn(STUDY, registry, tmp_path / "runs")
    with on_dask.local(2) as engine:
        outcomes = sweep.sweep(cells, engine, Display(cells, Console(quiet=True)), retry=False)
    assert [outcome.what for outcome in outcomes] == [""] * 4
    assert len({outcome.where for outcome in outcomes}) == 2
