"""``ferbench leaderboard``: bundles to Markdown pages."""

from pathlib import Path

import click

from ferbench.cli import options
from ferbench.cli.screen import report_outdated
from ferbench.errors import ParameterError


@click.command()
@options.results
@click.option("--pages", type=options.PATH, help="Folder for the pages; by default the parent of the results.")
@options.check
def leaderboard(results: Path, pages: Path | None, only_check: bool) -> None:
    """Write the Markdown leaderboards from the bundles, each verified first."""
    from ferbench.boards.build import build, check
    from ferbench.support.atomic import write_text
    from ferbench.support.processes import usable_cores
    from ferbench.support.progress import Reporter

    if not results.is_dir():
        raise ParameterError(f"there is no folder {results}", fix="--results DIR, such as the runs of: ferbench run")
    reporter = Reporter()
    with reporter.stage("verifying bundles"):
        texts = build(
            results,
            pages or results.parent,
            workers=usable_cores(),
            advance=lambda done, total: reporter.advance(done, total, "bundles"),
        )
    if only_check:
        report_outdated(texts, check(texts), "ferbench leaderboard")
        return
    for path, text in texts.items():
        write_text(path, text)
        click.echo(str(path))
