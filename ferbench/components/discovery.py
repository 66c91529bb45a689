"""Finds plugins by their entry points (group ``ferbench``). A broken one is reported; the others still work."""

import importlib.metadata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import cast

import pluggy

from ferbench import hookspecs
from ferbench.components.registry import KINDS, PLURALS, Entry, Registry

GROUP = "ferbench"


@dataclass(frozen=True)
class Problem:
    """A plugin that could not be loaded in full, and why."""

    distribution: str
    reason: str


@dataclass(frozen=True)
class Plugins:
    """What is installed: the components that work and the plugins that do not."""

    registry: Registry
    problems: tuple[Problem, ...]


@cache
def installed() -> Plugins:
    """All installed plugins; searched once per process."""
    points = importlib.metadata.entry_points(group=GROUP)
    return load(sorted(points, key=lambda point: (point.dist.name if point.dist else "", point.name)))


def load(points: list[importlib.metadata.EntryPoint]) -> Plugins:
    """Registers the components of each entry point. Whatever one raises becomes a ``Problem``; the others go on."""
    registry = Registry()
    problems = []
    for point in points:
        distribution = point.dist.name if point.dist else point.value
        version = point.dist.version if point.dist else ""
        manager = pluggy.PluginManager(GROUP)
        manager.add_hookspecs(hookspecs)
        try:
            manager.register(point.load())
            manager.check_pending()
            offered = {kind: _offered(manager, kind) for kind in KINDS}
            for kind, entries in offered.items():
                registry.add(kind, entries, distribution=distribution, version=version)
        except (Exception, SystemExit) as error:  # a foreign module may raise anything; it is shown, not hidden
            problems.append(Problem(distribution, f"{type(error).__name__}: {' '.join(str(error).split())}"))
    return Plugins(registry, tuple(problems))


def _offered(manager: pluggy.PluginManager, kind: str) -> list[Entry]:
    """What each implementation of a hook gives; ``None`` is an error, which pluggy's own call would drop unseen."""
    caller: pluggy.HookCaller = getattr(manager.hook, f"register_{PLURALS[kind]}")
    offered = (cast(Iterable[Entry], implementation.function()) for implementation in caller.get_hookimpls())
    return list(chain.from_iterable(offered))
