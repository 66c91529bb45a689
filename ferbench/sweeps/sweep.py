"""A sweep: every cell of a study is one run, here or on the workers of a Dask scheduler, independent of the others.

A cell whose bundle is there is not run again, and an unfinished one is continued; so a sweep that was stopped, or a
worker that was killed, costs what was done since the last checkpoint. One failed cell does not stop the others: its
error is kept in ``OUT/.sweep`` until it is run again (``retry``) and succeeds.
"""

import fcntl
import json
import pickle
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from ferbench.components.discovery import installed
from ferbench.errors import FerbenchError
from ferbench.running.run import run
from ferbench.support import atomic
from ferbench.support.processes import usable_cores
from ferbench.support.progress import Reporter, Throttle
from ferbench.sweeps.display import Display
from ferbench.sweeps.study import Cell, CellOutcome

STATE = ".sweep"
"""The folder under the results' root with errors and locks, a file per cell."""
OnEvent = Callable[[dict[str, Any]], None]
Engine = Callable[[Sequence[Cell], OnEvent], Iterator[CellOutcome]]


def sweep(cells: Sequence[Cell], engine: Engine, display: Display, *, retry: bool) -> list[CellOutcome]:
    """Runs the cells by ``engine``, those that failed before only if ``retry``; outcomes in the order of ``cells``."""
    outcomes: dict[str, CellOutcome] = {}
    for cell in cells:
        failure = None if retry else _kept_failure(cell)
        if failure:
            outcomes[cell.key] = failure
            display.end(failure)
    by_key = {cell.key: cell for cell in cells}
    for outcome in engine([cell for cell in cells if cell.key not in outcomes], display.update):
        _keep(by_key[outcome.key], outcome)
        outcomes[outcome.key] = outcome
        display.end(outcome)
    return [outcomes[cell.key] for cell in cells]


def here(cells: Sequence[Cell], on_event: OnEvent) -> Iterator[CellOutcome]:
    """The engine that runs the cells in this process."""
    for cell in cells:
        plan = replace(cell.plan, workers=usable_cores())
        yield run_cell(replace(cell, plan=plan), on_event, where="here")


def run_cell(cell: Cell, on_event: OnEvent, *, where: str) -> CellOutcome:
    """One cell, whatever happens in it: what a component raises is this cell's failure, and no other cell's."""
    started = time.monotonic()
    reporter = EventReporter(lambda event: on_event({"key": cell.key, "where": where, **event}))
    try:
        with _lock(cell, reporter):
            folder = run(cell.plan, reporter, unfinished="resume", skip_finished=True)
        outcome = CellOutcome(cell.key, "finished", folder)
    except FerbenchError as error:
        outcome = CellOutcome(cell.key, "failed", what=error.what, fix=error.fix)
    except Exception as error:  # a fault in a component: shown, kept with its trace, and only this cell's
        what = f"{type(error).__name__}: {' '.join(str(error).split())}"
        outcome = CellOutcome(cell.key, "failed", what=what, trace=traceback.format_exc())
    return replace(outcome, where=where, seconds=round(time.monotonic() - started, 1))


def run_packed(packed: bytes, on_event: OnEvent, *, where: str) -> CellOutcome:
    """A cell that another process pickled, if the same plugins are installed here."""
    cell: Cell = pickle.loads(packed)
    available = {(entry.kind, entry.name, entry.distribution, entry.version) for entry in installed().registry}
    missing = {
        f"{entry.distribution} {entry.version}"
        for entry in (component.entry for component in cell.plan.components)
        if (entry.kind, entry.name, entry.distribution, entry.version) not in available
    }
    if missing:
        fix = f"install the same on every machine: {', '.join(sorted(missing))}"
        return CellOutcome(cell.key, "failed", what=f"the worker {where} has other plugins", fix=fix, where=where)
    return run_cell(cell, on_event, where=where)


class EventReporter(Reporter):
    """A run's progress as plain values, for whoever shows several runs."""

    EVERY = 0.5
    """Seconds between two events of a stage."""

    def __init__(self, on_event: OnEvent) -> None:
        super().__init__(Console(quiet=True))
        self._on_event = on_event
        self._events = Throttle(self.EVERY)

    @contextmanager
    def stage(self, name: str, epochs: int = 0) -> Iterator[None]:
        self._on_event({"stage": self._prefix + name, "done": 0, "total": None, "detail": ""})
        with super().stage(name, epochs):
            yield

    def warn(self, text: str) -> None:
        self._on_event({"warning": text})

    def _show(self, done: int, total: int | None, detail: str) -> None:
        if self._events.is_due():
            self._on_event({"stage": self._stage, "done": done, "total": total, "detail": detail})


@contextmanager
def _lock(cell: Cell, reporter: Reporter) -> Iterator[None]:
    """Holds the cell's lock, so that two sweeps (or a worker that was given up too early) do not run it at once.

    The lock is the system's: it ends with the process that holds it, kill -9 included.
    """
    file = _state(cell, "lock")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = file.open("w")
    except OSError as error:
        raise atomic.explain(error, file) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with reporter.stage("another sweep runs it: waiting"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _state(cell: Cell, kind: str) -> Path:
    return cell.plan.out / STATE / f"{cell.key}.{kind}"


def _kept_failure(cell: Cell) -> CellOutcome | None:
    """The failure that an earlier sweep kept, if the cell has not succeeded since."""
    try:
        kept = json.loads(_state(cell, "json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return CellOutcome(cell.key, "failed before", what=kept["what"], fix=kept["fix"], where=kept["where"])


def _keep(cell: Cell, outcome: CellOutcome) -> None:
    """Keeps a failure, or forgets an earlier one."""
    if outcome.state == "finished":
        _state(cell, "json").unlink(missing_ok=True)
    else:
        atomic.write_json(_state(cell, "json"), {"cell": cell.name, **outcome.to_dict()})
