"""Shows a running sweep: one live table in a terminal, plain lines elsewhere. Everything goes to standard error."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ferbench.support.progress import PLAIN_EVERY, Throttle
from ferbench.sweeps.study import Cell, CellOutcome

MAX_ROWS = 40
"""Cells in the live table; those that run or failed go first."""
STATE_COLOURS = {"finished": "green", "failed": "red", "failed before": "red", "running": "cyan", "waiting": "dim"}


@dataclass
class CellRow:
    """A cell's state: where it runs, its stage, how much of that is done, and how it ended."""

    name: str
    where: str = ""
    stage: str = ""
    done: int = 0
    total: int | None = None
    detail: str = ""
    stage_started: float = 0.0
    lines: Throttle | None = None
    """Of its plain lines; ``None`` until it has started."""
    ended: CellOutcome | None = None

    @property
    def state(self) -> str:
        """waiting, running, or the outcome's."""
        if self.ended:
            return self.ended.state
        return "running" if self.lines else "waiting"

    def left(self) -> str:
        """The time that the stage still takes, where it can be estimated."""
        if not self.total or not self.done or self.ended:
            return ""
        passed = time.monotonic() - self.stage_started
        return f"{timedelta(seconds=int(passed * (self.total - self.done) / self.done))} left"

    def so_far(self) -> str:
        """The stage and how much of it is done, or what went wrong."""
        if self.ended:
            return self.ended.what
        share = f" {self.done / self.total:.0%}" if self.total else ""
        return f"{self.stage}{share}  {self.detail}".rstrip()


class Display:
    """The cells of one sweep on a console, with a live table within ``with``. May be called from several threads.

    An event is news of the cell ``event["key"]``: ``where``, ``stage``, ``done`` of ``total``, ``detail``; or a
    ``warning``.
    """

    def __init__(self, cells: Sequence[Cell], console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._rows = {cell.key: CellRow(cell.name) for cell in cells}
        self._started = time.monotonic()
        self._lock = threading.RLock()
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self._live = Live(get_renderable=self._table, console=self.console, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def update(self, event: dict[str, Any]) -> None:
        with self._lock:
            row = self._rows[event["key"]]
            if row.ended:
                return  # it came late
            row.where = event["where"]
            if "warning" in event:
                warning = f"[yellow]warning:[/] {escape(row.name)}: {escape(event['warning'])}"
                self.console.print(warning, highlight=False, soft_wrap=True)
                return
            if row.lines is None:
                row.lines = Throttle(PLAIN_EVERY)
                self._plain(f"{row.name}: started ({row.where})")
            if event["stage"] != row.stage:
                row.stage_started = time.monotonic()
            row.stage = event["stage"]
            row.done = event["done"]
            row.total = event["total"]
            row.detail = event.get("detail", "")
            if row.lines.is_due():
                self._plain(f"{row.name}: {row.so_far()}  {row.left()}".rstrip())

    def end(self, outcome: CellOutcome) -> None:
        with self._lock:
            row = self._rows[outcome.key]
            row.ended = outcome
            row.where = outcome.where or row.where
            end = f": {outcome.what}" if outcome.what else f" in {outcome.seconds:,.1f} s"
            self._plain(f"{row.name}: {outcome.state}{end}  ({self._summary()})")

    def _plain(self, text: str) -> None:
        if not self._live:
            self.console.print(escape(text), highlight=False, soft_wrap=True)

    def _summary(self) -> str:
        rows = list(self._rows.values())
        outcomes = [row.ended for row in rows if row.ended]
        failed = sum(outcome.state.startswith("failed") for outcome in outcomes)
        text = f"{len(outcomes)} of {len(rows)} cells" + (f", {failed} failed" if failed else "")
        seconds = [outcome.seconds for outcome in outcomes if outcome.seconds]
        if seconds and len(outcomes) < len(rows):
            running = max(1, sum(row.state == "running" for row in rows))
            left = sum(seconds) / len(seconds) * (len(rows) - len(outcomes)) / running
            text += f", about {timedelta(seconds=int(left))} left"
        return text

    def _table(self) -> Group:
        with self._lock:
            order = {"running": 0, "failed": 1, "failed before": 1, "finished": 2, "waiting": 3}
            rows = sorted(self._rows.values(), key=lambda row: order[row.state])[:MAX_ROWS]
            shown = [row for row in self._rows.values() if row in rows]
            table = Table(box=None, pad_edge=False, header_style="bold")
            for column in ("cell", "where", "state", "stage", ""):
                table.add_column(column, no_wrap=column in ("where", "state", ""), overflow="ellipsis")
            for row in shown:
                state = Text(row.state, style=STATE_COLOURS[row.state])
                table.add_row(escape(row.name), escape(row.where), state, escape(row.so_far()), row.left())
            passed = timedelta(seconds=int(time.monotonic() - self._started))
            return Group(table, Text(f"{self._summary()}, {passed} so far", style="bold"))
