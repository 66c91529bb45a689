"""Parts that break one rule of the contract each, and for every kind one that keeps them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ferbench import Entry


@dataclass(frozen=True)
class Part:
    """A part for the tests: its kind, its entry, and the reason that the rule it breaks must give."""

    kind: str
    entry: Entry
    reason: str = ""


GOOD: dict[str, Part] = {}
BROKEN: dict[str, Part] = {}
"""By the rule that is broken."""


def good(kind: str, **fields: Any) -> Callable[[Any], Any]:
    """Marks the part of a kind that keeps every rule."""

    def _mark(factory: Any) -> Any:
        GOOD[kind] = Part(kind, _entry(factory, f"good-{kind}", fields))
        return factory

    return _mark


def breaks(kind: str, rule: str, reason: str, **fields: Any) -> Callable[[Any], Any]:
    """Marks the part that breaks ``rule``; ``reason`` is a pattern for its report."""

    def _mark(factory: Any) -> Any:
        toml(kind, rule, reason, **{"target": f"{factory.__module__}:{factory.__qualname__}", **fields})
        return factory

    return _mark


def toml(kind: str, rule: str, reason: str, **fields: Any) -> None:
    """The same for a part that is a file."""
    name = rule.replace("_", "-")
    BROKEN[rule] = Part(kind, Entry(**{"name": name, "summary": "breaks a rule", "licence": "none", **fields}), reason)


def _entry(factory: Any, name: str, fields: dict[str, Any]) -> Entry:
    target = f"{factory.__module__}:{factory.__qualname__}"
    return Entry(**{"name": name, "target": target, "summary": "keeps them all", "licence": "none", **fields})
