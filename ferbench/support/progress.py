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


class Throttle:
    """Lets something happen at most once in so many ``seconds``, the first time that long after its making."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def is_due(self) -> bool:
        """Whether it may happen now; if so, the next time is counted from here."""
        now = time.monotonic()
        due = now - self._last >= self._seconds
        if due:
            self._last = now
        return due


class Clock(ProgressColumn):
    """Time since the start, and the time left where it can be estimated."""

    def render(self, task: Task) -> Text:
        """For example ``0:00:12, 0:03:40 left``."""
        text = str(timedelta(seconds=int(task.elapsed or 0)))
        if task.time_remaining is not None and not task.finished:
            text += f", {timedelta(seconds=int(task.time_remaining))} left"
        return Text(text, style="cyan")


class Reporter:
    """Reports what a run does. ``stages`` collects the seconds each stage took."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self.stages: dict[str, float] = {}
        self._prefix = ""
        self._stage = ""
        self._started = 0.0
        self._epochs = 0
        self._epoch_started: float | None = None
        self._scores = ""
        self._bar: Progress | None = None
        self._task: Any = None
        self._lines = Throttle(PLAIN_EVERY)

    @contextmanager
    def prefix(self, name: str) -> Iterator[None]:
        """Within it, each stage is shown with this before its name ("split 3 of 10"), if it is not empty."""
        self._prefix = f"{name}: " if name else ""
        try:
            yield
        finally:
            self._prefix = ""

    @contextmanager
    def stage(self, name: str, epochs: int = 0) -> Iterator[None]:
        """A stage of the run; ``epochs`` is its length where it is a training."""
        self._stage = self._prefix + name
        self._started = time.monotonic()
        self._epochs = epochs
        self._epoch_started = None
        self._scores = ""
        self._lines = Throttle(PLAIN_EVERY)
        if self.console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}", style="bold", markup=False),
                BarColumn(bar_width=28),
                TextColumn("{task.fields[detail]}", markup=False),
                Clock(),
                console=self.console,
            )
            self._task = self._bar.add_task(self._stage, total=None, detail="")
            self._bar.start()
        else:
            self.say(f"{self._stage} ...")
        try:
            yield
        finally:
            seconds = time.monotonic() - self._started
            self.stages[name] = self.stages.get(name, 0.0) + seconds
            if self._bar:
                self._bar.stop()
                self._bar = None
            else:
                self.say(f"{self._stage}: {seconds:.1f} s")

    def advance(self, done: int, total: int | None, unit: str = "images") -> None:
        """``done`` of ``total`` units of the stage; ``None`` where nobody knows how many there will be."""
        rate = self._rate(done)
        of_total = f"/{total:,}" if total else ""
        self._show(done, total, f"{done:,}{of_total}  {rate:,.{0 if rate >= 10 else 1}f} {unit}/s")

    def advance_bytes(self, done: int, total: int | None) -> None:
        """The same for bytes."""
        of_total = f"/{total / 1e6:.1f}" if total else ""
        self._show(done, total, f"{done / 1e6:.1f}{of_total} MB  {self._rate(done) / 1e6:.1f} MB/s")

    def batch(self, *, epoch: int, batch: int, batches: int, images: int, loss: float) -> None:
        """One batch of a training is done; ``images`` and ``loss`` are of the epoch so far."""
        now = time.monotonic()
        if batch == 1 or self._epoch_started is None:
            self._epoch_started = now
        rate = f"{images * (batch - 1) / batch / (now - self._epoch_started):,.0f} images/s" if batch > 1 else ""
        detail = f"epoch {epoch}/{self._epochs}  batch {batch}/{batches}  {rate}  loss {loss:.4f}{self._scores}"
        self._show((epoch - 1) * batches + batch, max(self._epochs, epoch) * batches, detail)

    def epoch(self, row: dict[str, Any]) -> None:
        """A scored epoch: a row of the training curve."""
        scores = "  ".join(f"{label} {value:.1%}" for label, value in row["validation"].items()) or "none held out"
        self._scores = f"  validation {scores}"
        self.say(
            f"epoch {row['epoch']:>3}  loss {row['loss']:.4f}  {row['images_per_second']:,.0f} images/s"
            f"  rate {row['learning_rate']:.2g}  validation {scores}"
        )

    def note(self, text: str) -> None:
        """What is going on just now, for the bar alone."""
        if self._bar:
            self._bar.update(self._task, detail=text)

    def say(self, text: str, label: str = "") -> None:
        """A line to keep on the screen; ``label`` before it may have rich's markup."""
        self.console.print(label + escape(text), highlight=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """A warning; it is in the result too."""
        self.say(text, label="[yellow]warning:[/] ")

    def _show(self, done: int, total: int | None, detail: str) -> None:
        if self._bar:
            self._bar.update(self._task, completed=done, total=total, detail=detail)
        elif self._lines.is_due():
            passed = time.monotonic() - self._started
            left = f"  {passed * (total - done) / max(done, 1):.0f} s left" if total else ""
            self.say(f"{self._stage}: {detail}{left}")

    def _rate(self, done: int) -> float:
        return done / max(time.monotonic() - self._started, 1e-9)
