"""A rule: a function that tests one sentence of the contract on a component; ``BrokenRuleError`` if it fails."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Check = Callable[[Any], None]

FACTORIES = ("dataset", "protocol", "detector", "scenes", "embedder", "loss", "sampler", "classifier")
"""The kinds whose targets are called with parameters; the others are TOML files."""


class BrokenRuleError(AssertionError):
    """A component broke a rule. The message says what was seen; the rule's sentence says what was expected."""


class Skipped(Exception):  # noqa: N818 - it is not an error
    """The rule was skipped, and why: it could not be tested on this component."""


@dataclass(frozen=True)
class Rule:
    """One rule, for components of any of ``kinds``; "plugin" is the distribution as a whole."""

    name: str
    kinds: tuple[str, ...]
    check: Check

    @property
    def sentence(self) -> str:
        """What the rule requires."""
        return " ".join((inspect.getdoc(self.check) or "").split())


RULES: list[Rule] = []
"""Every rule of the modules imported so far; ``catalogue`` imports them all."""


def rule(*kinds: str) -> Callable[[Check], Check]:
    """Makes a function a rule for components of ``kinds``, under its own name."""

    def _register(check: Check) -> Check:
        RULES.append(Rule(check.__name__, kinds, check))
        return check

    return _register


def expect(holds: Any, seen: str) -> None:
    """Raises ``BrokenRuleError`` with what was ``seen`` unless the rule ``holds``."""
    if not holds:
        raise BrokenRuleError(seen)
