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
    """The rules for parts of ``kind``, the general ones first."""
    order = {module.__name__: place for place, module in enumerate(MODULES)}
    found = [one for one in RULES if kind in one.kinds and one.check.__module__ in order]
    return sorted(found, key=lambda one: order[one.check.__module__])
