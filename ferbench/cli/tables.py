"""``ferbench table``: a paper's tables, run where runs are missing, collected from bundles where they are there."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferbench.cli import options
from ferbench.components.discovery import installed
from ferbench.errors import FerbenchError, ParameterError

if TYPE_CHECKING:
    from ferbench.boards.paper_table import Job
    from ferbench.components.registry import Registry
    from ferbench.running.run import Plan

RESULTS = Path("leaderboards/results")


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="N...")
@click.option("--data", multiple=True, metavar="NAME=PATH", help="Where a dataset's files lie; repeat.")
@click.option("--results", type=click.Path(path_type=Path), default=RESULTS, show_default=True, help="Root of bundles.")
@click.option("--collect-only", is_flag=True, help="Run nothing; what has no bundle is 'not run'.")
@click.option("--out", type=click.Path(path_type=Path), help="The page; by default tables/NAME.md beside the results.")
@click.option("--check", "only_check", is_flag=True, help="Run and write nothing; fail if the page is stale.")
@click.option("--seeds", help="One run a seed: 0-4 or 0,3,7; by default 0.")
@click.option("--set", "settings", multiple=True, metavar="PART.PARAMETER=VALUE", help="For every run; repeat.")
@click.option("--device", help="For every part that computes on one: auto, cpu, cuda, cuda:1.")
@click.option("--resume", is_flag=True, help="Go on with unfinished runs of the same settings.")
@click.option("--json", "as_json", is_flag=True, help="Print the rows as JSON.")
def table(
    names: tuple[str, ...],
    data: tuple[str, ...],
    results: Path,
    collect_only: bool,
    out: Path | None,
    only_check: bool,
    seeds: str | None,
    settings: tuple[str, ...],
    device: str | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Write table N of a paper (5, or haider2023-5): its numbers as published, and ours under each protocol.

    What has no bundle under --results is run first, each training once. Without --set a bundle with any settings
    counts, and the page says which; with --set only those with exactly these.
    """
    registry = installed().registry
    chosen_seeds = options.seeds(seeds, 0)
    if out and len(names) > 1:
        raise ParameterError("--out is one file, and there are several tables", fix="write them one by one")

    from ferbench.boards import paper_page, paper_table
    from ferbench.bundles import bundle
    from ferbench.support import atomic
    from ferbench.support.data_paths import parse_places
    from ferbench.verify.verify import verified

    whole = [paper_table.choose(name, registry) for name in names]
    read = {name: paper_table.read(name, registry) for name in whole}
    bundles = [(folder, verified(folder)) for folder in bundle.find(results)]
    if not (collect_only or only_check):
        jobs = dict.fromkeys(
            job for one in read.values() for job in paper_table.missing(one, bundles, chosen_seeds, settings)
        )
        folders = _run(list(jobs), registry, parse_places(data), results, device, resume=resume)
        bundles += [(folder, verified(folder)) for folder in folders]
    if seeds:
        bundles = [(folder, result) for folder, result in bundles if result.seed in chosen_seeds]
    lines = {name: paper_page.lines(one, bundles, settings) for name, one in read.items()}
    pages = {}
    for name, one in read.items():
        path = out or results.parent / "tables" / f"{Path(name).stem}.md"
        pages[path] = paper_page.page(one, lines[name], path.parent)
    if only_check:
        _check(pages, " ".join(names))
        return
    for path, text in pages.items():
        atomic.write_text(path, text)
        if not as_json:
            click.echo(f"{text}\nwritten to {path}")
    if as_json:
        rows = {name: [line.plain() for line in found] for name, found in lines.items()}
        click.echo(json.dumps(rows if len(rows) > 1 else rows[whole[0]], indent=2))


def _run(
    jobs: list[Job], registry: Registry, places: dict[str, Path], results: Path, device: str | None, *, resume: bool
) -> list[Path]:
    """Runs ``jobs``; every name, parameter and path is checked before the first one starts."""
    from ferbench.running.run import run
    from ferbench.support.progress import Reporter

    plans, problems = [], dict[str, None]()
    for job in jobs:
        try:
            plans.append(_plan(job, registry, places, results, device))
        except FerbenchError as error:
            problems[f"{error.what} ({error.fix})"] = None
    if problems:
        raise ParameterError(
            f"{len(jobs)} runs are missing and cannot all be started: {'; '.join(problems)}",
            fix="mend that, or write the table from what there is: --collect-only",
        )
    folders = []
    for number, (job, plan) in enumerate(zip(jobs, plans, strict=True), start=1):
        reporter = Reporter()
        said = " ".join([job.pipeline, *job.settings, "on", job.dataset, "under", job.protocol, f"seed {job.seed}"])
        reporter.say(f"run {number} of {len(jobs)}: {said}")
        folders.append(run(plan, reporter, unfinished="resume" if resume else "error"))
    return folders


def _plan(job: Job, registry: Registry, places: dict[str, Path], results: Path, device: str | None) -> Plan:
    from ferbench.components import pipeline as pipelines
    from ferbench.components.pipeline import settings_of
    from ferbench.running.run import Plan
    from ferbench.support.data_paths import known

    others = [one for one in job.settings if not one.startswith(("dataset.", "protocol."))]
    source, rule = (
        pipelines.resolve_component(kind, name, registry, settings_of(job.settings, kind))
        for kind, name in (("dataset", job.dataset), ("protocol", job.protocol))
    )
    if source.entry.load().needs_data and job.dataset not in places | known():
        raise ParameterError(
            f"where {job.dataset} lies is not known",
            fix=f"--data {job.dataset}=PATH, or once and for all: ferbench data add {job.dataset} PATH",
        )
    raw = pipelines.read(job.pipeline, registry)
    resolved = pipelines.resolve(raw, registry, dataset=job.dataset, settings=others, device=device)
    return Plan(resolved, source, rule, places.get(job.dataset), job.seed, results)


def _check(pages: dict[Path, str], names: str) -> None:
    from ferbench.boards.build import check

    stale = check(pages)
    for path in stale:
        click.echo(f"stale: {path}", err=True)
    if stale:
        click.echo(f"write it anew: ferbench table {names} --collect-only", err=True)
        sys.exit(1)
    click.echo(f"{len(pages)} {'page is' if len(pages) == 1 else 'pages are'} up to date")
