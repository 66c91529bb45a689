"""Pictures and videos through a model: which faces there are, and what it says of each. Nothing is held but a batch."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ferbench.data import Face, Images
from ferbench.errors import DataError
from ferbench.figures import style
from ferbench.media import camera, pictures, video
from ferbench.media.frame import Frame
from ferbench.prediction import timeline
from ferbench.prediction.draw import drawn
from ferbench.prediction.model import Model
from ferbench.prediction.records import Sighting
from ferbench.results.bundle import MISSED
from ferbench.support.progress import Reporter

Which = Literal["all", "largest"]
Seen = tuple[Frame, list[Sighting]]

FACES = 64
"""Faces that are embedded together; a prediction does not depend on its company."""
FRAMES = 64
PIXELS = 1 << 25
"""Frames, and their pixels (100 MB), that wait for their faces to be embedded."""


@dataclass
class Totals:
    """What became of one file. ``labels`` counts the largest face's label a frame; ``written`` are files in --out."""

    file: str
    frames: int = 0
    found: int = 0
    faces: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def add(self, seen: Sequence[Sighting]) -> None:
        """One more frame."""
        there = [one for one in seen if one.face is not None]
        self.frames, self.faces = self.frames + 1, self.faces + len(there)
        self.found += bool(there)
        self.labels[seen[0].label] = self.labels.get(seen[0].label, 0) + 1


