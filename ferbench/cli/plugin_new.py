"""``ferbench plugin new``: parse, ask, write, and print what to do next."""

import sys
from pathlib import Path

import click

from ferbench.cli import options
from ferbench.components.discovery import installed
from ferbench.errors import StorageError
from ferbench.scaffold.write import KINDS


@click.command()
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(KINDS), help="Kind of component.")
@click.option("--into", type=options.PATH, default=Path(), help="Parent of its folder; by default this folder.")
@click.option("--force", is_flag=True, help="Overwrite files that exist without asking.")
def new(name: str, kind: str, into: Path, force: bool) -> None:
    """Write a complete plugin with one component: a distribution NAME with a module, its test and a README."""
    from ferbench.scaffold.write import check, commands, plan

    check(name, kind, installed().registry)
    written = plan(name, kind, into / name)
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
    for command in commands(written):
        click.echo(f"  {command}")


def _is_interactive() -> bool:
    return sys.stdin.isatty()
