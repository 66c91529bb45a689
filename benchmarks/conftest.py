"""Side by side: before every round of ours comes one of what a user would run instead, and medians over rounds count.

A machine that others use too is slow for seconds at a time; two neighbours in time are slowed alike.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

LINES = pytest.StashKey[list[str]]()


@dataclass(frozen=True)
class Rounds:
    """Seconds of each round, theirs and ours in turn."""

    theirs: list[float]
    ours: list[float]

    @property
    def ratio(self) -> float:
        """How many times as fast ours is: the median over the rounds."""
        return statistics.median(their / our for their, our in zip(self.theirs, self.ours, strict=True))

    @property
    def difference(self) -> float:
        """How many seconds longer ours takes: the median over the rounds."""
        return statistics.median(our - their for their, our in zip(self.theirs, self.ours, strict=True))


@pytest.fixture
def side_by_side(benchmark: Any) -> Callable[..., Rounds]:
    """Times ``ours()`` and ``theirs()`` in turn, after one round that warms both up."""

    def measure(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> Rounds:
        waited: list[float] = []
        timer = benchmark._timer  # the one that --benchmark-timer chose

        def their_turn() -> None:
            started = timer()
            theirs()
            waited.append(timer() - started)

        benchmark.pedantic(ours, setup=their_turn, rounds=rounds, warmup_rounds=1)
        return Rounds(waited[-rounds:], list(benchmark.stats.stats.data))

    return measure


@pytest.fixture
def verdict(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Prints a figure in the summary next to the required bound, and fails outside of it."""

    def judge(what: str, value: float, *, at_least: float = float("-inf"), below: float = float("inf")) -> None:
        asked = f">= {at_least:g}" if below == float("inf") else f"< {below:g}"
        holds = at_least <= value < below
        request.config.stash.setdefault(LINES, []).append(
            f"{'holds ' if holds else 'FAILS '} {what}: {value:.3g} (asked {asked})"
        )
        assert holds, f"{what} is {value:.3g}, asked was {asked}"

    return judge


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The figures, one a line."""
    if lines := config.stash.get(LINES, []):
        terminalreporter.section("side by side")
        for line in lines:
            terminalreporter.line(line)
