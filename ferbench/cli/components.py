"""``ferbench list`` and ``ferbench show``: what is installed."""

import json

import click

from ferbench.cli import options
from ferbench.components.discovery import installed
from ferbench.components.registry import KINDS, PLURALS

KIND_NAMES = list(dict.fromkeys([*KINDS, *PLURALS.values()]))


@click.command("list")
@click.argument("kind", required=False, type=click.Choice(KIND_NAMES), metavar="[KIND]")
@options.as_json
def list_components(kind: str | None, as_json: bool) -> None:
    """List the installed components: all of them, or those of one KIND (datasets, losses, ...)."""
    plugins = installed()
    wanted = next((singular for singular in KINDS if kind in (singular, PLURALS[singular])), None)
    entries = [entry for entry in plugins.registry if wanted in (None, entry.kind)]
    if as_json:
        components = [vars(entry) for entry in entries]
        problems = [vars(problem) for problem in plugins.problems]
        click.echo(json.dumps({"components": components, "problems": problems}, indent=2))
        return
    from ferbench.cli.component_tables import datasets, show_datasets, show_entries, show_problems

    if wanted in ("dataset", "scenes"):
        show_datasets(datasets(plugins.registry, wanted))
    else:
        show_entries(entries)
    show_problems(plugins.problems)


@click.command()
@click.argument("name")
@options.as_json
def show(name: str, as_json: bool) -> None:
    """Show a component: its parameters with types and defaults, paper, licence and distribution."""
    from ferbench.cli.component_tables import describe, show_component

    documents = [describe(entry) for entry in installed().registry.find(name)]
    if as_json:
        click.echo(json.dumps(documents, indent=2, default=str))
    else:
        for document in documents:
            show_component(document)
