"""``ferbench plugin``: what the author of a plugin needs."""

import json
import sys

import click

from ferbench.cli import options
from ferbench.cli.plugin_new import new


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


plugin.add_command(new)
