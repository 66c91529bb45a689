"""Faces in pictures and frames, and what the model said of each: the rows of a prediction, as CSV and JSON.

Both are written row by row, so that a long video takes no more memory than a short one.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ferbench.data import Scale
from ferbench.support.atomic import replacing

COLUMNS = ("file", "frame", "seconds", "face", "left", "top", "right", "bottom", "detector_score", "label")


@dataclass(frozen=True)
class Sighting:
    """One face of a frame, or, where ``face`` is ``None``, that the frame has none.

    ``face`` counts the frame's faces from 1, the largest first; ``box`` is (left, top, right, bottom) in pixels,
    ``detector_score`` the detector's own; ``shares`` has a probability a class, in the units of ``Model.scale``.
    """

    file: str
    frame: int | None
    seconds: float | None
    face: int | None
    box: tuple[float, float, float, float] | None
    detector_score: float | None
    label: str
    shares: tuple[float, ...]

    @property
    def best(self) -> float:
        """The share of the most likely class."""
        return max(self.shares)


class Table:
    """Writes sightings as CSV: one row a face and frame, and one row for a frame without a face.

    The last columns are named after the scale and the classes: ``probability_happy``, or ``softmax_happy``.
    """

    def __init__(self, file: IO[str], classes: Sequence[str], scale: Scale) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow([*COLUMNS, *(f"{scale}_{name}" for name in classes)])
        self._empty = [""] * len(classes)

    def add(self, one: Sighting) -> None:
        """One more row; boxes with a tenth of a pixel, shares with six digits."""
        numbers = [f"{value:.1f}" for value in one.box] if one.box else [""] * 4
        seconds = "" if one.seconds is None else f"{one.seconds:.3f}"
        score = "" if one.detector_score is None else f"{one.detector_score:.4f}"
        shares = [f"{value:.6f}" for value in one.shares] or self._empty
        frame, face = ("" if value is None else value for value in (one.frame, one.face))
        self._writer.writerow([one.file, frame, seconds, face, *numbers, score, one.label, *shares])


@contextmanager
def table(target: Path, classes: Sequence[str], scale: Scale) -> Iterator[Table]:
    """A ``Table`` that is put in its place when the block ends without an error. Raises ``StorageError``."""
    with replacing(target) as fresh, fresh.open("w", encoding="utf-8", newline="") as file:
        yield Table(file, classes, scale)


def plain(one: Sighting, classes: Sequence[str]) -> dict[str, Any]:
    """``one`` for JSON: its shares by class, ``null`` for what it does not have."""
    shares = {name: round(value, 6) for name, value in zip(classes, one.shares, strict=False)} or None
    return {**{key: value for key, value in vars(one).items() if key != "shares"}, "scores": shares}


class Document:
    """Writes one JSON document as it comes, with the keys model, sightings, and whatever ``end`` is given."""

    def __init__(self, out: IO[str], model: dict[str, Any], classes: Sequence[str]) -> None:
        self._out, self._classes, self._comma = out, classes, ""
        out.write(f'{{"model": {json.dumps(model)},\n"sightings": [')

    def add(self, one: Sighting) -> None:
        """One more sighting."""
        self._out.write(f"{self._comma}\n{json.dumps(plain(one, self._classes))}")
        self._comma = ","

    def end(self, **rest: Any) -> None:
        """Closes the document with the values known at the end."""
        self._out.write("\n]" + "".join(f',\n"{key}": {json.dumps(value)}' for key, value in rest.items()) + "}\n")
