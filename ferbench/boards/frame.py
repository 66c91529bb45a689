"""``ferbench.results``: the bundles below a folder as one DataFrame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ferbench.bundles import bundle
from ferbench.bundles.bundle import Result
from ferbench.errors import BundleError
from ferbench.verify.verify import verified


def results(folder: str | Path) -> pd.DataFrame:
    """One row per bundle below ``folder`` and classifier, ready for ``groupby`` and ``pivot_table``.

    Every bundle is verified first: its scores are recomputed from its predictions. ``accuracy``, ``interval_low`` and
    ``interval_high`` (Wilson, 95 %), ``macro_f1``, ``uar`` and ``leak_free`` are shares from 0 to 1; ``optimistic`` is
    the reason why the scores are, or empty. Raises ``BundleError`` if a bundle cannot be believed, or there is none.
    """
    folders = bundle.find(Path(folder))
    if not folders:
        raise BundleError(f"there are no bundles in {folder}", fix="give the folder that 'out' named in ferbench.plan")
    return pd.DataFrame([row for path in folders for row in _rows(path, verified(path))])


def _rows(path: Path, result: Result) -> list[dict[str, Any]]:
    return [
        {
            "bundle": str(path),
            "dataset": result.dataset["name"],
            "classes": len(result.classes),
            "protocol": result.protocol["name"],
            "pipeline": result.pipeline["name"],
            "seed": result.seed,
            "classifier": label,
            "accuracy": scores.accuracy,
            "interval_low": scores.interval[0],
            "interval_high": scores.interval[1],
            "macro_f1": scores.macro_f1,
            "uar": scores.uar,
            "leak_free": result.leak_free[label].accuracy,
            "test_images": scores.count,
            "selection": result.protocol["selection"],
            "optimistic": result.protocol["optimistic"] or "",
            "tier": result.tier,
            "weight_count": result.weight_count,
            "macs": result.macs,
            "images_per_second": result.images_per_second,
            "created": pd.Timestamp(result.created),
        }
        for label, scores in result.scores.items()
    ]
