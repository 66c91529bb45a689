"""The command line: parse, call, print. No logic."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from ferbench import __version__
from ferbench.cli import options
from ferbench.cli.compare import compare
from ferbench.cli.data import data as data_commands
from ferbench.cli.detect import detect
from ferbench.cli.detectors import detectors
from ferbench.cli.figures import figure
from ferbench.cli.plugin import plugin
from ferbench.cli.predict import export, predict
from ferbench.cli.submit import rerun, submit, verify
from ferbench.cli.sweep import sweep
from ferbench.cli.tables import table
from ferbench.components.discovery import installed
from ferbench.components.registry import KINDS, PLURALS
from ferbench.errors import FerbenchError, ParameterError

KIND_NAMES = list(dict.fromkeys([*KINDS, *PLURALS.values()]))


class Commands(click.Group):
    """Prints a person's mistakes as two lines, without a traceback, and exits with status 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command."""
        try:
            return super().invoke(ctx)
        except FerbenchError as error:
            _fail(error)
        except KeyboardInterrupt:
            asked = self.commands.get(ctx.invoked_subcommand or "")
            goes_on = asked is not None and any(one.name == "resume" for one in asked.params)
            click.echo("\ninterrupted; what was finished is kept" + ": go on with --resume" * goes_on, err=True)
            sys.exit(130)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="ferbench")
def main() -> None:
    """The benchmark harness for facial expression recognition."""


@main.command()
@click.option("--pipeline", required=True, help="Name (ferbench list pipelines) or a .toml file.")
@click.option("--dataset", default="synthfaces", show_default=True, help="Name (ferbench list datasets).")
@click.option("--data", type=click.Path(path_type=Path), help="Where the dataset's files lie; by default as added.")
@click.option("--protocol", help="Name (ferbench list protocols); by default the dataset's own choice.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the split and the training.")
@click.option("--seeds", help="Several runs, one a seed: 0-4 or 0,3,7.")
@click.option("--set", "settings", multiple=True, metavar="PART.PARAMETER=VALUE", help="Change one parameter; repeat.")
@click.option(
    "--init",
    type=click.Path(path_type=Path),
    metavar="BUNDLE|FILE",
    help="Start the embedder from the weights of an earlier run, or from a file of weights.",
)
@click.option("--allow-overlap", is_flag=True, help="Run though --init was trained on test images; mark the result.")
@click.option("--device", help="For every part that computes on one: auto, cpu, cuda, cuda:1.")
@click.option("--workers", type=click.IntRange(1), help="Processes for the face step; by default one a usable core.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Results' root.")
@click.option("--resume", is_flag=True, help="Go on with an unfinished run of the same settings.")
@click.option("--restart", is_flag=True, help="Throw an unfinished run of the same settings away.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def run(
    pipeline: str,
    dataset: str,
    data: Path | None,
    protocol: str | None,
    seed: int,
    seeds: str | None,
    settings: tuple[str, ...],
    init: Path | None,
    allow_overlap: bool,
    device: str | None,
    workers: int | None,
    out: Path,
    resume: bool,
    restart: bool,
    as_json: bool,
) -> None:
    """Train and score a pipeline on a dataset under a protocol, and leave a bundle that anyone can rescore."""
    registry = installed().registry
    for kind, name in (("dataset", dataset), ("protocol", protocol)):
        if name:
            registry.get(kind, name)

    from ferbench.bundles import bundle
    from ferbench.cli import summary as cli_summary
    from ferbench.components import pipeline as pipelines
    from ferbench.components.pipeline import settings_of
    from ferbench.running.run import Plan
    from ferbench.running.run import run as run_plan
    from ferbench.support.processes import usable_cores
    from ferbench.support.progress import Reporter

    raw = pipelines.read(pipeline, registry)
    dataset_settings = settings_of(settings, "dataset")
    protocol_settings = settings_of(settings, "protocol")
    others = [one for one in settings if not one.startswith(("dataset.", "protocol."))]
    source = pipelines.resolve_component("dataset", dataset, registry, dataset_settings)
    rule = pipelines.resolve_component(
        "protocol", protocol or source.entry.load().default_protocol, registry, protocol_settings
    )
    resolved = pipelines.resolve(raw, registry, dataset=dataset, settings=others, device=device)
    reporter = Reporter()
    _say_problems(reporter)
    folders = []
    for one in options.seeds(seeds, seed):
        plan = Plan(resolved, source, rule, data, one, out, init, allow_overlap, workers or usable_cores())
        folders.append(run_plan(plan, reporter, unfinished=options.unfinished(resume, restart=restart)))
        reporter.stages.clear()
        if not as_json:
            cli_summary.show(bundle.read(folders[-1]), folders[-1])
    if as_json:
        found = [{"bundle": str(folder), **bundle.read(folder).model_dump(mode="json")} for folder in folders]
        summary = cli_summary.over_seeds([bundle.read(folder) for folder in folders])
        click.echo(json.dumps({"results": found, "over_seeds": summary} if seeds else found[0], indent=2))
    elif len(folders) > 1:
        cli_summary.show_seeds([bundle.read(folder) for folder in folders])


