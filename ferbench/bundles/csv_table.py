"""The CSV files of a bundle: written alike, read with limits, each fault reported with its file and line."""

import csv
import io
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.bundles import files
from ferbench.data import Labels
from ferbench.errors import BundleError, printable

MAX_LINE_CHARS = 4000
MAX_LINES = 1_000_000


def to_csv(rows: Iterable[Sequence[Any]]) -> str:
    """The text of ``rows``, one per line."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def read_columns(file: Path, columns: Sequence[str]) -> dict[str, list[str]]:
    """A CSV with exactly these columns, one record per line. Raises ``BundleError`` with file and line."""
    text = files.text(file)
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        raise bad_line(file, MAX_LINES, f"there are {len(lines):,} lines, more than any dataset needs")
    if next(csv.reader([lines[0][:MAX_LINE_CHARS]]), []) != list(columns):
        raise bad_line(file, 1, f"the columns are not {', '.join(columns)}")
    for number, line in enumerate(lines, start=1):
        if len(line) > MAX_LINE_CHARS:
            raise bad_line(file, number, f"it has {len(line):,} characters")
        if not line.isprintable():
            raise bad_line(file, number, f"a control or invisible character: {line[:100]!r}")
    rows = _quoted_rows(file, lines[1:-1]) if '"' in text else [line.split(",") for line in lines[1:-1]]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(columns):
            raise bad_line(file, number, "a record is not one line of as many fields as there are columns")
    if len(rows) != len(lines) - 2 or lines[-1]:
        raise bad_line(file, len(lines), "a record is not one line of as many fields as there are columns")
    return {name: [row[index] for row in rows] for index, name in enumerate(columns)}


def require_unique(file: Path, keys: Iterable[Hashable], problem: str) -> None:
    """Raises ``BundleError`` with ``problem`` and the line if one of ``keys``, one per record, is repeated."""
    seen = set[Hashable]()
    for number, key in enumerate(keys, start=2):
        if key in seen:
            raise bad_line(file, number, problem)
        seen.add(key)


def to_codes(file: Path, names: Sequence[str], codes: Mapping[str, int], problem: str) -> Labels:
    """The code of each of ``names`` as int64 [M]. Raises ``BundleError`` with ``problem`` for a name without one."""
    for number, name in enumerate(names, start=2):
        if name not in codes:
            raise bad_line(file, number, problem)
    return np.array([codes[name] for name in names], np.int64)


def to_numbers(file: Path, texts: Sequence[str]) -> NDArray[np.float64]:
    """float64 [M]. Raises ``BundleError`` for what is not a finite number."""
    numbers = np.array([_number(text) for text in texts])
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        raise bad_line(file, int(wrong.argmax()) + 2, "a score is not a finite number")
    return numbers


def bad_line(file: Path, number: int, problem: str) -> BundleError:
    """The error about one line of a bundle's CSV."""
    return BundleError(f"{file}, line {number}: {printable(problem)}", fix=files.FIX)


def _quoted_rows(file: Path, lines: Sequence[str]) -> list[list[str]]:
    reader = csv.reader(lines, strict=True)
    try:
        return list(reader)
    except csv.Error as error:
        raise bad_line(file, reader.line_num + 1, str(error)) from error


def _number(text: str) -> float:
    """NaN for what is not a number, and for "1_0", which only Python reads as one."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
