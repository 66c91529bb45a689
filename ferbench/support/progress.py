"""Shows a run's progress: a live bar in a terminal, plain lines elsewhere. Everything goes to standard error."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

PLAIN_EVERY = 15.0
"""Seconds between two lines of a stage where there is no terminal."""


class Clock(ProgressColumn):
    """Time since the start, and the time left where it can be told."""

    def render(self, task: Task) -> Text:
        """For example ``0:00:12, 0:03:40 left``."""
        said = str(timedelta(seconds=int(task.elapsed or 0)))
        if task.time_remaining is not None and not task.finished:
            said += f", {timedelta(seconds=int(task.time_remaining))} left"
        return Text(said, style="cyan")


class Reporter:
    """What a run tells while it goes on. ``stages`` collects the seconds each stage took."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.stages: dict[str, float] = {}
        self._bar: Progress | None = None
        self._task: Any = None
        self._stage = ""
        self._part = ""
        self._started = 0.0
        self._said = 0.0
        self._epochs = 0
        self._first: float | None = None
        self._detail = ""

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A part of the run ("split 3 of 10"), named before each of its stages on the screen."""
        self._part = f"{name}: " if name else ""
        try:
            yield
        finally:
            self._part = ""

    @contextmanager
    def stage(self, name: str, epochs: int = 0) -> Iterator[None]:
        """A stage of the run; ``epochs`` is its length where it is a training."""
        self._stage, self._started, self._epochs = self._part + name, time.monotonic(), epochs
        self._said, self._first, self._detail = self._started, None, ""
        if self.console.is_terminal:
            self._bar = Progress(
                TextColumn("[bold]{task.description}"),
                BarColumn(bar_width=28),
                TextColumn("{task.fields[detail]}"),
                Clock(),
                console=self.console,
            )
            self._task = self._bar.add_task(self._stage, total=None, detail="")
            self._bar.start()
        else:
            self.console.print(f"{self._stage} ...", highlight=False, soft_wrap=True)
        try:
            yield
        finally:
            seconds = time.monotonic() - self._started
            self.stages[name] = self.stages.get(name, 0.0) + seconds
            if self._bar:
                self._bar.stop()
                self._bar = None
            else:
                self.console.print(f"{self._stage}: {seconds:.1f} s", highlight=False, soft_wrap=True)

    def advance(self, done: int, total: int | None, unit: str = "images") -> None:
        """``done`` of ``total`` units of the stage; ``None`` where nobody knows how many there will be."""
        rate = done / max(time.monotonic() - self._started, 1e-9)
        of = f"/{total:,}" if total else ""
        self._show(done, total, f"{done:,}{of}  {rate:,.{0 if rate >= 10 else 1}f} {unit}/s")

    def batch(self, *, epoch: int, batch: int, batches: int, images: int, loss: float) -> None:
        """One batch of a training is done; ``images`` and ``loss`` are of the epoch so far."""
        now = time.monotonic()
        if batch == 1 or self._first is None:
            self._first = now
        rate = f"{images * (batch - 1) / batch / (now - self._first):,.0f} images/s" if batch > 1 else ""
        done, total = (epoch - 1) * batches + batch, max(self._epochs, epoch) * batches
        self._show(
            done, total, f"epoch {epoch}/{self._epochs}  batch {batch}/{batches}  {rate}  loss {loss:.4f}{self._detail}"
        )

    def epoch(self, row: dict[str, Any]) -> None:
        """A scored epoch: a row of the training curve."""
        scores = "  ".join(f"{label} {value:.1%}" for label, value in row["validation"].items()) or "none held out"
        self._detail = f"  validation {scores}"
        self.console.print(
            f"epoch {row['epoch']:>3}  loss {row['loss']:.4f}  {row['images_per_second']:,.0f} images/s"
            f"  rate {row['learning_rate']:.2g}  validation {scores}",
            highlight=False,
            soft_wrap=True,
        )

    def note(self, text: str) -> None:
        """What is going on just now, for the bar alone."""
        if self._bar:
            self._bar.update(self._task, detail=text)

    def say(self, text: str) -> None:
        """A line to keep on the screen."""
        self.console.print(escape(text), highlight=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """A warning; it is in the result too."""
        self.console.print(f"[yellow]warning:[/] {escape(text)}", highlight=False, soft_wrap=True)

    def _show(self, done: int, total: int | None, detail: str) -> None:
        if self._bar:
            self._bar.update(self._task, completed=done, total=total, detail=detail)
            return
        now = time.monotonic()
        if now - self._said >= PLAIN_EVERY:
            self._said = now
            left = f"  {(now - self._started) * (total - done) / max(done, 1):.0f} s left" if total else ""
            self.console.print(f"{self._stage}: {detail}{left}", highlight=False, soft_wrap=True)
