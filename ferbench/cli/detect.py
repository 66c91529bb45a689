"""``ferbench detect``: the faces of people's own pictures."""

import json
import sys
from pathlib import Path

import click

from ferbench.cli import options
from ferbench.cli.screen import error_line
from ferbench.components.discovery import installed


@click.command()
@click.argument("images", nargs=-1, required=True, type=options.PATH, metavar="IMAGE...")
@click.option("--detector", required=True, help="Name (ferbench list detectors).")
@options.settings("detector")
@click.option("--draw", type=options.PATH, metavar="OUT", help="Draw them: a file, or a folder for several.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, one line per image.")
def detect(
    images: tuple[Path, ...], detector: str, settings: tuple[str, ...], draw: Path | None, as_json: bool
) -> None:
    """Find the faces in each IMAGE: files, folders and patterns. A bad file is reported and the others are read."""
    registry = installed().registry
    registry.get("detector", detector)

    from ferbench.components.pipeline import resolve_component
    from ferbench.components.settings import parameters_by_component
    from ferbench.detection.detect import drawing_paths, find_faces, to_text
    from ferbench.media import pictures
    from ferbench.media.boxes import draw_faces
    from ferbench.support.progress import Reporter

    parameters = parameters_by_component(settings, ["detector"])
    component = resolve_component("detector", detector, registry, parameters["detector"])
    paths, problems = pictures.expand(images)
    finder = component.build()
    drawings = dict(zip(paths, drawing_paths(paths, draw), strict=True)) if draw else {}
    reporter = Reporter()
    results = []
    with reporter.stage("detecting"):
        for result in find_faces(paths, finder, progress=reporter.advance, on_error=problems.append):
            results.append(result.to_dict())
            if draw:
                pictures.write_picture(drawings[result.path], draw_faces(result.image, result.faces))
    for problem in problems:
        error_line(problem)
    for document in results:
        click.echo(json.dumps(document) if as_json else to_text(document))
    if problems:
        sys.exit(1)
