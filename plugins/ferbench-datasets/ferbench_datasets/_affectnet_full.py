"""AffectNet's full release: ``training.csv``, ``validation.csv`` and ``Manually_Annotated_Images/<n>/<hash>.jpg``.

A table is parsed line by line, and only the columns that are needed are kept: the 0.5 GB of landmarks are never in
memory. No image is decoded, but for those without a face box.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping
from typing import IO, NamedTuple

from ferbench.errors import DataError
from ferbench.media import MAX_SIDE
from ferbench_datasets._affectnet_rows import CODES, FIX, LABELS, TEST, TRAIN, Rows
from ferbench_datasets._archives import Tree, printable, read, reading, steps
from ferbench_datasets._images import MAX_FILE, decode
from ferbench_datasets._labelled import base, is_image, some
from ferbench_datasets._problems import Problems

TABLES = {"training.csv": TRAIN, "validation.csv": TEST}
COLUMNS = ("subdirectory_filepath", "face_x", "face_y", "face_width", "face_height", "expression")
#: The true training.csv has some 0.5 GB; a line has about 1,100 bytes.
MAX_CSV = 4 << 30
MAX_LINE = 1 << 16
#: More lines than any AffectNet has (414,800): a file of the wrong kind, not to be read to its end.
MAX_LINES = 4_000_000

Box = tuple[float, float, float, float]


class Line(NamedTuple):
    """What a line of a table says of its image; ``box`` is ``None`` where it gives no usable one."""

    code: int
    partition: str
    box: Box | None


def tables(files: Mapping[str, int]) -> dict[str, str]:
    """The tables among ``files``, with what each describes. Raises ``DataError`` if one is there twice."""
    found: dict[str, str] = {}
    for name, partition in TABLES.items():
        named = [file for file in files if base(file).lower() == name]
        if len(named) > 1:
            raise DataError(
                f"{name} is there more than once: {some(sorted(named))}", fix="pass --data with one of them"
            )
        found.update(dict.fromkeys(named, partition))
    return found


def read_full(tree: Tree, files: Mapping[str, int], name: str) -> Rows:
    """The images of the tables that are there; ``name`` stands for the tree in errors.

    Raises ``DataError`` that names every bad line and image.
    """
    rows, problems, lines = Rows("full"), Problems(), dict[str, Line]()
    again = 0
    for table, partition in tables(files).items():
        with tree.open(table, limit=MAX_CSV, fix=FIX) as file:
            for number, fields in _fields(file, tree.where(table), table, problems):
                try:
                    key, line = _line(fields, partition)
                    if LABELS[line.code] < 0:
                        rows.dropped[line.code] += 1
                    elif key in lines:
                        _check_same(key, line, lines[key])
                        again += 1
                    else:
                        lines[key] = line
                except ValueError as error:
                    problems.add(f"{table}, line {number}", str(error))
    names = _find(files, lines, problems)
    problems.check(name, fix=FIX)
    if not names:
        example = f" (such as {next(iter(lines))}.jpg)" if lines else ""
        raise DataError(f"{name} holds none of the {len(lines):,} images of its tables{example}", fix=FIX)
    lost = [key for key in lines if key not in names]
    if lost:
        rows.notes.append(
            f"left out: {len(lost):,} images of the tables whose file is missing or empty (of the release itself, one "
            f"is): {some(lost)}"
        )
    if again:
        rows.notes.append(f"{again:,} lines of the tables that name an image again are not used")
    rows.ids = [key for key in lines if key in names]
    rows.names = [names[key] for key in rows.ids]
    rows.codes = [lines[key].code for key in rows.ids]
    rows.partitions = [lines[key].partition for key in rows.ids]
    rows.boxes = _boxes(tree, rows, [lines[key].box for key in rows.ids], problems)
    problems.check(name, fix=FIX)
    return rows


def _fields(file: IO[bytes], where: str, table: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """The number (from 1) and the needed columns of each line; broken lines go into ``problems``."""
    header = _text(file, where)
    names = [name.strip(' "\r\n').lower() for name in header.removeprefix("\ufeff").split(",")]
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        shown = printable(header[:80].strip())
        raise DataError(f"{where}, line 1: the header lacks {', '.join(missing)} (it begins: {shown})", fix=FIX)
    places = [names.index(column) for column in COLUMNS]
    number = 1
    while line := _text(file, where):
        number += 1
        if number > MAX_LINES:
            raise DataError(f"{where} has more than {MAX_LINES:,} lines; AffectNet has 414,800", fix=FIX)
        fields = line.split(",")
        if len(fields) == len(names):
            yield number, [fields[place].strip(' "\r\n') for place in places]
        elif line.strip():
            cut = "" if line.endswith("\n") else " (the last line: is the file cut off?)"
            problems.add(f"{table}, line {number}", f"{len(fields)} columns, not {len(names)}{cut}")


def _text(file: IO[bytes], where: str) -> str:
    with reading(where, fix=FIX):
        line = file.readline(MAX_LINE)
    if len(line) == MAX_LINE:
        raise DataError(f"{where} has a line longer than {MAX_LINE:,} bytes: it is no table of AffectNet", fix=FIX)
    return line.decode("utf-8", "backslashreplace")


def _line(fields: list[str], partition: str) -> tuple[str, Line]:
    """An image's key and what a line says of it. Raises ``ValueError`` that says what is wrong with the line."""
    path, *numbers, expression = fields
    if not (expression.isascii() and expression.isdigit() and len(expression) < 3 and int(expression) < len(CODES)):
        raise ValueError(f"expression is {_shown(expression)}, not a number from 0 to {len(CODES) - 1}")
    code = int(expression)
    if LABELS[code] < 0:
        return "", Line(code, partition, None)
    key = _key(path)
    if key is None:
        raise ValueError(f"the image is {_shown(path)}, not like 103/0a1b.jpg")
    return key, Line(code, partition, _box(numbers))


