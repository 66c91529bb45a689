"""Text that goes into generated Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def safe(text: str) -> str:
    """Text that cannot become markup or break a table."""
    plain = _one_line(text)
    for character in "\\`|<>[]*_":
        plain = plain.replace(
            character, f"\\{character}" if character not in "<>" else ("&lt;", "&gt;")[character == ">"]
        )
    return plain


def code(text: str) -> str:
    """A code span, outside of tables: only a run of backticks as long as its fence could end it."""
    plain = _one_line(text)
    if "`" not in plain:
        return f"`{plain}`"
    fence = "`" * (1 + max(len(run) for run in re.findall("`+", plain)))
    return f"{fence} {plain} {fence}"


def settings(changed: Mapping[str, Any]) -> str:
    """Parameters and their values, as code spans."""
    return ", ".join(code(f"{key}={value}") for key, value in changed.items())


def letters(texts: Iterable[str]) -> dict[str, str]:
    """Each different text -> what marks it in a table: a, b, ... z, and then numbers from 26."""
    return {
        said: chr(ord("a") + number) if number < 26 else str(number) for number, said in enumerate(dict.fromkeys(texts))
    }


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
