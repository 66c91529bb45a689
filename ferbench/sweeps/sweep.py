"""A sweep: every cell of a study is one run, here or on the workers of a Dask scheduler, each for itself.

A cell whose bundle is there is not run again, and an unfinished one is gone on with; so a sweep that was stopped, or a
worker that was killed, costs what was done since the last checkpoint. A cell that failed hides no other: its error is
kept in ``OUT/.sweep`` until it is run again (``retry``) and succeeds.
"""

from __future__ import annotations

import fcntl
import json
import pickle
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from ferbench.components.discovery import installed
from ferbench.errors import FerbenchError
from ferbench.running.run import run
from ferbench.support import atomic
from ferbench.support.processes import usable_cores
from ferbench.support.progress import Reporter
from ferbench.sweeps.study import Cell

STATE = ".sweep"
"""The folder under the results' root with errors and locks, a file a cell."""
State = Literal["finished", "failed", "failed before"]
Tell = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Outcome:
    """How a cell ended: its bundle, or what was wrong (and for a fault of a part, where). ``seconds`` of wall time."""

    key: str
    state: State
    bundle: Path | None = None
    what: str = ""
    fix: str = ""
    where: str = ""
    trace: str = ""
    seconds: float = 0.0

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "bundle": str(self.bundle) if self.bundle else None}


class Screen(Protocol):
    """Who is told of the cells. May be called from several threads."""

    def tell(self, event: dict[str, Any]) -> None:
        """Something new of the cell ``event["key"]``: ``where``, ``stage``, ``done`` of ``total``, ``detail``."""
        ...

    def end(self, outcome: Outcome) -> None:
        """A cell has ended."""
        ...


Engine = Callable[[Sequence[Cell], Tell], Iterator[Outcome]]


def sweep(cells: Sequence[Cell], engine: Engine, screen: Screen, *, retry: bool) -> list[Outcome]:
    """Runs the cells by ``engine``, those that failed before only if ``retry``; outcomes in the order of ``cells``."""
    outcomes: dict[str, Outcome] = {}
    for cell in cells:
        kept = None if retry else _failure(cell)
        if kept:
            outcomes[cell.key] = kept
            screen.end(kept)
    places = {cell.key: cell for cell in cells}
    for outcome in engine([cell for cell in cells if cell.key not in outcomes], screen.tell):
        _keep(places[outcome.key], outcome)
        outcomes[outcome.key] = outcome
        screen.end(outcome)
    return [outcomes[cell.key] for cell in cells]


def here(cells: Sequence[Cell], tell: Tell) -> Iterator[Outcome]:
    """The engine without any other process."""
    for cell in cells:
        plan = replace(cell.plan, workers=usable_cores())
        yield run_cell(replace(cell, plan=plan), tell, where="here")


def run_cell(cell: Cell, tell: Tell, *, where: str) -> Outcome:
    """One cell, whatever happens in it: what a part raises is the cell's failure, and no other cell's."""
    started = time.monotonic()
    reporter = Telling(lambda event: tell({"key": cell.key, "where": where, **event}))
    try:
        with _alone(cell, reporter):
            folder = run(cell.plan, reporter, unfinished="resume", skip_finished=True)
        outcome = Outcome(cell.key, "finished", folder)
    except FerbenchError as error:
        outcome = Outcome(cell.key, "failed", what=error.what, fix=error.fix)
    except Exception as error:  # a fault in a part; it is shown, kept with its trace, and costs this cell alone
        what = f"{type(error).__name__}: {' '.join(str(error).split())}"
        outcome = Outcome(cell.key, "failed", what=what, trace=traceback.format_exc())
    return replace(outcome, where=where, seconds=round(time.monotonic() - started, 1))


def run_packed(packed: bytes, tell: Tell, *, where: str) -> Outcome:
    """A cell that another process pickled, if the same plugins are installed here."""
    cell: Cell = pickle.loads(packed)
    have = {(entry.kind, entry.name, entry.distribution, entry.version) for entry in installed().registry}
    lacking = {
        f"{entry.distribution} {entry.version}"
        for entry in (component.entry for component in cell.plan.components)
        if (entry.kind, entry.name, entry.distribution, entry.version) not in have
    }
    if lacking:
        fix = f"install the same on every machine: {', '.join(sorted(lacking))}"
        return Outcome(cell.key, "failed", what=f"the worker {where} has other plugins", fix=fix, where=where)
    return run_cell(cell, tell, where=where)


class Telling(Reporter):
    """A run's progress as plain values, for whoever shows several runs."""

    EVERY = 0.5
    """Seconds between two events of a stage."""

    def __init__(self, tell: Tell) -> None:
        from rich.console import Console

        super().__init__(Console(quiet=True))
        self._tell = tell
        self._told = 0.0

    @contextmanager
    def stage(self, name: str, epochs: int = 0) -> Iterator[None]:
        """A stage of the run."""
        self._tell({"stage": self._part + name, "done": 0, "total": None, "detail": ""})
        with super().stage(name, epochs):
            yield

    def warn(self, text: str) -> None:
        """A warning; it is in the result too."""
        self._tell({"warning": text})

    def _show(self, done: int, total: int | None, detail: str) -> None:
        now = time.monotonic()
        if now - self._told >= self.EVERY:
            self._told = now
            self._tell({"stage": self._stage, "done": done, "total": total, "detail": detail})


@contextmanager
def _alone(cell: Cell, reporter: Reporter) -> Iterator[None]:
    """Holds the cell's lock, so that two sweeps (or a worker that was given up too early) never run it at once.

    The lock is the system's: it ends with the process that holds it, kill -9 included.
    """
    file = _state(cell, "lock")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        opened = file.open("w")
    except OSError as error:
        raise atomic.explain(error, file) from error
    with opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with reporter.stage("another sweep runs it: waiting"):
                fcntl.flock(opened, fcntl.LOCK_EX)
        yield


def _state(cell: Cell, kind: str) -> Path:
    return cell.plan.out / STATE / f"{cell.key}.{kind}"


def _failure(cell: Cell) -> Outcome | None:
    """The failure that an earlier sweep kept, if the cell has not succeeded since."""
    try:
        kept = json.loads(_state(cell, "json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Outcome(cell.key, "failed before", what=kept["what"], fix=kept["fix"], where=kept["where"])


def _keep(cell: Cell, outcome: Outcome) -> None:
    """Keeps a failure, or forgets an earlier one."""
    if outcome.state == "finished":
        _state(cell, "json").unlink(missing_ok=True)
    else:
        atomic.write_json(_state(cell, "json"), {"cell": cell.name, **outcome.plain()})
