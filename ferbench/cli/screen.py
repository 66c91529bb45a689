"""How commands print for a person. ``rich`` is imported by what needs it: the command line's help does not wait."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferbench.errors import FerbenchError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def console() -> Console:
    """Standard output; numbers and paths are not coloured."""
    from rich.console import Console

    return Console(highlight=False)


def table(columns: Sequence[str], *, numbers: Collection[str] = (), whole: Collection[str] = ()) -> Table:
    """A table without lines. ``numbers`` are set to the right, ``whole`` are never wrapped."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        side = "right" if name in numbers else "left"
        made.add_column(name, justify=side, overflow="fold", no_wrap=name in whole)  # type: ignore[arg-type]
    return made


def error_line(error: FerbenchError) -> None:
    """One error among several, in one line on standard error."""
    text = " ".join(f"{error.what} ({error.fix})".split())
    click.echo(f"{click.style('error:', fg='red', bold=True)} {text}", err=True)


def report_outdated(pages: Collection[Path], outdated: Iterable[Path], command: str) -> None:
    """What ``--check`` prints: the ``outdated`` pages, and the ``command`` that updates them; then the status is 1."""
    names = list(outdated)
    for path in names:
        click.echo(f"outdated: {path}", err=True)
    if names:
        click.echo(f"update with: {command}", err=True)
        sys.exit(1)
    click.echo(f"{len(pages)} {'page is' if len(pages) == 1 else 'pages are'} up to date")
