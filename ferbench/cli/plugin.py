"""``ferbench plugin``: what the author of a plugin needs."""

import json
import sys
from pathlib import Path

import click

from ferbench.cli import options
from ferbench.components.discovery import installed
from ferbench.errors import StorageError
from ferbench.scaffold import write


@click.group()
def plugin() -> None:
    """For authors of plugins: write one, check one against the contract."""


@plugin.command()
@click.argument("distribution")
@click.option("--data", multiple=True, metavar="NAME=PATH", help="The files of dataset NAME; may be repeated.")
@options.settings("NAME")
@options.as_json
def check(distribution: str, data: tuple[str, ...], settings: tuple[str, ...], as_json: bool) -> None:
    """Try every rule of the contract on every component of DISTRIBUTION; fail if one is broken."""
    from ferbench.support.data_paths import parse_data_paths
    from ferbench.support.progress import Reporter
    from ferbench.testing import given, page, running

    outcomes = running.check(distribution, given.read(parse_data_paths(data), settings), Reporter())
    if as_json:
        click.echo(json.dumps([vars(outcome) for outcome in outcomes], indent=2))
    else:
        page.show(distribution, outcomes)
    if any(outcome.state == "failed" for outcome in outcomes):
        sys.exit(1)


@plugin.command()
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(write.KINDS), help="Kind of component.")
@click.option("--into", type=options.PATH, default=Path(), help="Parent of its folder; by default this folder.")
@click.option("--force", is_flag=True, help="Overwrite files that exist without asking.")
def new(name: str, kind: str, into: Path, force: bool) -> None:
    """Write a complete plugin with one component: a distribution NAME with a module, its test and a README."""
    write.check(name, kind, installed().registry)
    written = write.plan(name, kind, into / name)
    existing = written.existing()
    if existing and not force:
        listed = ", ".join(map(str, existing))
        if not _is_interactive():
            raise StorageError(f"there are files already: {listed}", fix="choose another name, or overwrite: --force")
        click.confirm(f"overwrite {listed}?", abort=True)
    written.write()
    for path in written.files:
        click.echo(str(written.folder / path))
    click.echo("\nnext:")
    for command in write.commands(written):
        click.echo(f"  {command}")


def _is_interactive() -> bool:
    return sys.stdin.isatty()
