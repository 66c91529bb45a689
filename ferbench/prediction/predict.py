"""Pictures, videos and cameras through a model: where the faces are, and their labels. Only one batch is in memory."""

import itertools
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ferbench.bundles.bundle import MISSED
from ferbench.data import Face, Images
from ferbench.errors import DataError
from ferbench.media import camera, pictures, video
from ferbench.media.frame import Frame
from ferbench.prediction.draw import draw_labels
from ferbench.prediction.model import Model
from ferbench.prediction.records import FaceRecord
from ferbench.support.naming import distinct_names
from ferbench.support.progress import Reporter

WhichFaces = Literal["all", "largest"]
LabelledFrame = tuple[Frame, list[FaceRecord]]

MAX_FACES = 64
"""Faces that are embedded together; a prediction does not depend on the others of its batch."""
MAX_FRAMES = 64
MAX_PIXELS = 1 << 25
"""Frames, and their pixels (100 MB), that wait for their faces to be embedded."""


@dataclass
class Totals:
    """One file's sums. ``labels`` counts the frames by the largest face's label; ``written`` are files in ``out``."""

    file: str
    frames: int = 0
    frames_with_face: int = 0
    faces: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def add(self, records: Sequence[FaceRecord]) -> None:
        faces = sum(record.face is not None for record in records)
        label = records[0].label
        self.frames += 1
        self.frames_with_face += faces > 0
        self.faces += faces
        self.labels[label] = self.labels.get(label, 0) + 1


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """Labels the faces in files and before cameras.

    ``faces`` says which of a frame's. ``on_face`` gets every record; ``on_error`` gets what is wrong with a file, and
    the other files still follow. Into ``out``, if given, go pictures and videos with boxes and labels (NAME.faces.png,
    NAME.faces.mp4) and a timeline per video (NAME.timeline.png).
    """

    model: Model
    reporter: Reporter
    on_face: Callable[[FaceRecord], None]
    on_error: Callable[[DataError], None]
    faces: WhichFaces = "all"
    out: Path | None = None

    def files(self, files: Sequence[Path]) -> Iterator[Totals]:
        """Goes through pictures and videos in their order, and gives the totals of each."""
        names = dict(zip(files, distinct_names((file.stem, "") for file in files), strict=True))
        for are_videos, group in itertools.groupby(files, key=lambda file: file.suffix.lower() in video.SUFFIXES):
            if are_videos:
                for file in group:
                    yield from self.video(file, names[file])
            else:
                yield from self.images({file: names[file] for file in group})

    def images(self, names: dict[Path, str]) -> Iterator[Totals]:
        """Pictures; ``names`` says what each file is called in ``out``, without a suffix."""
        done: list[Totals] = []
        with self.reporter.stage(f"{len(names):,} picture{'' if len(names) == 1 else 's'}"):
            for frame, records in label_frames(self.model, self._pictures(names), self.faces):
                totals = Totals(frame.file)
                self._count(totals, records)
                if self.out:
                    target = self.out / f"{names[Path(frame.file)]}.faces.png"
                    pictures.write_picture(target, self._drawn(frame, records))
                    totals.written.append(str(target))
                done.append(totals)
                self.reporter.advance(len(done), len(names))
        yield from done

    def video(self, file: Path, name: str) -> Iterator[Totals]:
        """A video, called ``name`` in ``out``; one that breaks counts up to there."""
        try:
            length = video.promised(file, str(file))
        except DataError as error:
            self.on_error(error)
            return
        yield from self._film(str(file), name, _frames(file), length)

    def camera(self, number: int, seconds: float | None) -> Iterator[Totals]:
        """Camera ``number``, for so many ``seconds`` or until Ctrl-C, which ends it in good order."""

        def until() -> Iterator[Frame]:
            with closing(camera.frames(number)) as frames, camera.until_interrupted() as pressed:
                for frame in frames:
                    if pressed or (seconds is not None and frame.seconds is not None and frame.seconds > seconds):
                        break
                    yield frame

        name = f"camera-{number}"
        yield from self._film(name, name, until(), None)

    def _film(self, title: str, name: str, frames: Iterator[Frame], length: int | None) -> Iterator[Totals]:
        totals = Totals(title)
        seconds = array("f")
        shares = array("f")
        no_shares = [float("nan")] * len(self.model.classes_)
        with self.reporter.stage(title), ExitStack() as stack:
            append: Callable[[float, Images], None] | None = None
            try:
                for frame, records in label_frames(self.model, frames, self.faces):
                    if self.out and append is None:
                        target = self.out / f"{name}.faces.mp4"
                        append = stack.enter_context(video.writing(target, *frame.picture.shape[:2]))
                        totals.written.append(str(target))
                    if append:
                        append(frame.seconds or 0.0, self._drawn(frame, records))
                    self._count(totals, records)
                    seconds.append(frame.seconds or 0.0)
                    shares.extend(records[0].shares or no_shares)
                    self.reporter.advance(totals.frames, length, "frames")
            except DataError as error:
                before = f"; the {totals.frames:,} frames before are predicted" if totals.frames else ""
                self.on_error(DataError(error.what + before, fix=error.fix))
        if not totals.frames:
            return
        if self.out:
            target = self.out / f"{name}.timeline.png"
            self._write_timeline(target, name, seconds, shares)
            totals.written.append(str(target))
        yield totals

    def _pictures(self, files: Iterable[Path]) -> Iterator[Frame]:
        for file in files:
            try:
                picture = pictures.read_picture(file)
            except DataError as error:
                self.on_error(error)
            else:
                yield Frame(str(file), picture)

    def _count(self, totals: Totals, records: Sequence[FaceRecord]) -> None:
        totals.add(records)
        for record in records:
            self.on_face(record)

    def _drawn(self, frame: Frame, records: Sequence[FaceRecord]) -> Images:
        return draw_labels(frame.picture, records, self.model.classes_.tolist(), self.model.scale)

    def _write_timeline(self, target: Path, name: str, seconds: Sequence[float], shares: Sequence[float]) -> None:
        from ferbench.figures import style  # matplotlib is slow to import
        from ferbench.prediction import timeline

        times = np.array(seconds, np.float32)
        rows = np.array(shares, np.float32).reshape(len(times), -1)
        classes = self.model.classes_.tolist()
        style.write(lambda: timeline.draw(name, classes, times, rows, self.model.scale), target)


