"""Rules for a distribution as a whole: how it declares its parts."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property

from ferbench.components import discovery
from ferbench.components.registry import Entry, Registry
from ferbench.errors import NameClashError, PluginError
from ferbench.testing.rules import FACTORIES, expect, rule

HEAVY = (
    "torch",
    "tensorflow",
    "jax",
    "numpy",
    "scipy",
    "sklearn",
    "pandas",
    "cv2",
    "matplotlib",
    "timm",
    "onnxruntime",
)
"""What a declaration must not import: ``ferbench list`` waits for it."""

PROBE = """
import importlib.metadata, json, sys
from ferbench.components import discovery
every = importlib.metadata.entry_points(group=discovery.GROUP)
points = [one for one in every if one.dist and one.dist.name == {name!r}]
discovery.load(points)
print(json.dumps(sorted(sys.modules)))
"""


@dataclass(frozen=True)
class Declaration:
    """What an installed distribution declares: its entries, and why it could not be loaded, if so."""

    name: str
    registry: Registry
    problems: tuple[str, ...]
    kind: str = "plugin"

    @cached_property
    def entries(self) -> list[Entry]:
        """Its parts, by kind and name."""
        return [entry for entry in self.registry if entry.distribution == self.name]

    @cached_property
    def points(self) -> list[importlib.metadata.EntryPoint]:
        """Its entry points."""
        return [
            one
            for one in importlib.metadata.entry_points(group=discovery.GROUP)
            if one.dist and one.dist.name == self.name
        ]


def declaration_of(distribution: str) -> Declaration:
    """The declaration of an installed distribution. Raises ``PluginError`` if there is no plugin of that name."""
    wanted = _canonical(distribution)
    owners = {one.dist.name for one in importlib.metadata.entry_points(group=discovery.GROUP) if one.dist}
    found = sorted(name for name in owners if _canonical(name) == wanted)
    if not found:
        raise PluginError(
            f"no installed distribution '{distribution}' has an entry point in the group '{discovery.GROUP}'",
            fix=f"install it (uv pip install -e .); these have one: {', '.join(sorted(owners))}",
        )
    said = discovery.installed()
    problems = tuple(problem.reason for problem in said.problems if problem.distribution == found[0])
    return Declaration(found[0], said.registry, problems)


@rule("plugin")
def it_can_be_loaded(declared: Declaration) -> None:
    """Its module imports, and its hooks give complete entries: at least one."""
    expect(not declared.problems, "; ".join(declared.problems))
    expect(declared.entries, "no hook gives an entry")


@rule("plugin")
def declaring_is_light(declared: Declaration) -> None:
    """Declaring the parts imports neither a framework nor the parts, so that ``ferbench list`` is quick."""
    said = subprocess.run(
        [sys.executable, "-c", PROBE.format(name=declared.name)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    expect(said.returncode == 0, f"a fresh process could not do it: {said.stderr[-500:]}")
    imported = set(json.loads(said.stdout.splitlines()[-1]))
    declaring = {point.module for point in declared.points}
    parts = {entry.target.partition(":")[0] for entry in declared.entries if entry.kind in FACTORIES}
    found = sorted(imported & (set(HEAVY) | (parts - declaring)))
    expect(not found, f"it imports {', '.join(found)}")


@rule("plugin")
def names_are_its_own(declared: Declaration) -> None:
    """No other installed distribution has a part of the same kind and name."""
    clashes = []
    for entry in declared.entries:
        try:
            declared.registry.get(entry.kind, entry.name)
        except NameClashError as error:
            clashes.append(error.what)
    expect(not clashes, "; ".join(dict.fromkeys(clashes)))


def _canonical(name: str) -> str:
    """As package indexes compare names: ``My_Plugin`` is ``my-plugin``."""
    return re.sub(r"[-_.]+", "-", name).lower()
