"""FER2013 as a csv: ``emotion,pixels,Usage`` in any order of columns, one image a line, 2,304 numbers each.

A line is parsed as soon as it is read, so that the 300 MB of text are never in memory: only the pixels are, as
uint8 (83 MB for the whole release).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import IO

import numpy as np

from ferbench.data import Images
from ferbench.errors import DataError
from ferbench_datasets._archives import printable, reading
from ferbench_datasets._fer2013_rows import CLASSES, FIX, OFFICIAL, SIZE, USAGES, Rows
from ferbench_datasets._problems import Problems

COLUMNS = ("emotion", "pixels", "usage")
PIXELS = SIZE * SIZE
#: The longest line of a true file has about 9,230 bytes; a longer one than this is not kept in memory.
MAX_LINE = 1 << 16
#: More rows than any FER2013 has (35,887): a file of the wrong kind, not to be read to its end.
MAX_ROWS = 8 * int(OFFICIAL.sum())

_USAGES = {usage.lower().encode(): index for index, usage in enumerate(USAGES)}
_LABELS = {str(label).encode(): label for label in range(len(CLASSES))}


class ArrayImages:
    """Images held as one array uint8 [N, 48, 48]."""

    def __init__(self, pixels: Images) -> None:
        self._pixels = pixels

    def __len__(self) -> int:
        return len(self._pixels)

    def read(self, index: int) -> Images:
        """Image ``index`` as uint8 [48, 48], a read-only view."""
        image: Images = self._pixels[index]
        return image


def read_csv(file: IO[bytes], name: str) -> Rows:
    """The rows of an open csv; ``name`` stands for it in errors. The number of an image is its row, from 0.

    Raises ``DataError`` that names every bad line.
    """
    problems = Problems()
    lines = _lines(file, name)
    columns = _columns(next(lines, (1, b""))[1], name)
    pixels = np.empty((int(OFFICIAL.sum()), PIXELS), dtype=np.uint8)  # memory is touched only where rows are written
    usages: list[int] = []
    labels: list[int] = []
    rows = 0
    for number, line in lines:
        if not line.strip():
            continue
        rows += 1
        if rows > MAX_ROWS:
            raise DataError(f"{name} has more than {MAX_ROWS:,} rows; FER2013 has {OFFICIAL.sum():,}", fix=FIX)
        if problems.count == 0 and rows > len(pixels):
            pixels.resize((2 * len(pixels), PIXELS), refcheck=False)
        try:
            usage, label, values = _row(line, columns)
        except ValueError as error:
            cut = "" if line.endswith(b"\n") or len(line) >= MAX_LINE else " (the last line: is the file cut off?)"
            problems.add(f"line {number}", f"{error}{cut}")
            continue
        if problems.count == 0:  # else there will be no result, only the list of what is wrong
            usages.append(usage)
            labels.append(label)
            pixels[rows - 1] = values
    problems.check(name, fix=FIX)
    if not rows:
        raise DataError(f"{name} has a header but no rows", fix=FIX)
    pixels.resize((rows, PIXELS), refcheck=False)
    return _sorted(np.array(usages), np.array(labels), pixels)


def _sorted(usages: np.ndarray, labels: np.ndarray, pixels: Images) -> Rows:
    notes: tuple[str, ...] = ()
    numbers = np.arange(len(usages))
    if (np.diff(usages) < 0).any():
        notes = (
            "the rows of this csv are not in the official order (Training, PublicTest, PrivateTest): its sample ids "
            "are not those of other copies",
        )
        numbers = np.argsort(usages, kind="stable")
        usages, labels, pixels = usages[numbers], labels[numbers], pixels[numbers]
    pixels.flags.writeable = False
    digest = hashlib.sha256(pixels.data).hexdigest()
    images = ArrayImages(pixels.reshape(-1, SIZE, SIZE))
    return Rows(usages, numbers, labels, images, digest, notes=notes)


def _lines(file: IO[bytes], name: str) -> Iterator[tuple[int, bytes]]:
    """Numbers lines from 1. Of a line longer than ``MAX_LINE`` only the first ``MAX_LINE`` bytes are given."""
    number = 0
    while line := _line(file, name):
        number += 1
        yield number, line
        while len(line) == MAX_LINE and not line.endswith(b"\n"):
            line = _line(file, name)


def _line(file: IO[bytes], name: str) -> bytes:
    with reading(name, fix=FIX):
        return file.readline(MAX_LINE)


def _columns(header: bytes, name: str) -> tuple[int, int, int, int]:
    """Where emotion, pixels and usage are, and how many columns there are."""
    if not header.strip():
        raise DataError(f"{name} is empty, or begins with an empty line", fix=FIX)
    names = [
        column.strip(' "\r\n').lower() for column in header.removeprefix(b"\xef\xbb\xbf").decode("latin-1").split(",")
    ]
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        shown = printable(", ".join(names)[:80])
        raise DataError(
            f"{name}, line 1: the header lacks {', '.join(missing)} (it begins: {shown}); "
            "a FER2013 csv has the columns emotion, pixels and Usage",
            fix=FIX,
        )
    emotion, pixels, usage = (names.index(column) for column in COLUMNS)
    return emotion, pixels, usage, len(names)


def _row(line: bytes, columns: tuple[int, int, int, int]) -> tuple[int, int, np.ndarray]:
    """Usage, label and 2,304 pixels of a line. Raises ``ValueError`` that says what is wrong with it."""
    emotion, pixels, usage, width = columns
    if len(line) >= MAX_LINE:
        raise ValueError(f"longer than {MAX_LINE:,} bytes")
    fields = line.split(b",")
    if len(fields) != width:
        raise ValueError(f"{len(fields)} columns, not {width}")
    partition = _USAGES.get(fields[usage].strip(b' "\r\n').lower())
    if partition is None:
        raise ValueError(f"Usage is {_shown(fields[usage])}, not Training, PublicTest or PrivateTest")
    label = _LABELS.get(fields[emotion].strip(b' "\r\n'))
    if label is None:
        raise ValueError(f"emotion is {_shown(fields[emotion])}, not a number from 0 to {len(CLASSES) - 1}")
    return partition, label, _pixels(fields[pixels].strip(b' "\r\n'))


def _pixels(field: bytes) -> np.ndarray:
    if field.translate(None, b"0123456789 "):
        odd = next(value for value in field.split(b" ") if value and not value.isdigit())
        raise ValueError(f"pixel {_shown(odd)} is not an integer in 0..255")
    # 1.1 s for the whole release, a quarter of any way by str.split; the check above leaves it nothing to misread
    values = np.fromstring(field, dtype=np.int64, sep=" ") if field else np.empty(0, dtype=np.int64)
    if len(values) != PIXELS:
        raise ValueError(f"{len(values):,} pixels, not {PIXELS:,}")
    if values.max() > 255 or values.min() < 0:  # a number too long for int64 comes out as either
        raise ValueError(f"pixel {values.max()} is not an integer in 0..255")
    return values


def _shown(field: bytes) -> str:
    text = field.strip().decode("ascii", "backslashreplace")
    return f"'{text}'" if len(text) <= 24 else f"'{text[:24]}...'"
