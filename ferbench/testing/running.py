"""Tests the rules on a distribution's components, and gives the outcome of each pair."""

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
    """What came of one rule on one component; ``reason`` says why it failed or was skipped."""

    kind: str
    component: str
    rule: str
    sentence: str
    state: State
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Pair:
    """A rule and what it is tested on: a component's ``Entry``, or a distribution's ``Declaration``."""

    rule: Rule
    on: Entry | declaration.Declaration

    @property
    def name(self) -> str:
        """For example ``loss:triplet-gradient_flows``."""
        return f"{self.on.kind}:{self.on.name}-{self.rule.name}"


def pairs(distribution: str) -> list[Pair]:
    """Every rule for every component of an installed distribution. Raises ``PluginError`` if there is none so named."""
    declared = declaration.declaration_of(distribution)
    things: list[Entry | declaration.Declaration] = [declared, *declared.entries]
    return [Pair(rule, thing) for thing in things for rule in catalogue.rules_for(thing.kind)]


class Trials:
    """The components under trial, each made once, with what the tester gave."""

    def __init__(self, registry: Registry, given: Mapping[str, Given]) -> None:
        self.registry = registry
        self.given = given
        self._trials: dict[tuple[str, str], Trial] = {}

    def subject(self, pair: Pair) -> Any:
        """What the rule of ``pair`` is called with."""
        if not isinstance(pair.on, Entry):
            return pair.on
        key = pair.on.kind, pair.on.name
        if key not in self._trials:
            self._trials[key] = Trial(pair.on, self.registry, self.given.get(pair.on.name, Given()))
        return self._trials[key]


def check(distribution: str, given: Mapping[str, Given], reporter: Reporter) -> list[RuleOutcome]:
    """Tests every rule on every component. Raises ``PluginError``; ``ParameterError`` if ``given`` names another."""
    planned = pairs(distribution)
    refuse_unknown_names(given, planned)
    trials = Trials(discovery.installed().registry, given)
    outcomes = []
    with reporter.stage(f"checking {distribution}"):
        for done, pair in enumerate(planned, start=1):
            outcomes.append(attempt(pair, trials.subject(pair)))
            reporter.advance(done, len(planned), "rules")
    return outcomes


def refuse_unknown_names(given: Mapping[str, Given], planned: Sequence[Pair]) -> None:
    """Raises ``ParameterError`` if something was given for a component that does not exist: it would be ignored."""
    names = {pair.on.name for pair in planned}
    if unknown := sorted(set(given) - names):
        raise ParameterError(
            f"data or parameters were given for {', '.join(unknown)}, and there is no such component here",
            fix=f"the components are: {', '.join(sorted(names))}",
        )


def attempt(pair: Pair, thing: Any) -> RuleOutcome:
    """Tests one rule. Nothing is downloaded; if weights are missing, the rule is skipped."""
    started = time.perf_counter()
    state, reason = _tested(pair.rule, thing)
    seconds = round(time.perf_counter() - started, 3)
    return RuleOutcome(pair.on.kind, pair.on.name, pair.rule.name, pair.rule.sentence, state, reason, seconds)


def _tested(rule: Rule, thing: Any) -> tuple[State, str]:
    try:
        with weights.no_downloads():
            rule.check(thing)
    except Skipped as skipped:
        return "skipped", str(skipped)
    except WeightsError as error:
        return "skipped", error.what
    except BrokenRuleError as error:
        return "failed", _one_line(error, str(error))
    except FerbenchError as error:
        return "failed", _one_line(error, f"it raised {type(error).__name__}: {error.what}")
    except (Exception, SystemExit) as error:  # a foreign component may raise anything; it is shown, not hidden
        frame = traceback.extract_tb(error.__traceback__)[-1]
        line = f"{Path(frame.filename).name}:{frame.lineno}"
        return "failed", _one_line(error, f"it raised {type(error).__name__}: {error} ({line})")
    return "passed", ""


def _one_line(error: BaseException, text: str) -> str:
    """``text`` in one line, with the example that Hypothesis found, if it did."""
    notes = [" ".join(note.split()) for note in getattr(error, "__notes__", ())]
    return "; ".join([" ".join(text.split()), *notes])
