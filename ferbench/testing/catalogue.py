"""All rules, by kind, in the order of their modules."""

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
    names = [module.__name__ for module in MODULES]
    return [rule for name in names for rule in RULES if rule.check.__module__ == name and kind in rule.kinds]
