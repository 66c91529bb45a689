"""The command line: a group, and a file per command."""

import sys
from typing import Any

import click

from ferbench import __version__
from ferbench.cli.compare import compare
from ferbench.cli.components import list_components, show
from ferbench.cli.data import data
from ferbench.cli.detect import detect
from ferbench.cli.detectors import detectors
from ferbench.cli.figures import figure
from ferbench.cli.leaderboard import leaderboard
from ferbench.cli.plugin import plugin
from ferbench.cli.predict import export, predict
from ferbench.cli.run import run
from ferbench.cli.submit import rerun, submit, verify
from ferbench.cli.sweep import sweep
from ferbench.cli.tables import table
from ferbench.errors import FerbenchError


class Commands(click.Group):
    """Prints a person's mistakes as two lines, without a traceback, and exits with status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except FerbenchError as error:
            click.echo(f"{click.style('error:', fg='red', bold=True)} {error.what}", err=True)
            if error.fix:
                click.echo(f"{click.style('  fix:', fg='green', bold=True)} {error.fix}", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            command = self.commands.get(ctx.invoked_subcommand or "")
            click.echo("\ninterrupted; what was finished is kept", nl=False, err=True)
            if command and any("--resume" in parameter.opts for parameter in command.params):
                click.echo(": continue with --resume", nl=False, err=True)
            click.echo(err=True)
            sys.exit(130)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="ferbench")
def main() -> None:
    """The benchmark harness for facial expression recognition."""


for command in (compare, data, detect, detectors, export, figure, leaderboard, list_components, plugin, predict, rerun):
    main.add_command(command)
for command in (run, show, submit, sweep, table, verify):
    main.add_command(command)
