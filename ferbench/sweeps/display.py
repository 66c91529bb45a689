"""Shows a sweep while it goes on: one live table in a terminal, plain lines elsewhere. Everything to standard error."""

from __future__ import annotations

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

from ferbench.support.progress import PLAIN_EVERY
from ferbench.sweeps.study import Cell
from ferbench.sweeps.sweep import Outcome

ROWS = 40
"""Cells in the live table at most; those that run or failed go first."""
COLOURS = {"finished": "green", "failed": "red", "failed before": "red", "running": "cyan", "waiting": "dim"}


@dataclass
class Row:
    """What is known of a cell: where it runs, its stage, how much of that is done, and how it ended."""

    name: str
    where: str = ""
    stage: str = ""
    done: int = 0
    total: int | None = None
    detail: str = ""
    stage_started: float = 0.0
    started: float = 0.0
    said: float = 0.0
    ended: Outcome | None = None

    @property
    def state(self) -> str:
        """waiting, running, or the outcome's."""
        return self.ended.state if self.ended else "running" if self.started else "waiting"

    def left(self) -> str:
        """The time that the stage still takes, where it can be told."""
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
    """The cells of one sweep on a console; a context, as the live table is drawn until it ends."""

    def __init__(self, cells: Sequence[Cell], console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._rows = {cell.key: Row(cell.name) for cell in cells}
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

    def tell(self, event: dict[str, Any]) -> None:
        """Something new of a cell (``ferbench.sweeps.sweep.Screen``)."""
        with self._lock:
            row, now = self._rows[event["key"]], time.monotonic()
            if row.ended:
                return  # it came late
            row.where = event["where"]
            if "warning" in event:
                self._say(f"[yellow]warning:[/] {escape(row.name)}: {escape(event['warning'])}")
                return
            if not row.started:
                row.started = now
                self._plain(f"{row.name}: started on {row.where}")
            if event["stage"] != row.stage:
                row.stage_started = now
            row.stage, row.done, row.total = event["stage"], event["done"], event["total"]
            row.detail = event.get("detail", "")
            if now - max(row.said, row.started) >= PLAIN_EVERY:
                row.said = now
                self._plain(f"{row.name}: {row.so_far()}  {row.left()}".rstrip())

    def end(self, outcome: Outcome) -> None:
        """A cell has ended."""
        with self._lock:
            row = self._rows[outcome.key]
            row.ended, row.where = outcome, outcome.where or row.where
            said = f": {outcome.what}" if outcome.what else f" in {outcome.seconds:,.1f} s"
            self._plain(f"{row.name}: {outcome.state}{said}  ({self._summary()})")

    def _plain(self, text: str) -> None:
        if not self._live:
            self.console.print(escape(text), highlight=False, soft_wrap=True)

    def _say(self, text: str) -> None:
        (self._live.console if self._live else self.console).print(text, highlight=False, soft_wrap=True)

    def _summary(self) -> str:
        rows = list(self._rows.values())
        ended = [row for row in rows if row.ended]
        failed = sum(row.state.startswith("failed") for row in ended)
        said = f"{len(ended)} of {len(rows)} cells" + (f", {failed} failed" if failed else "")
        run = [row.ended.seconds for row in ended if row.ended and row.ended.seconds]
        if run and len(ended) < len(rows):
            at_once = max(1, sum(row.state == "running" for row in rows))
            rest = sum(run) / len(run) * (len(rows) - len(ended)) / at_once
            said += f", about {timedelta(seconds=int(rest))} left"
        return said

    def _table(self) -> Group:
        with self._lock:
            order = {"running": 0, "failed": 1, "failed before": 1, "finished": 2, "waiting": 3}
            rows = sorted(self._rows.values(), key=lambda row: order[row.state])[:ROWS]
            shown = [row for row in self._rows.values() if row in rows]
            table = Table(box=None, pad_edge=False, header_style="bold")
            for column in ("cell", "where", "state", "stage", ""):
                table.add_column(column, no_wrap=column in ("where", "state", ""), overflow="ellipsis")
            for row in shown:
                state = Text(row.state, style=COLOURS[row.state])
                table.add_row(escape(row.name), escape(row.where), state, escape(row.so_far()), row.left())
            passed = timedelta(seconds=int(time.monotonic() - self._started))
            return Group(table, Text(f"{self._summary()}, {passed} so far", style="bold"))
