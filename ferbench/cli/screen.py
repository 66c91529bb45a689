"""What several commands print on standard error, and their exit status."""

import sys
from collections.abc import Collection, Iterable
from pathlib import Path

import click

from ferbench.errors import FerbenchError


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
