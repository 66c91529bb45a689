"""Options that several commands read in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferbench.errors import ParameterError

if TYPE_CHECKING:
    from ferbench.running.run import Unfinished


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


def only_of(settings: tuple[str, ...], *parts: str) -> None:
    """Raises ``ParameterError`` if a text of ``--set`` is for another part than ``parts``."""
    for one in settings:
        if one.partition(".")[0] not in parts:
            raise ParameterError(f"--set {one} is for no {' or '.join(parts)}", fix=f"for example --set {parts[0]}.X=1")


def unfinished(resume: bool, *, restart: bool) -> Unfinished:
    """What ``--resume`` and ``--restart`` ask for; of both, ``--restart`` counts."""
    if restart:
        return "restart"
    return "resume" if resume else "error"
