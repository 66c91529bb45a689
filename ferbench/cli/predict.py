"""``ferbench predict`` and ``ferbench export``: a bundle's model put to use."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferbench.cli import options
from ferbench.cli.screen import error_line
from ferbench.components.settings import parameters_by_component
from ferbench.errors import FerbenchError, ParameterError

if TYPE_CHECKING:
    from ferbench.prediction.predict import Totals, WhichFaces
    from ferbench.prediction.records import FaceRecord


@click.command()
@click.argument("paths", nargs=-1, type=options.PATH, metavar="PATH...")
@click.option(
    "--model", "bundle", required=True, type=options.PATH, metavar="BUNDLE", help="The folder that a run saved."
)
@click.option("--camera", type=click.IntRange(0), metavar="N", help="Watch camera N; Ctrl-C ends it.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Stop after this many seconds.")
@click.option("--detector", help="Name (ferbench list detectors); by default the run's own.")
@options.settings("detector")
@click.option(
    "--faces",
    type=click.Choice(["all", "largest"]),
    default="all",
    show_default=True,
    help="Which faces to label in each picture.",
)
@click.option(
    "--out",
    type=options.PATH,
    metavar="DIR",
    help="Write pictures and videos with boxes and labels, and one timeline per video, to this folder.",
)
@click.option("--csv", "table", type=options.PATH, metavar="FILE", help="Write one row per face and frame to this CSV.")
@click.option(
    "--classifier", metavar="LABEL", help="Which classifier of a pipeline with several; by default the first."
)
@options.split
@options.device
@options.as_json
def predict(
    paths: tuple[Path, ...],
    bundle: Path,
    camera: int | None,
    seconds: float | None,
    settings: tuple[str, ...],
    faces: WhichFaces,
    out: Path | None,
    table: Path | None,
    as_json: bool,
    **choices: str | None,
) -> None:
    """Label the faces in PATHs (images, videos, folders, patterns) or of a camera with a bundle's model."""
    if bool(paths) == (camera is not None):
        raise ParameterError("predict needs something to look at", fix="give PATHs, or --camera N, one of the two")
    parameters = parameters_by_component(settings, ["detector"])

    from ferbench.media import pictures, video
    from ferbench.prediction import records
    from ferbench.prediction.model import load
    from ferbench.prediction.predict import Predictor
    from ferbench.support.processes import tune_malloc
    from ferbench.support.progress import Reporter

    model = load(bundle, settings=parameters["detector"], **choices)
    model.prepare()
    reporter = Reporter()
    for note in model.notes:
        reporter.warn(note)
    problems: list[FerbenchError] = []

    def on_error(error: FerbenchError) -> None:
        problems.append(error)
        error_line(error)

    files, errors = pictures.expand(paths, (*pictures.SUFFIXES, *video.SUFFIXES))
    for error in errors:
        on_error(error)
    with ExitStack() as stack:
        classes = model.classes_.tolist()
        csv_writer = stack.enter_context(records.csv_file(table, classes, model.scale)) if table else None
        facts: dict[str, Any] = {"name": model.name, "classes": classes, "kind": model.scale}
        json_writer = records.JsonWriter(sys.stdout, facts, classes) if as_json else None

        def on_face(record: FaceRecord) -> None:
            if csv_writer:
                csv_writer.add(record)
            if json_writer:
                json_writer.add(record)
            elif record.frame is None:
                click.echo(_as_line(record))

        tune_malloc()
        predictor = Predictor(model=model, reporter=reporter, on_face=on_face, on_error=on_error, faces=faces, out=out)
        totals = []
        for file_totals in predictor.files(files) if camera is None else predictor.camera(camera, seconds):
            totals.append(file_totals)
            if not as_json:
                _show(file_totals)
        if json_writer:
            json_writer.end(
                files=[vars(file_totals) for file_totals in totals],
                problems=[{"what": error.what, "fix": error.fix} for error in problems],
            )
    if table and not as_json:
        click.echo(f"table: {table}")
    if problems:
        sys.exit(1)


@click.command()
@click.argument("bundle", type=options.PATH)
@click.option("--onnx", is_flag=True, expose_value=False, help="Export as ONNX (the only format).")
@click.option("--out", type=options.PATH, metavar="FILE", help="The file; by default embedder.onnx in the bundle.")
@options.split
@options.as_json
def export(bundle: Path, out: Path | None, split: str | None, as_json: bool) -> None:
    """Write the embedder of BUNDLE as one ONNX graph, from crop to embedding, checked against the original."""
    from ferbench.prediction import onnx as prediction_onnx
    from ferbench.support.progress import Reporter

    facts = prediction_onnx.export(bundle, out, split, Reporter())
    if as_json:
        click.echo(json.dumps(facts))
    else:
        click.echo(
            f"{facts['file']}: {facts['input']} -> {facts['output']}; on {facts['crops']} crops it differs by at most "
            f"{facts['difference']:.1e} from the original"
        )


def _as_line(record: FaceRecord) -> str:
    if record.face is None:
        return f"{record.file}\t{record.label}"
    return f"{record.file}\tface {record.face}\t{record.label}\t{record.best_share:.3f}"


def _show(totals: Totals) -> None:
    """A video's line; a picture has had its own."""
    if totals.frames > 1 or any(name.endswith(".mp4") for name in totals.written):
        most_frequent = sorted(totals.labels.items(), key=lambda pair: -pair[1])
        shares = ", ".join(f"{label} {count / totals.frames:.0%}" for label, count in most_frequent)
        click.echo(f"{totals.file}\t{totals.frames:,} frames, {totals.frames_with_face:,} with a face\t{shares}")
    for name in totals.written:
        click.echo(f"  wrote {name}")
