"""What a run ran on: versions, the kind of machine, memory. Nothing that names the machine or its user."""

import importlib.metadata
import os
import platform
import re
import resource
import sys
from collections.abc import Iterator
from typing import Any

from ferbench.interfaces import Classifier

NUMERIC = ["ferbench", "numpy", "opencv-python-headless", "scikit-learn"]
"""Distributions on which every result depends."""


def environment(described: dict[str, Any]) -> dict[str, Any]:
    """Python, the kind of machine, and the versions of ``NUMERIC``, of the distributions of the components in
    ``described``, and of what these require and have imported."""
    owners = sorted({component["distribution"].split(" ")[0] for component in _components(described)})
    required = sorted({name for owner in owners if owner != "ferbench" for name in _imported_requirements(owner)})
    names = dict.fromkeys([*NUMERIC, *owners, *required])
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "distributions": {name: importlib.metadata.version(name) for name in names},
    }


def estimator(fitted: Classifier) -> str:
    """The class of a fitted classifier by its full name, and its distribution's version."""
    module = type(fitted).__module__
    owners = importlib.metadata.packages_distributions().get(module.partition(".")[0], [])
    versions = ", ".join(f"{owner} {importlib.metadata.version(owner)}" for owner in sorted(set(owners)))
    return f"{module}.{type(fitted).__qualname__}" + (f" ({versions})" if versions else "")


def peak_memory_mb() -> float:
    """The most memory that this process has had, in MB; Linux counts it in kilobytes, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024**2 if sys.platform == "darwin" else 1024), 1)


def _components(value: Any) -> Iterator[dict[str, Any]]:
    """Every described component in nested plain values."""
    if isinstance(value, dict):
        if "distribution" in value:
            yield value
        for inner in value.values():
            yield from _components(inner)


def _imported_requirements(distribution: str) -> Iterator[str]:
    """The distributions that ``distribution`` requires and of which a package has been imported."""
    imported = {name.partition(".")[0] for name in sys.modules}
    packages = importlib.metadata.packages_distributions()
    loaded = {owner.lower().replace("_", "-") for name in imported for owner in packages.get(name, [])}
    for requirement in importlib.metadata.requires(distribution) or []:
        name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
        if name.lower().replace("_", "-") in loaded:
            yield name
