"""``leaks.csv`` of a bundle: the test images that training had seen in some form, each with its evidence."""

from __future__ import annotations

import csv
import io

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Predictions
from ferbench.errors import BundleError

COLUMNS = ("id", "split", "shares", "with")


def mask(csv_text: str, predictions: Predictions, where: str) -> NDArray[np.bool_]:
    """bool [M]: which of the predictions' samples leak. Raises ``BundleError`` that names ``where`` and the line."""
    place = {
        key: row for row, key in enumerate(zip(predictions.ids.tolist(), predictions.splits.tolist(), strict=True))
    }
    found = np.zeros(len(predictions), np.bool_)
    for number, row in enumerate(csv.reader(io.StringIO(csv_text)), start=1):
        if number == 1 and tuple(row) == COLUMNS:
            continue
        index = place.get((row[0], row[1])) if len(row) == len(COLUMNS) and number > 1 else None
        if index is None or found[index]:
            raise BundleError(
                f"{where}, line {number}: no test sample of this result, or one that is there twice",
                fix="restore the file that ferbench wrote, or run it again",
            )
        found[index] = True
    return found
