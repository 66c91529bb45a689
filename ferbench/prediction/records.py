"""The rows of a prediction, one per face and frame, as CSV and JSON.

Both are written row by row, so that a long video takes no more memory than a short one.
"""

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
class FaceRecord:
    """One face of a frame and its label; or, where ``face`` is ``None``, that the frame has no face.

    ``face`` counts the frame's faces from 1, the largest first; ``box`` is (left, top, right, bottom) in pixels,
    ``detector_score`` the detector's own; ``shares`` has a number per class, in the units of ``Model.scale``.
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
    def best_share(self) -> float:
        return max(self.shares)

    def to_dict(self, classes: Sequence[str]) -> dict[str, Any]:
        """For JSON: the shares by class, ``null`` for what there is not."""
        values = {name: value for name, value in vars(self).items() if name != "shares"}
        scores = {name: round(value, 6) for name, value in zip(classes, self.shares, strict=False)}
        return {**values, "scores": scores or None}


class CsvWriter:
    """Writes records as CSV.

    The last columns are named after the scale and the classes: ``probability_happy``, or ``softmax_happy``.
    """

    def __init__(self, file: IO[str], classes: Sequence[str], scale: Scale) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow([*COLUMNS, *(f"{scale}_{name}" for name in classes)])
        self._no_shares = [""] * len(classes)

    def add(self, record: FaceRecord) -> None:
        """One more row; boxes with a tenth of a pixel, shares with six digits."""
        frame = "" if record.frame is None else record.frame
        seconds = "" if record.seconds is None else f"{record.seconds:.3f}"
        face = "" if record.face is None else record.face
        box = [f"{value:.1f}" for value in record.box] if record.box else [""] * 4
        score = "" if record.detector_score is None else f"{record.detector_score:.4f}"
        shares = [f"{value:.6f}" for value in record.shares] or self._no_shares
        self._writer.writerow([record.file, frame, seconds, face, *box, score, record.label, *shares])


@contextmanager
def csv_file(target: Path, classes: Sequence[str], scale: Scale) -> Iterator[CsvWriter]:
    """A ``CsvWriter`` whose file is put in place when the block ends without an error. Raises ``StorageError``."""
    with replacing(target) as fresh, fresh.open("w", encoding="utf-8", newline="") as file:
        yield CsvWriter(file, classes, scale)


class JsonWriter:
    """Writes one JSON document as it comes, with the keys model, faces, and whatever ``end`` is given."""

    def __init__(self, out: IO[str], model: dict[str, Any], classes: Sequence[str]) -> None:
        self._out = out
        self._classes = classes
        self._comma = ""
        out.write(f'{{"model": {json.dumps(model)},\n"faces": [')

    def add(self, record: FaceRecord) -> None:
        self._out.write(f"{self._comma}\n{json.dumps(record.to_dict(self._classes))}")
        self._comma = ","

    def end(self, **rest: Any) -> None:
        """Closes the document with the values known at the end."""
        self._out.write("\n]" + "".join(f',\n"{key}": {json.dumps(value)}' for key, value in rest.items()) + "}\n")
