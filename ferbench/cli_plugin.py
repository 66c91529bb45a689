"""``ferbench plugin``: what the author of a plugin needs."""

from __future__ import annotations

import click

from ferbench.cli_plugin_new import new


@click.group()
def plugin() -> None:
    """For authors: write a plugin."""


plugin.add_command(new)
