"""All rules, by kind, in the order of their modules."""

from __future__ import annotations

from ferbench.testing import (
    classifiers,
    datasets,
    declaration,
    detectors,
    embedders,
    every,
    files,
    losses,
    protocols,
    samplers,
    saving,
    toml_files,
    training,
)
from ferbench.testing.rules import RULES, Rule

__all__ = ["rules_for"]

MODULES = (
    declaration,
    every,
    files,
    datasets,
    protocols,
    detectors,
    embedders,
    training,
    saving,
    losses,
    samplers,
    classifiers,
    toml_files,
)


def rules_for(kind: str) -> list[Rule]:
    """The rules for components of ``kind``, the general ones first."""
    order = {module.__name__: index for index, module in enumerate(MODULES)}
    rules = [rule for rule in RULES if kind in rule.kinds and rule.check.__module__ in order]
    return sorted(rules, key=lambda rule: order[rule.check.__module__])