def see(model: Model, frames: Iterable[Frame], which: Which) -> Iterator[Seen]:
    """Each frame with its sightings, the largest face first and at least one (that says there is no face).

    What ``frames`` raises comes after all that it gave before.
    """
    waiting: list[tuple[Frame, list[Face]]] = []
    source, failure = iter(frames), None
    while failure is None:
        try:
            frame = next(source)
        except StopIteration:
            break
        except DataError as error:
            failure = error
            break
        faces = sorted(model.find(frame.picture), key=lambda face: -face.area)
        faces = faces[:1] if which == "largest" else faces
        waiting.append((frame, faces))
        held = sum(one.picture.size // 3 for one, _ in waiting)
        if sum(len(there) for _, there in waiting) >= FACES or len(waiting) >= FRAMES or held >= PIXELS:
            yield from _labelled(model, waiting)
            waiting = []
    yield from _labelled(model, waiting)
    if failure is not None:
        raise failure


def predict(
    model: Model,
    files: Sequence[Path],
    *,
    which: Which,
    out: Path | None,
    reporter: Reporter,
    take: Callable[[Sighting], None],
    fail: Callable[[DataError], None],
) -> Iterator[Totals]:
    """Goes through ``files`` in their order, and gives the totals of each.

    ``take`` gets every sighting; ``fail`` what is wrong with a file, and the others go on. Into ``out``, if given, go
    pictures and videos with their boxes and labels (NAME.faces.png, NAME.faces.mp4) and a timeline a video
    (NAME.timeline.png). A video that breaks counts up to there.
    """
    names = _names(files) if out else {}
    for moving, group in itertools.groupby(files, key=lambda file: file.suffix.lower() in video.SUFFIXES):
        if moving:
            for file in group:
                yield from predict_film(model, _film(file), names.get(file), out, which, reporter, take, fail, file)
        else:
            yield from _stills(model, list(group), names, out, which, reporter, take, fail)


def predict_camera(
    model: Model,
    number: int,
    *,
    which: Which,
    out: Path | None,
    reporter: Reporter,
    take: Callable[[Sighting], None],
    fail: Callable[[DataError], None],
    seconds: float | None,
) -> Iterator[Totals]:
    """As ``predict`` for a camera, for so many ``seconds`` or until Ctrl-C, which ends it in good order."""

    def until() -> Iterator[Frame]:
        with closing(camera.frames(number)) as frames, camera.until_interrupted() as pressed:
            for frame in frames:
                if pressed or (seconds is not None and frame.seconds is not None and frame.seconds > seconds):
                    break
                yield frame

    yield from predict_film(model, until(), f"camera-{number}", out, which, reporter, take, fail, None)


def predict_film(
    model: Model,
    frames: Iterator[Frame],
    name: str | None,
    out: Path | None,
    which: Which,
    reporter: Reporter,
    take: Callable[[Sighting], None],
    fail: Callable[[DataError], None],
    file: Path | None,
) -> Iterator[Totals]:
    """One video or camera; ``name`` is what its files in ``out`` are called, without a suffix."""
    totals = Totals(str(file) if file else str(name))
    seconds, shares = array("f"), array("f")
    nobody = [float("nan")] * len(model.classes_)
    with reporter.stage(totals.file), ExitStack() as stack:
        append: Callable[[float, Images], None] | None = None
        try:
            length = video.promised(file, str(file)) if file else None
            for frame, seen in see(model, frames, which):
                if out and append is None:
                    target = out / f"{name}.faces.mp4"
                    append = stack.enter_context(video.writing(target, *frame.picture.shape[:2]))
                    totals.written.append(str(target))
                if append:
                    append(frame.seconds or 0.0, _drawn(model, frame, seen))
                for one in seen:
                    take(one)
                totals.add(seen)
                seconds.append(frame.seconds or 0.0)
                shares.extend(seen[0].shares or nobody)
                reporter.advance(totals.frames, length, "frames")
        except DataError as error:
            kept = f"; the {totals.frames:,} frames before are predicted" if totals.frames else ""
            fail(DataError(error.what + kept, fix=error.fix))
    if out and totals.frames:
        points = np.array(shares, np.float32).reshape(totals.frames, -1)
        title, times = str(name), np.array(seconds, np.float32)
        target = out / f"{name}.timeline.png"
        style.write(lambda: timeline.draw(title, model.classes_.tolist(), times, points, model.scale), target)
        totals.written.append(str(target))
    if totals.frames:
        yield totals


def _stills(
    model: Model,
    files: Sequence[Path],
    names: dict[Path, str],
    out: Path | None,
    which: Which,
    reporter: Reporter,
    take: Callable[[Sighting], None],
    fail: Callable[[DataError], None],
) -> Iterator[Totals]:
    def read() -> Iterator[Frame]:
        for file in files:
            try:
                picture = pictures.read_picture(file)
            except DataError as error:
                fail(error)
                continue
            yield Frame(str(file), picture)

    done: list[Totals] = []
    with reporter.stage(f"{len(files):,} picture{'s' * (len(files) != 1)}"):
        for frame, seen in see(model, read(), which):
            totals = Totals(frame.file)
            totals.add(seen)
            for one in seen:
                take(one)
            if out:
                target = out / f"{names[Path(frame.file)]}.faces.png"
                pictures.write_picture(target, _drawn(model, frame, seen))
                totals.written.append(str(target))
            done.append(totals)
            reporter.advance(len(done), len(files))
    yield from done


def _labelled(model: Model, waiting: list[tuple[Frame, list[Face]]]) -> Iterator[Seen]:
    labels, shares = model.label([model.crop(frame.picture, face) for frame, faces in waiting for face in faces])
    rows = iter(zip(labels.tolist(), shares.tolist(), strict=True))
    for frame, faces in waiting:
        where: dict[str, Any] = {"file": frame.file, "frame": frame.number, "seconds": frame.seconds}
        seen = []
        for number, face in enumerate(faces, start=1):
            label, row = next(rows)
            seen.append(
                Sighting(**where, face=number, box=face.box, detector_score=face.score, label=label, shares=tuple(row))
            )
        nobody = Sighting(**where, face=None, box=None, detector_score=None, label=MISSED, shares=())
        yield frame, seen or [nobody]


def _film(file: Path) -> Iterator[Frame]:
    with closing(video.timed(file, str(file))) as stream:
        for number, (seconds, picture) in enumerate(stream):
            yield Frame(str(file), picture, number, seconds)


def _drawn(model: Model, frame: Frame, seen: Sequence[Sighting]) -> Images:
    return drawn(frame.picture, seen, model.classes_.tolist(), model.scale)


def _names(files: Sequence[Path]) -> dict[Path, str]:
    """What each file is called in ``out``: its name without a suffix, with a number where two would be called so."""
    taken: set[str] = set()
    names = {}
    for file in files:
        name = next(
            one
            for one in itertools.chain([file.stem], (f"{file.stem}-{count}" for count in itertools.count(2)))
            if one not in taken
        )
        taken.add(name)
        names[file] = name
    return names
