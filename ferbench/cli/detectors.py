"""``ferbench detectors``: how many faces each detector finds, and how fast."""

import sys
from pathlib import Path

import click

from ferbench.cli import options
from ferbench.cli.screen import report_outdated
from ferbench.components.discovery import installed

PAGE = Path("leaderboards/detectors.md")


@click.command()
@click.option("--scenes", help="Name (ferbench list scenes); by default the generated ones, or those that read --data.")
@click.option("--data", type=options.PATH, help="The scenes' files, such as WIDER FACE's folder.")
@click.option("--detector", "names", multiple=True, metavar="NAME", help="Only this one; may be repeated.")
@options.settings("NAME|scenes")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N pictures.")
@click.option("--out", type=options.PATH, help=f"Write this Markdown page, such as {PAGE}, and its JSON.")
@click.option(
    "--check", "only_check", is_flag=True, help=f"Measure nothing; fail if the page (--out or {PAGE}) is outdated."
)
@options.as_json
def detectors(
    scenes: str | None,
    data: Path | None,
    names: tuple[str, ...],
    settings: tuple[str, ...],
    limit: int | None,
    out: Path | None,
    only_check: bool,
    as_json: bool,
) -> None:
    """Score every detector on scenes with several faces: average precision by WIDER FACE's rules, and speed."""
    if only_check:
        from ferbench.detection.page import stale

        page = out or PAGE
        report_outdated([page], [page] if stale(page) else [], "ferbench detectors --out FILE")
        return
    registry = installed().registry
    every = [entry.name for entry in registry if entry.kind == "detector"]
    for name in names:
        registry.get("detector", name)
    chosen = list(dict.fromkeys(names)) or every

    from ferbench.components import pipeline
    from ferbench.components.settings import parameters_by_component
    from ferbench.detection import benchmark
    from ferbench.detection.page import show, write
    from ferbench.support.progress import Reporter

    parameters = parameters_by_component(settings, [*chosen, "scenes"])
    name = benchmark.choose_scenes(registry, scenes, data)
    component = pipeline.resolve_component("scenes", name, registry, parameters.pop("scenes"))
    board = benchmark.run(component, data, parameters, registry, Reporter(), limit=limit, download=bool(names))
    if out:
        write(out, board)
    if as_json:
        click.echo(board.model_dump_json(indent=2))
    else:
        show(board)
        if out:
            click.echo(str(out))
    if any(row.not_run for row in board.detectors if row.name in names):
        sys.exit(1)
