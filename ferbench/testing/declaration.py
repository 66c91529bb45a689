"""Rules for a distribution as a whole: how it declares its components."""

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
points = importlib.metadata.entry_points(group=discovery.GROUP)
discovery.load([point for point in points if point.dist and point.dist.name == {name!r}])
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
        """Its components, by kind and name."""
        return [entry for entry in self.registry if entry.distribution == self.name]


def declaration_of(distribution: str) -> Declaration:
    """The declaration of an installed distribution. Raises ``PluginError`` if there is no plugin of that name."""
    wanted = _canonical(distribution)
    owners = {point.dist.name for point in importlib.metadata.entry_points(group=discovery.GROUP) if point.dist}
    names = sorted(name for name in owners if _canonical(name) == wanted)
    if not names:
        raise PluginError(
            f"no installed distribution '{distribution}' has an entry point in the group '{discovery.GROUP}'",
            fix=f"install it (uv pip install -e .); these have one: {', '.join(sorted(owners))}",
        )
    plugins = discovery.installed()
    problems = tuple(problem.reason for problem in plugins.problems if problem.distribution == names[0])
    return Declaration(names[0], plugins.registry, problems)


@rule("plugin")
def it_can_be_loaded(declared: Declaration) -> None:
    """Its module imports, and its hooks give complete entries: at least one."""
    expect(not declared.problems, "; ".join(declared.problems))
    expect(declared.entries, "no hook gives an entry")


@rule("plugin")
def declaring_is_light(declared: Declaration) -> None:
    """Declaring the components imports neither a framework nor the components, so that ``ferbench list`` is quick."""
    process = subprocess.run(
        [sys.executable, "-c", PROBE.format(name=declared.name)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    expect(process.returncode == 0, f"a new process could not do it: {process.stderr[-500:]}")
    imported = set(json.loads(process.stdout.splitlines()[-1]))
    points = importlib.metadata.entry_points(group=discovery.GROUP)
    declaring = {point.module for point in points if point.dist and point.dist.name == declared.name}
    targets = {entry.target.partition(":")[0] for entry in declared.entries if entry.kind in FACTORIES}
    needless = sorted(imported & (set(HEAVY) | (targets - declaring)))
    expect(not needless, f"it imports {', '.join(needless)}")


@rule("plugin")
def names_are_its_own(declared: Declaration) -> None:
    """No other installed distribution has a component of the same kind and name."""
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
