"""Tries the rules on a distribution's parts, and says of each pair what came of it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ferbench.components import discovery
from ferbench.components.registry import Entry, Registry
from ferbench.errors import FerbenchError, ParameterError, WeightsError
from ferbench.support import weights
from ferbench.support.progress import Reporter
from ferbench.testing import catalogue, declaration
from ferbench.testing.given import Given
from ferbench.testing.rules import BrokenRuleError, Rule, Skipped
from ferbench.testing.trial import Trial

State = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class RuleOutcome:
    """What came of one rule on one part; ``reason`` says why it failed or was skipped."""

    kind: str
    part: str
    rule: str
    sentence: str
    state: State
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Pair:
    """A rule and what it is tried on: a part's ``Entry``, or a distribution's ``Declaration``."""

    rule: Rule
    on: Entry | declaration.Declaration

    @property
    def name(self) -> str:
        """For example ``loss:triplet-gradient_flows``."""
        return f"{self.on.kind}:{self.on.name}-{self.rule.name}"


def pairs(distribution: str) -> list[Pair]:
    """Every rule for every part of an installed distribution. Raises ``PluginError`` if there is none of that name."""
    declared = declaration.declaration_of(distribution)
    things: list[Entry | declaration.Declaration] = [declared, *declared.entries]
    return [Pair(rule, thing) for thing in things for rule in catalogue.rules_for(thing.kind)]


class Trials:
    """The things under trial, each made once, with what the tester gave."""

    def __init__(self, registry: Registry, told: Mapping[str, Given]) -> None:
        self.registry, self.told = registry, told
        self._made: dict[tuple[str, str], Trial] = {}

    def of(self, pair: Pair) -> Any:
        """What the rule of ``pair`` is called with."""
        if not isinstance(pair.on, Entry):
            return pair.on
        key = pair.on.kind, pair.on.name
        if key not in self._made:
            self._made[key] = Trial(pair.on, self.registry, self.told.get(pair.on.name, Given()))
        return self._made[key]


def check(distribution: str, told: Mapping[str, Given], reporter: Reporter) -> list[RuleOutcome]:
    """Tries every rule on every part. Raises ``PluginError``, ``ParameterError`` if ``told`` names no part of it."""
    todo = pairs(distribution)
    refuse_unknown_names(told, todo)
    trials, outcomes = Trials(discovery.installed().registry, told), []
    with reporter.stage(f"checking {distribution}"):
        for done, pair in enumerate(todo, start=1):
            outcomes.append(attempt(pair, trials.of(pair)))
            reporter.advance(done, len(todo), "rules")
    return outcomes


def refuse_unknown_names(told: Mapping[str, Given], todo: Sequence[Pair]) -> None:
    """Raises ``ParameterError`` if something was given to a part that is not there: it would go unused unseen."""
    names = {pair.on.name for pair in todo}
    if unknown := sorted(set(told) - names):
        raise ParameterError(
            f"something was given for {', '.join(unknown)}, of which there is no part here",
            fix=f"the parts are: {', '.join(sorted(names))}",
        )


def attempt(pair: Pair, thing: Any) -> RuleOutcome:
    """Tries one rule. Nothing is downloaded; weights that are missing make the rule untried."""
    started = time.perf_counter()
    state: State = "passed"
    reason = ""
    try:
        with weights.no_downloads():
            pair.rule.check(thing)
    except Skipped as why:
        state, reason = "skipped", str(why)
    except WeightsError as error:
        state, reason = "skipped", error.what
    except BrokenRuleError as error:
        state, reason = "failed", _said(error, str(error))
    except FerbenchError as error:
        state, reason = "failed", _said(error, f"it raised {type(error).__name__}: {error.what}")
    except (Exception, SystemExit) as error:  # a foreign part may raise anything; it is shown, not hidden
        state, reason = "failed", _said(error, f"it raised {type(error).__name__}: {error} ({_place(error)})")
    seconds = time.perf_counter() - started
    rule, on = pair.rule, pair.on
    return RuleOutcome(on.kind, on.name, rule.name, rule.sentence, state, reason, round(seconds, 3))


def _said(error: BaseException, text: str) -> str:
    """``text`` in one line, with the example that Hypothesis found, if it did."""
    notes = [" ".join(note.split()) for note in getattr(error, "__notes__", ())]
    return "; ".join([" ".join(text.split()), *notes])


def _place(error: BaseException) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
