"""``leaks.csv`` of a bundle: the test images that training had seen in some form, each with its evidence."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Predictions, Samples
from ferbench.errors import BundleError
from ferbench.leakage.audit import KINDS, Audit

COLUMNS = ("id", "split", "shares", "with")


def text(audits: Sequence[Audit], samples: Samples) -> str:
    """The CSV: test sample, split, what it shares (such as "near+subject"), and the strongest such sample's id."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for audit in audits:
        shares: dict[int, dict[str, int]] = {row: {} for row in audit.leaks.tolist()}
        for kind in KINDS:
            for one in audit.between:
                found = one.findings[kind]
                if found and one.later == "test" and one.earlier in audit.seen:
                    for row, partner in zip(found.rows.tolist(), found.partners.tolist(), strict=True):
                        shares[row].setdefault(kind, partner)
        for row, kinds in shares.items():
            partner = next(iter(kinds.values()))
            writer.writerow([samples.ids[row], audit.split.name, "+".join(kinds), samples.ids[partner]])
    return buffer.getvalue()


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
