"""``ferbench detect``: the faces of people's own pictures."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ferbench.components.discovery import installed


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="IMAGE...")
@click.option("--detector", required=True, help="Name (ferbench list detectors).")
@click.option("--set", "settings", multiple=True, metavar="PARAMETER=VALUE", help="Change one parameter; repeat.")
@click.option(
    "--draw", type=click.Path(path_type=Path), metavar="OUT", help="Draw them: a file, or a folder for several."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, one object a line and image.")
def detect(
    images: tuple[Path, ...], detector: str, settings: tuple[str, ...], draw: Path | None, as_json: bool
) -> None:
    """Find the faces in each IMAGE: files, folders and patterns. A bad file is reported, the rest goes on."""
    registry = installed().registry
    registry.get("detector", detector)

    from ferbench.components.pipeline import parse_setting, resolve_component
    from ferbench.detection.detect import drawing_paths, find_faces, to_text
    from ferbench.media import pictures
    from ferbench.media.boxes import draw_faces
    from ferbench.support.progress import Reporter

    part = resolve_component("detector", detector, registry, dict(parse_setting(one) for one in settings))
    paths, problems = pictures.expand(images)
    finder = part.build()
    places = dict(zip(paths, drawing_paths(paths, draw), strict=True)) if draw else {}
    reporter = Reporter()
    found = []
    with reporter.stage("detecting"):
        for one in find_faces(paths, finder, progress=reporter.advance, on_error=problems.append):
            found.append(one.to_dict())
            if draw:
                pictures.write_picture(places[one.path], draw_faces(one.image, one.faces))
    for problem in problems:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {problem.what} ({problem.fix})", err=True)
    for said in found:
        click.echo(json.dumps(said) if as_json else to_text(said))
    if problems:
        sys.exit(1)
