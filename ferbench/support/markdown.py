"""Text that goes into generated Markdown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ESCAPES = str.maketrans({"<": "&lt;", ">": "&gt;"} | {character: f"\\{character}" for character in "\\`|[]*_"})


def safe(text: str) -> str:
    """Text that cannot become markup or break a table."""
    return _one_line(text).translate(ESCAPES)


def code(text: str) -> str:
    """A code span, outside of tables: only a run of backticks as long as its fence could end it."""
    plain = _one_line(text)
    if "`" not in plain:
        return f"`{plain}`"
    fence = "`" * (1 + max(len(run) for run in re.findall("`+", plain)))
    return f"{fence} {plain} {fence}"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, left: int | None = None) -> list[str]:
    """The lines of a table whose cells are Markdown: pass what is not your own text through ``safe``.

    The first ``left`` columns are aligned to the left and the others to the right; without it none is aligned.
    """
    aligned = 0 if left is None else len(columns) - left
    rules = ["---"] * (len(columns) - aligned) + ["---:"] * aligned
    lines = [f"| {' | '.join(cells)} |" for cells in (columns, *rows)]
    return [lines[0], f"|{'|'.join(rules)}|", *lines[1:]]


def settings(changed: Mapping[str, Any]) -> str:
    """Parameters and their values, as code spans."""
    return ", ".join(code(f"{key}={value}") for key, value in changed.items())


def letters(texts: Iterable[str]) -> dict[str, str]:
    """Each different text -> its mark in a table: a, b, ... z, and then numbers from 26."""
    return {
        text: chr(ord("a") + number) if number < 26 else str(number) for number, text in enumerate(dict.fromkeys(texts))
    }


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)
