"""What CI waits for each submitted bundle after start-up, compared with reading its predictions with pandas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ferbench.bundles import bundle
from ferbench.verify import verify

RESULTS = Path(__file__).parents[1] / "leaderboards" / "results"
ROWS = 3_589
FOLDERS = [folder for folder in bundle.find(RESULTS) if "fer2013-7" in folder.parts]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: "/".join(folder.parts[-2:]))
def test_verify_a_bundle(
    benchmark: Any, side_by_side: Callable[..., Any], verdict: Callable[..., None], folder: Path
) -> None:
    """Every check of a bundle of FER2013's 3,589 test images, its manifest read already: below 0.3 s."""
    files = [folder / "predictions.csv", *(folder / "predictions").glob("*.csv")]

    def ours() -> None:
        found = verify.judge(folder)
        assert (found.reasons, found.matches_manifest, found.result.scores[found.result.main_classifier].count) == (
            [],
            True,
            ROWS,
        )

    rounds = side_by_side(ours, lambda: [pd.read_csv(file) for file in files], 10)
    verdict(f"verifying {len(files)} x {ROWS:,} rows, seconds", sorted(rounds.ours)[5], below=0.3)
    benchmark.extra_info["times as long as reading the CSV"] = 1 / rounds.ratio
