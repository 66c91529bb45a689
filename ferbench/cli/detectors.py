"""``ferbench detectors``: how many faces each detector finds, and how fast."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ferbench.components.discovery import installed
from ferbench.errors import ParameterError

PAGE = Path("leaderboards/detectors.md")


@click.command()
@click.option("--dataset", help="Scenes by name (ferbench list scenes); without --data, the generated ones.")
@click.option("--data", type=click.Path(path_type=Path), help="Where the scenes' files lie, such as WIDER FACE's.")
@click.option("--detector", "names", multiple=True, metavar="NAME", help="Only this one; repeat. By default, all.")
@click.option("--set", "settings", multiple=True, metavar="DETECTOR.PARAMETER=VALUE", help="Change one; repeat.")
@click.option("--limit", type=click.IntRange(1), help="Only the first pictures, this many.")
@click.option("--out", type=click.Path(path_type=Path), help=f"Write this Markdown page, such as {PAGE}, and its JSON.")
@click.option(
    "--check", "only_check", is_flag=True, help=f"Measure nothing; fail if the page (--out or {PAGE}) is stale."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def detectors(
    dataset: str | None,
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
        _check(out or PAGE)
        return
    registry = installed().registry
    every = [entry.name for entry in registry if entry.kind == "detector"]
    for name in names:
        registry.get("detector", name)
    chosen = list(dict.fromkeys(names)) or every

    from ferbench.components import pipeline
    from ferbench.components.pipeline import settings_of
    from ferbench.detection import benchmark
    from ferbench.detection.page import show, write
    from ferbench.support.progress import Reporter

    part = pipeline.resolve_component(
        "scenes",
        benchmark.choose_scenes(registry, dataset, data),
        registry,
        settings_of(settings, "dataset"),
    )
    chosen_settings = {name: settings_of(settings, name) for name in chosen}
    for one in settings:
        if (section := one.partition(".")[0]) not in (*chosen, "dataset"):
            raise ParameterError(f"--set {one}: there is no {section} here", fix=f"it may be: {', '.join(chosen)}")
    board = benchmark.run(part, data, chosen_settings, registry, Reporter(), limit=limit, download=bool(names))
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


def _check(page: Path) -> None:
    from ferbench.detection.page import stale

    if stale(page):
        click.echo(f"stale: {page}", err=True)
        click.echo("write it anew: ferbench detectors --out FILE", err=True)
        sys.exit(1)
    click.echo(f"{page} is up to date")