def _check_same(key: str, line: Line, before: Line) -> None:
    """Raises ``ValueError`` if two lines say different things of one image."""
    if (line.code, line.partition) != (before.code, before.partition):
        raise ValueError(
            f"{key} is {CODES[line.code]} in {line.partition} here, {CODES[before.code]} in {before.partition} before"
        )


def _box(fields: list[str]) -> Box | None:
    """Left, top, right, bottom; ``None`` where there is none, or its sides are not positive, or it is left or above."""
    if not all(fields) or "null" in (field.lower() for field in fields):
        return None
    try:
        left, top, width, height = map(float, fields)
    except ValueError:
        raise ValueError(f"the face box is {_shown(' '.join(fields))}, not four numbers") from None
    if not all(math.isfinite(side) and abs(side) <= MAX_SIDE for side in (left, top, width, height)):
        raise ValueError(f"the face box is {_shown(' '.join(fields))}, which no image can hold")
    if min(width, height) <= 0 or left + width <= 0 or top + height <= 0:
        return None
    return left, top, left + width, top + height


def _find(files: Mapping[str, int], wanted: Container[str], problems: Problems) -> dict[str, str]:
    """Key -> file of each wanted image that is there and is not empty.

    An image is known by its folder and its name, whatever its capitals, its suffix and the folders above.
    """
    found: dict[str, str] = {}
    for file, size in files.items():
        key = _key(file) if size and is_image(file) else None
        if key is None or key not in wanted:
            continue
        if any(step.lower().startswith("automatically_annotated") for step in steps(file)):
            continue
        if key in found:
            problems.add(file, f"the same image as {found[key]}, by its name")
        found[key] = file
    return found


def _key(path: str) -> str | None:
    """``103/0a1b`` for any path that ends in ``103/0A1B.jpg``."""
    folders = steps(path)
    stem = folders[-1].rpartition(".")[0]
    key = f"{folders[-2]}/{stem}".lower() if len(folders) > 1 and folders[-2] and stem else ""
    return key if key and key.isprintable() else None


def _boxes(tree: Tree, rows: Rows, boxes: list[Box | None], problems: Problems) -> list[Box]:
    """The boxes with the whole image where there is none, which is noted."""
    whole = 0
    found: list[Box] = []
    for name, box in zip(rows.names, boxes, strict=True):
        if box is None:
            whole += 1
            box = _extent(tree, name, problems)
        found.append(box)
    if whole:
        rows.notes.append(f"{whole:,} images have no face box, or one without an area; the whole image is taken as it")
    return found


def _extent(tree: Tree, name: str, problems: Problems) -> Box:
    try:
        height, width = decode(read(tree, name, limit=MAX_FILE, fix=FIX)).shape[:2]
    except (ValueError, DataError) as error:
        problems.add(name, error.what if isinstance(error, DataError) else str(error))
        return (0.0, 0.0, 1.0, 1.0)
    return (0.0, 0.0, float(width), float(height))


def _shown(text: str) -> str:
    return f"'{text}'" if len(text) <= 60 else f"'{text[:60]}...'"
