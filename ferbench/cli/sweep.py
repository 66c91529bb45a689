"""``ferbench sweep``: parse, resolve, choose the engine, print."""

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click

from ferbench.cli import options
from ferbench.components.discovery import installed
from ferbench.errors import ParameterError


@click.command()
@click.argument("study", type=options.PATH)
@options.out
@click.option("--workers", type=click.IntRange(1), help="Processes on this machine (Dask), one cell each at a time.")
@click.option("--scheduler", metavar="ADDRESS", help="Use the workers of this Dask scheduler: tcp://host:8786.")
@click.option("--retry", is_flag=True, help="Run cells that failed before once more.")
@options.as_json
def sweep(study: Path, out: Path, workers: int | None, scheduler: str | None, retry: bool, as_json: bool) -> None:
    """Run a STUDY.toml: pipelines x datasets x protocols x seeds, each a bundle under --out.

    A finished cell is not run again: the same command continues a sweep that was stopped. A failed cell does not stop
    the others; the exit status is then 1.
    """
    if workers and scheduler:
        raise ParameterError("--workers and --scheduler were both given", fix="choose one of the two")
    from ferbench.sweeps import study as studies

    cells = studies.cells(study, installed().registry, out)

    from ferbench.sweeps import page
    from ferbench.sweeps import sweep as sweeps
    from ferbench.sweeps.display import Display

    with _engine(workers, scheduler) as engine, Display(cells) as display:
        outcomes = sweeps.sweep(cells, engine, display, retry=retry)
    rows = page.rows(cells, outcomes)
    if as_json:
        click.echo(json.dumps({"cells": rows}, indent=2))
    else:
        page.show(rows, out)
    if any(outcome.state != "finished" for outcome in outcomes):
        sys.exit(1)


def _engine(workers: int | None, scheduler: str | None) -> AbstractContextManager[Any]:
    if workers is None and scheduler is None:
        from ferbench.sweeps.sweep import here

        return nullcontext(here)
    from ferbench.sweeps import on_dask

    return on_dask.remote(scheduler) if scheduler else on_dask.local(workers or 1)
