"""FER+'s table of votes, ``fer2013new.csv``, and the rules that make one label of ten votes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Labels
from ferbench.errors import DataError
from ferbench_datasets._archives import Tree, printable, read
from ferbench_datasets._fer2013_rows import USAGES
from ferbench_datasets._problems import Problems
from ferbench_datasets._release import EXPRESSIONS
from ferbench_datasets._sources import FERPLUS

Rule = Literal["majority", "argmax"]

TABLE = "fer2013new.csv"
CLASSES = EXPRESSIONS
#: The columns of the votes, in the table's order, and the class of each; the last two are no expression.
COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "nf")
LABELS = np.array([6, 3, 5, 4, 0, 1, 2, 7, -1, -2], dtype=np.int64)
#: What stands for a label where there is none.
UNKNOWN, NO_FACE, NO_MAJORITY = -1, -2, -3
#: The true table has 1.6 MB.
MAX_FILE = 64 << 20
#: Ten people voted, each once.
VOTERS = 10

FIX = (
    f"put fer2013new.csv ({FERPLUS.homepage}; terms: {FERPLUS.licence}) and FER2013 into one folder and pass that: "
    "--data FOLDER. FER2013 is fer2013.csv, icml_face_data.csv or fer2013.tar.gz, which you get, after accepting the "
    "competition's rules, at "
    "https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge"
)


@dataclass(frozen=True)
class Votes:
    """The table's N rows: ``usages`` int64 [N] indices into ``USAGES``, ``counts`` uint8 [N, 10] as ``COLUMNS``."""

    usages: NDArray[np.int64]
    counts: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.usages)


def read_votes(tree: Tree, name: str) -> Votes:
    """The votes in the table ``name``. Raises ``DataError`` that names every bad line."""
    where, problems = tree.where(name), Problems()
    lines = read(tree, name, limit=MAX_FILE, fix=FIX).split(b"\n")
    first = lines[0].removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    header = [column.strip(' "\r').lower() for column in first.split(",")]
    missing = [column for column in ("usage", *COLUMNS) if column not in header]
    if missing:
        shown = printable(", ".join(header)[:80])
        raise DataError(f"{where}, line 1: the header lacks {', '.join(missing)} (it begins: {shown})", fix=FIX)
    columns = [header.index(column) for column in ("usage", *COLUMNS)]
    usages: list[int] = []
    counts = bytearray()
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        try:
            usage, votes = _row(line, columns, len(header))
        except ValueError as error:
            problems.add(f"line {number}", str(error))
            continue
        usages.append(usage)
        counts.extend(votes)
    problems.check(where, fix=FIX)
    if not usages:
        raise DataError(f"{where} has a header but no rows", fix=FIX)
    return Votes(np.array(usages, dtype=np.int64), np.frombuffer(bytes(counts), np.uint8).reshape(-1, len(COLUMNS)))


def labels_of(votes: NDArray[np.uint8], rule: Rule) -> Labels:
    """One label for each row of votes uint8 [N, 10]: int64 [N], an index into ``CLASSES`` or a negative number.

    - "majority" is the rule of FER+'s authors: a class with a single vote loses it, and the class with most votes must
      have more than half of those that remain, else the label is ``NO_MAJORITY``.
    - "argmax" takes the class with most votes, the first in the table's order among equals.

    In both an image that is most of all unknown, or no face, has the label ``UNKNOWN`` or ``NO_FACE``.
    """
    counts = votes.astype(np.int64)
    if rule == "majority":
        counts[counts == 1] = 0
    labels: Labels = LABELS[counts.argmax(axis=1)]
    if rule == "majority":
        labels[2 * counts.max(axis=1) <= counts.sum(axis=1)] = NO_MAJORITY
    return labels


_USAGES = {usage.lower().encode(): index for index, usage in enumerate(USAGES)}
_NUMBERS = {str(number).encode(): number for number in range(VOTERS + 1)}


def _row(line: bytes, columns: list[int], width: int) -> tuple[int, list[int]]:
    """Usage and votes of a line. Raises ``ValueError`` that says what is wrong with it."""
    fields = [field.strip(b' "\r') for field in line.split(b",")]
    if len(fields) != width:
        raise ValueError(f"{len(fields)} columns, not {width}")
    usage, *votes = (fields[column] for column in columns)
    if usage.lower() not in _USAGES:
        raise ValueError(f"Usage is {_shown(usage)}, not Training, PublicTest or PrivateTest")
    odd = next((vote for vote in votes if vote not in _NUMBERS), None)
    if odd is not None:
        raise ValueError(f"a vote is {_shown(odd)}, not a number from 0 to {VOTERS}")
    return _USAGES[usage.lower()], [_NUMBERS[vote] for vote in votes]


def _shown(field: bytes) -> str:
    text = field.decode("ascii", "backslashreplace")
    return f"'{text}'" if len(text) <= 24 else f"'{text[:24]}...'"
