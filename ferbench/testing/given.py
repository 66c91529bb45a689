"""What the tester gives a part beyond its defaults: its files, and parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ferbench.components.pipeline import settings_of


@dataclass(frozen=True)
class Given:
    """How one part is tried: ``data`` is a dataset's (or scenes') path, ``parameters`` go before the defaults."""

    data: Path | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read(data: Mapping[str, Path], settings: Sequence[str]) -> dict[str, Given]:
    """By part: the paths ``data``, and the texts of ``--set NAME.PARAMETER=VALUE``. Raises ``ParameterError``."""
    from ferbench.components.pipeline import parse_setting

    names = [parse_setting(one)[0].partition(".")[0] for one in settings]
    return {name: Given(data.get(name), settings_of(settings, name)) for name in dict.fromkeys([*data, *names])}
