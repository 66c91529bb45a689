"""``leaks.csv`` of a bundle: the test images that training had seen in some form, each with its evidence."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferbench.bundles import csv_table, files
from ferbench.data import Predictions

COLUMNS = ("id", "split", "shares", "with")
Leak = tuple[str, str, str, str]
"""One row: the test sample's id, its split, what it shares (such as "near+subject"), and with which sample."""


def to_csv(leaks: Iterable[Leak]) -> str:
    """The text of ``leaks.csv``."""
    return csv_table.to_csv([COLUMNS, *leaks])


def read(folder: Path) -> list[Leak]:
    """The leaks that a bundle lists. Raises ``BundleError`` with file and line."""
    table = csv_table.read_columns(folder / files.LEAKS, COLUMNS)
    return list(zip(table["id"], table["split"], table["shares"], table["with"], strict=True))


def mask(leaks: Iterable[Leak], predictions: Predictions, folder: Path) -> NDArray[np.bool_]:
    """bool [M]: which of the predictions' samples are among the ``leaks`` of the bundle in ``folder``.

    Raises ``BundleError`` for a leak that is not a test sample, or is listed twice.
    """
    file = folder / files.LEAKS
    samples = zip(predictions.ids.tolist(), predictions.splits.tolist(), strict=True)
    rows = {key: row for row, key in enumerate(samples)}
    marked = np.zeros(len(predictions), np.bool_)
    for number, (sample, split, _, _) in enumerate(leaks, start=2):
        row = rows.get((sample, split))
        if row is None:
            raise csv_table.bad_line(file, number, "this is not a test sample of this result")
        if marked[row]:
            raise csv_table.bad_line(file, number, "this test sample is listed twice")
        marked[row] = True
    return marked
