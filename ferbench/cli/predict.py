"""``ferbench predict`` and ``ferbench export``: a bundle's model put to use."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ferbench.errors import FerbenchError, ParameterError

if TYPE_CHECKING:
    from ferbench.prediction.model import Model
    from ferbench.prediction.predict import Totals
    from ferbench.prediction.records import FaceRecord

PATH = click.Path(path_type=Path)
split_option = click.option("--split", metavar="NAME", help="Of a run with several splits; by default the first.")
device_option = click.option("--device", help="For every part that computes on one: auto, cpu, cuda, cuda:1.")


@click.command()
@click.argument("paths", nargs=-1, type=PATH, metavar="PATH...")
@click.option("--model", "bundle", required=True, type=PATH, metavar="BUNDLE", help="The folder that a run left.")
@click.option("--camera", type=click.IntRange(0), metavar="N", help="Watch camera N; Ctrl-C ends it.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="Watch the camera so long.")
@click.option("--detector", help="Name (ferbench list detectors); by default the run's own.")
@click.option("--set", "settings", multiple=True, metavar="detector.PARAM=VALUE", help="Of the detector; repeat.")
@click.option("--faces", type=click.Choice(["all", "largest"]), default="all", show_default=True, help="Of a picture.")
@click.option("--out", type=PATH, metavar="DIR", help="Pictures and videos with boxes and labels; a timeline a video.")
@click.option("--csv", "table", type=PATH, metavar="FILE", help="A row a face and frame.")
@click.option("--classifier", metavar="LABEL", help="Of a pipeline with several; by default the first.")
@split_option
@device_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def predict(
    paths: tuple[Path, ...],
    bundle: Path,
    camera: int | None,
    seconds: float | None,
    detector: str | None,
    settings: tuple[str, ...],
    faces: Literal["all", "largest"],
    out: Path | None,
    table: Path | None,
    classifier: str | None,
    split: str | None,
    device: str | None,
    as_json: bool,
) -> None:
    """Label the faces in PATHs with a bundle's model: images, videos, folders of them, patterns; or a camera's."""
    if bool(paths) == (camera is not None):
        raise ParameterError("predict needs something to look at", fix="give PATHs, or --camera N, one of the two")
    if strange := [one for one in settings if not one.startswith("detector.")]:
        raise ParameterError(f"--set {strange[0]} is not of the detector", fix="--set detector.PARAMETER=VALUE")

    from ferbench.components.pipeline import settings_of
    from ferbench.media import pictures, video
    from ferbench.prediction import records
    from ferbench.prediction.model import load
    from ferbench.prediction.predict import Predictor
    from ferbench.support.processes import keep_memory
    from ferbench.support.progress import Reporter

    model = load(
        bundle,
        split=split,
        classifier=classifier,
        detector=detector,
        settings=settings_of(settings, "detector"),
        device=device,
    )
    model.prepare()
    reporter = Reporter()
    for note in model.notes:
        reporter.warn(note)
    problems: list[FerbenchError] = []

    def on_error(error: FerbenchError) -> None:
        problems.append(error)
        _one_line(error)

    files, errors = pictures.expand(paths, (*pictures.SUFFIXES, *video.SUFFIXES))
    for error in errors:
        on_error(error)
    with ExitStack() as stack:
        classes = model.classes_.tolist()
        csv_writer = stack.enter_context(records.csv_file(table, classes, model.scale)) if table else None
        json_writer = records.JsonWriter(sys.stdout, _described(model), classes) if as_json else None

        def on_face(record: FaceRecord) -> None:
            if csv_writer:
                csv_writer.add(record)
            if json_writer:
                json_writer.add(record)
            elif record.frame is None:
                click.echo(_as_line(record))

        keep_memory()
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
@click.argument("bundle", type=PATH)
@click.option("--onnx", is_flag=True, required=True, help="As ONNX: the one format there is.")
@click.option("--out", type=PATH, metavar="FILE", help="By default embedder.onnx in the bundle.")
@split_option
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def export(bundle: Path, onnx: bool, out: Path | None, split: str | None, as_json: bool) -> None:
    """Write the embedder of BUNDLE as one ONNX graph, from crop to embedding, checked against the original."""
    from ferbench.prediction import onnx as prediction_onnx
    from ferbench.support.progress import Reporter

    said = prediction_onnx.export(bundle, out, split, Reporter())
    if as_json:
        click.echo(json.dumps(said))
    else:
        click.echo(
            f"{said['file']}: {said['input']} -> {said['output']}; on {said['crops']} crops it differs by "
            f"{said['difference']:.1e} at most from the original"
        )


def _described(model: Model) -> dict[str, Any]:
    return {"name": model.name, "classes": model.classes_.tolist(), "kind": model.scale}


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


def _one_line(error: FerbenchError) -> None:
    text = " ".join(f"{error.what} ({error.fix})".split())
    click.echo(f"{click.style('error:', fg='red', bold=True)} {text}", err=True)
