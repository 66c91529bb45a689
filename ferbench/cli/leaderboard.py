"""``ferbench leaderboard``: bundles to Markdown pages."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ferbench.cli import options
from ferbench.errors import ParameterError


@click.command()
@options.results
@click.option("--pages", type=options.PATH, help="Folder for the pages; by default the parent of the results.")
@options.check
def leaderboard(results: Path, pages: Path | None, only_check: bool) -> None:
    """Write the Markdown leaderboards from the bundles, each verified first."""
    from ferbench.boards import build as boards
    from ferbench.support.processes import usable_cores
    from ferbench.support.progress import Reporter

    if not results.is_dir():
        raise ParameterError(f"there is no folder {results}", fix="--results DIR, such as the runs of: ferbench run")
    reporter = Reporter()
    with reporter.stage("verifying bundles"):
        texts = boards.build(
            results,
            pages or results.parent,
            workers=usable_cores(),
            advance=lambda done, total: reporter.advance(done, total, "bundles"),
        )
    if only_check:
        stale = boards.check(texts)
        for path in stale:
            click.echo(f"outdated: {path}", err=True)
        if stale:
            click.echo("update them: ferbench leaderboard", err=True)
            sys.exit(1)
        click.echo(f"{len(texts)} pages are up to date")
        return
    boards.write(texts)
    for path in texts:
        click.echo(str(path))
