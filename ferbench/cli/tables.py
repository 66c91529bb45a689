"""``ferbench table``: a paper's tables, from bundles; missing runs are made first."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferbench.cli import options
from ferbench.cli.screen import report_outdated
from ferbench.components.discovery import installed
from ferbench.errors import FerbenchError, ParameterError

if TYPE_CHECKING:
    from ferbench.boards.paper_table import MissingRun
    from ferbench.running.run import Unfinished


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="N...")
@click.option("--data", multiple=True, metavar="NAME=PATH", help="The files of dataset NAME; may be repeated.")
@options.results
@click.option("--collect-only", is_flag=True, help="Run nothing; cells without a bundle are 'not run'.")
@click.option("--out", type=options.PATH, help="The page; by default tables/NAME.md next to the results.")
@options.check
@options.seeds
@options.settings()
@options.device
@options.resume
@options.as_json
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
    unfinished: Unfinished,
    as_json: bool,
) -> None:
    """Write table N of a paper (5, or haider2023-5): its numbers as published, and ours under each protocol.

    Cells without a bundle under --results are run first, each training once. Without --set, bundles with any settings
    count, and the page says which; with --set, only those with exactly these.
    """
    registry = installed().registry
    chosen_seeds = options.seed_list(seeds, 0)
    if out and len(names) > 1:
        raise ParameterError("--out is one file, and there are several tables", fix="write them one by one")

    from ferbench.boards import paper_page, paper_table
    from ferbench.boards.build import check
    from ferbench.bundles import bundle
    from ferbench.support import atomic
    from ferbench.support.data_paths import parse_data_paths
    from ferbench.verify.verify import verified

    full_names = [paper_table.full_name(name, registry) for name in names]
    tables = {name: paper_table.read_table(name, registry) for name in full_names}
    bundles = [(folder, verified(folder)) for folder in bundle.find(results)]
    if not (collect_only or only_check):
        missing = dict.fromkeys(
            run
            for content in tables.values()
            for run in paper_table.missing_runs(content, bundles, chosen_seeds, settings)
        )
        folders = _run(list(missing), parse_data_paths(data), results, device, unfinished)
        bundles += [(folder, verified(folder)) for folder in folders]
    if seeds:
        bundles = [(folder, result) for folder, result in bundles if result.seed in chosen_seeds]
    lines = {name: paper_page.lines(content, bundles, settings) for name, content in tables.items()}
    pages = {}
    for name, content in tables.items():
        path = out or results.parent / "tables" / f"{Path(name).stem}.md"
        pages[path] = paper_page.page(content, lines[name], path.parent)
    if only_check:
        report_outdated(pages, check(pages), f"ferbench table {' '.join(names)} --collect-only")
        return
    for path, text in pages.items():
        atomic.write_text(path, text)
        if not as_json:
            click.echo(f"{text}\nwritten to {path}")
    if as_json:
        rows = {name: [asdict(line) for line in shown] for name, shown in lines.items()}
        click.echo(json.dumps(rows if len(rows) > 1 else rows[full_names[0]], indent=2))


def _run(
    jobs: list[MissingRun], data: dict[str, Path], results: Path, device: str | None, unfinished: Unfinished
) -> list[Path]:
    """Runs ``jobs``; every name, parameter and path is checked before the first one starts."""
    from ferbench.running.plan import plan

    plans = []
    problems: dict[str, None] = {}
    for job in jobs:
        try:
            planned = plan(
                job.pipeline,
                dataset=job.dataset,
                data=data.get(job.dataset),
                protocol=job.protocol,
                settings=job.settings,
                seed=job.seed,
                device=device,
                out=results,
            )
            plans.append(planned)
        except FerbenchError as error:
            problems[f"{error.what} ({error.fix})"] = None
    if problems:
        raise ParameterError(
            f"{len(jobs)} runs are missing and cannot all be started: {'; '.join(problems)}",
            fix="fix that (data: --data NAME=PATH), or write the table from the bundles that there are: --collect-only",
        )

    from ferbench.running.run import run
    from ferbench.support.progress import Reporter

    folders = []
    for number, (job, planned) in enumerate(zip(jobs, plans, strict=True), start=1):
        reporter = Reporter()
        title = " ".join([job.pipeline, *job.settings, "on", job.dataset, "under", job.protocol, f"seed {job.seed}"])
        reporter.say(f"run {number} of {len(jobs)}: {title}")
        folders.append(run(planned, reporter, unfinished=unfinished))
    return folders