@main.command("list")
@click.argument("kind", required=False, type=click.Choice(KIND_NAMES), metavar="[KIND]")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_parts(kind: str | None, as_json: bool) -> None:
    """List the installed parts: all of them, or those of one KIND (datasets, losses, ...)."""
    plugins = installed()
    wanted = next((one for one in KINDS if kind in (one, PLURALS[one])), None)
    entries = [entry for entry in plugins.registry if wanted in (None, entry.kind)]
    if as_json:
        parts = [vars(entry) for entry in entries]
        problems = [vars(problem) for problem in plugins.problems]
        click.echo(json.dumps({"parts": parts, "problems": problems}, indent=2))
        return
    from ferbench.cli.parts import datasets, show_datasets, show_parts, show_problems

    if wanted == "dataset":
        show_datasets(datasets(plugins.registry))
    else:
        show_parts(entries)
    show_problems(plugins.problems)


@main.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show(name: str, as_json: bool) -> None:
    """Show a part: its parameters with types and defaults, paper, licence and distribution."""
    from ferbench.cli.parts import describe, show_part

    plugins = installed()
    found = [describe(entry) for entry in plugins.registry.find(name)]
    if as_json:
        click.echo(json.dumps(found, indent=2, default=str))
    else:
        for one in found:
            show_part(one)


@main.command()
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("leaderboards/results"),
    show_default=True,
    help="Root of the bundles.",
)
@click.option("--pages", type=click.Path(path_type=Path), help="Where the pages go; by default beside the results.")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; fail if a page is stale.")
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
            click.echo(f"stale: {path}", err=True)
        if stale:
            click.echo("write them anew: ferbench leaderboard", err=True)
            sys.exit(1)
        click.echo(f"{len(texts)} pages are up to date")
        return
    boards.write(texts)
    for path in texts:
        click.echo(str(path))


main.add_command(data_commands)
main.add_command(detectors)
main.add_command(detect)
main.add_command(table)
main.add_command(compare)
main.add_command(figure)
main.add_command(predict)
main.add_command(export)
main.add_command(plugin)
main.add_command(verify)
main.add_command(submit)
main.add_command(rerun)
main.add_command(sweep)


def _say_problems(reporter: Any) -> None:
    for problem in installed().problems:
        reporter.warn(f"plugin {problem.distribution} could not be loaded, its parts are missing: {problem.reason}")


def _fail(error: FerbenchError) -> NoReturn:
    click.echo(f"{click.style('error:', fg='red', bold=True)} {error.what}", err=True)
    if error.fix:
        click.echo(f"{click.style('  fix:', fg='green', bold=True)} {error.fix}", err=True)
    sys.exit(2)
