"""Which test images a bundle's classifiers have right, in an order that all bundles with the same test set share."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ferbench import bundle
from ferbench.bundle import Result
from ferbench.data import Strings
from ferbench.errors import BundleError

SUBJECTS = "subjects.csv"
Right = NDArray[np.bool_]


def right(folder: Path, result: Result) -> dict[str, Right]:
    """bool [M] for each classifier of a verified bundle, in the order of ``tested``."""
    first = next(iter(result.scores))
    found = {}
    for label in result.scores:
        table = _columns(bundle.predictions_file(folder, label, first))
        found[label] = (table["label"] == table["predicted"]).to_numpy(np.bool_)[_order(table)]
    return found


def tested(folder: Path, result: Result) -> tuple[Strings, Strings]:
    """Ids and splits [M] of a verified bundle's test set, sorted by split and then by id."""
    table = _columns(bundle.predictions_file(folder, next(iter(result.scores)), next(iter(result.scores))))
    order = _order(table)
    return table["id"].to_numpy(np.str_)[order], table["split"].to_numpy(np.str_)[order]


def subjects(folder: Path, ids: Strings) -> Strings | None:
    """The subject [M] of each of ``ids``, or ``None`` where the bundle does not name them. Raises ``BundleError``."""
    file = folder / SUBJECTS
    if not file.exists():
        return None
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False, na_filter=False)
    except (OSError, ValueError) as error:
        raise _bad(file, str(error)) from error
    if list(table.columns) != ["id", "subject"] or table.duplicated("id").any():
        raise _bad(file, "it should have the columns id and subject, and each id once")
    found = pd.Series(ids).map(dict(zip(table["id"], table["subject"], strict=True)))
    if found.isna().any():
        raise _bad(file, f"there is no subject of {ids[int(found.isna().to_numpy().argmax())]}")
    return found.to_numpy(np.str_)


def pack(answers: Right) -> bytes:
    """Eight to a byte."""
    return np.packbits(answers).tobytes()


def unpack(packed: bytes, count: int) -> Right:
    """What ``pack`` took, bool [count]."""
    return np.unpackbits(np.frombuffer(packed, np.uint8), count=count).astype(np.bool_)


def _columns(file: Path) -> pd.DataFrame:
    text = io.StringIO(file.read_text(encoding="utf-8"))
    return pd.read_csv(text, usecols=list(bundle.COLUMNS), dtype=str, keep_default_na=False, na_filter=False)


def _order(table: pd.DataFrame) -> NDArray[np.int64]:
    return np.lexsort((table["id"].to_numpy(np.str_), table["split"].to_numpy(np.str_)))


def _bad(file: Path, what: str) -> BundleError:
    return BundleError(f"{file} cannot be used: {what}", fix="restore the file that ferbench wrote, or remove it")
