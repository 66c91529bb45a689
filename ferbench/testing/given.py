"""What the tester gives a component besides its defaults: its files, and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferbench.components.settings import parameters_by_component, parse_settings


@dataclass(frozen=True)
class Given:
    """How one component is tried: ``data`` is a dataset's (or scenes') path, ``parameters`` replace the defaults."""

    data: Path | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read(data: Mapping[str, Path], settings: Sequence[str]) -> dict[str, Given]:
    """By component: the paths ``data``, and the texts of ``--set NAME.PARAMETER=VALUE``. Raises ``ParameterError``."""
    names = [key.partition(".")[0] for key in parse_settings(settings)]
    parameters = parameters_by_component(settings, [*data, *names])
    return {name: Given(data.get(name), values) for name, values in parameters.items()}
