"""``ferbench run``: one pipeline on one dataset, once per seed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ferbench.cli import options
from ferbench.components.discovery import installed

if TYPE_CHECKING:
    from ferbench.running.run import Unfinished


@click.command()
@click.option("--pipeline", required=True, help="Name (ferbench list pipelines) or a .toml file.")
@click.option("--dataset", default="synthfaces", show_default=True, help="Name (ferbench list datasets).")
@options.data
@options.protocol
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed for the split and the training."
)
@options.seeds
@options.settings()
@click.option(
    "--init",
    type=options.PATH,
    metavar="BUNDLE|FILE",
    help="Start the embedder from the weights of an earlier run, or from a file of weights.",
)
@click.option(
    "--allow-overlap", is_flag=True, help="Run even if --init was trained on test images; the result is marked."
)
@options.device
@options.workers
@options.out
@options.resume
@options.restart
@options.as_json
def run(pipeline: str, seed: int, seeds: str | None, unfinished: Unfinished, as_json: bool, **choices: Any) -> None:
    """Train and score a pipeline on a dataset under a protocol, and save a bundle that anyone can rescore."""
    from ferbench.running.plan import plan

    numbers = options.seed_list(seeds, seed)
    planned = plan(pipeline, **choices)

    from ferbench.bundles import bundle
    from ferbench.cli import summary
    from ferbench.running.run import run as run_plan
    from ferbench.support.progress import Reporter

    reporter = Reporter()
    for problem in installed().problems:
        reporter.warn(
            f"plugin {problem.distribution} could not be loaded, its components are missing: {problem.reason}"
        )
    folders, results = [], []
    for number in numbers:
        folder = run_plan(replace(planned, seed=number), reporter, unfinished=unfinished)
        folders.append(folder)
        results.append(bundle.read(folder))
        reporter.stages.clear()
        if not as_json:
            summary.show(results[-1], folder)
    if as_json:
        documents = [
            {"bundle": str(folder), **result.model_dump(mode="json")}
            for folder, result in zip(folders, results, strict=True)
        ]
        document = {"results": documents, "over_seeds": summary.over_seeds(results)} if seeds else documents[0]
        click.echo(json.dumps(document, indent=2))
    elif len(folders) > 1:
        summary.show_seeds(results)
