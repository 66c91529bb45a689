"""Options that several commands read in the same way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ferbench.errors import ParameterError


def seeds(text: str | None, seed: int) -> list[int]:
    """The seeds of ``--seeds`` ("0-4", "0,3,7"), or ``seed`` alone. Raises ``ParameterError``."""
    if text is None:
        return [seed]
    try:
        found: list[int] = []
        for part in text.split(","):
            low, dash, high = part.partition("-")
            found += range(int(low), int(high) + 1) if dash else [int(low)]
    except ValueError as error:
        raise ParameterError(
            f"--seeds {text} is no list of seeds", fix="for example --seeds 0-4 or --seeds 0,3,7"
        ) from error
    if not found or len(set(found)) < len(found):
        raise ParameterError(f"--seeds {text} is empty or names a seed twice", fix="for example --seeds 0-4")
    return found


def settings_of(settings: tuple[str, ...], part: str) -> dict[str, Any]:
    """Of the texts of ``--set``, the parameters of ``part``."""
    from ferbench.components.pipeline import parse_setting

    return {
        key.partition(".")[2]: value
        for key, value in (parse_setting(one) for one in settings if one.startswith(f"{part}."))
    }


def only_of(settings: tuple[str, ...], *parts: str) -> None:
    """Raises ``ParameterError`` if a text of ``--set`` is for another part than ``parts``."""
    for one in settings:
        if one.partition(".")[0] not in parts:
            raise ParameterError(f"--set {one} is for no {' or '.join(parts)}", fix=f"for example --set {parts[0]}.X=1")


def places(given: tuple[str, ...]) -> dict[str, Path]:
    """Where each dataset lies, from ``--data NAME=PATH``. Raises ``ParameterError``."""
    found = {}
    for one in given:
        name, equals, path = one.partition("=")
        if not (name and equals and path):
            raise ParameterError(f"--data {one} is not NAME=PATH", fix="for example --data fer2013=fer2013.csv")
        found[name] = Path(path)
    return found