def label_frames(model: Model, frames: Iterable[Frame], which: WhichFaces) -> Iterator[LabelledFrame]:
    """Each frame with its records, the largest face first and at least one (that there is no face).

    What ``frames`` raises comes after all that it gave before.
    """
    waiting: list[tuple[Frame, list[Face]]] = []
    try:
        for frame in frames:
            faces = sorted(model.find(frame.picture), key=lambda face: -face.area)
            waiting.append((frame, faces[:1] if which == "largest" else faces))
            face_count = sum(len(faces) for _, faces in waiting)
            pixel_count = sum(frame.picture.size // 3 for frame, _ in waiting)
            if face_count >= MAX_FACES or len(waiting) >= MAX_FRAMES or pixel_count >= MAX_PIXELS:
                yield from _label_batch(model, waiting)
                waiting = []
    except DataError:
        yield from _label_batch(model, waiting)
        raise
    yield from _label_batch(model, waiting)


def _label_batch(model: Model, waiting: list[tuple[Frame, list[Face]]]) -> Iterator[LabelledFrame]:
    labels, shares = model.label([model.crop(frame.picture, face) for frame, faces in waiting for face in faces])
    rows = iter(zip(labels.tolist(), shares.tolist(), strict=True))
    for frame, faces in waiting:
        where: dict[str, Any] = {"file": frame.file, "frame": frame.number, "seconds": frame.seconds}
        records = []
        for number, face in enumerate(faces, start=1):
            label, row = next(rows)
            records.append(
                FaceRecord(
                    **where, face=number, box=face.box, detector_score=face.score, label=label, shares=tuple(row)
                )
            )
        no_face = FaceRecord(**where, face=None, box=None, detector_score=None, label=MISSED, shares=())
        yield frame, records or [no_face]


def _frames(file: Path) -> Iterator[Frame]:
    with closing(video.timed(file, str(file))) as stream:
        for number, (seconds, picture) in enumerate(stream):
            yield Frame(str(file), picture, number, seconds)
