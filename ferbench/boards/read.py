"""Every bundle below a folder, each verified: what the boards are made of."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.bundles import bundle
from ferbench.bundles.bundle import Result
from ferbench.bundles.files import SUBJECTS
from ferbench.data import batches
from ferbench.support.hashing import hash_file
from ferbench.support.processes import in_order
from ferbench.verify import verify

BUNDLES_PER_TASK = 16
Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class Verified:
    """A bundle whose scores were recomputed from its predictions.

    ``result`` is without curves, splits, stored files and environment: ten thousand are held at a time. ``right`` are
    the right answers of each classifier, bool [M] sorted by split and id; ``subjects`` is the SHA-256 of the file that
    names the test images' subjects, if there is one. ``manifest_check`` says what ids, labels and splits were compared
    with (``verify.Verdict``).
    """

    folder: Path
    result: Result
    right: dict[str, NDArray[np.bool_]]
    subjects: str | None
    manifest_check: str


def read(root: Path, *, workers: int = 1, advance: Advance = lambda done, total: None) -> list[Verified]:
    """All bundles under ``root``, sorted by folder, verified by ``workers`` processes.

    ``advance`` gets (done, total). Raises ``BundleError`` for the first bundle that is refused.
    """
    folders = bundle.find(root)
    tasks = [folders[rows] for rows in batches(len(folders), BUNDLES_PER_TASK)]
    bundles: list[Verified] = []
    with closing(in_order(_verify, tasks, workers=workers)) as results:
        for verified in results:
            bundles += verified
            advance(len(bundles), len(folders))
    return bundles


def _verify(folders: Sequence[Path]) -> list[Verified]:
    return [_verify_one(folder) for folder in folders]


def _verify_one(folder: Path) -> Verified:
    result, verdict = verify.require(folder)
    large: dict[str, Any] = {"curves": {}, "splits": [], "stored": {}, "environment": {}}
    subjects = folder / SUBJECTS
    return Verified(
        folder=folder,
        result=result.model_copy(update=large),
        right={label: predictions.in_order().right for label, predictions in verdict.predictions.items()},
        subjects=hash_file(subjects) if subjects.exists() else None,
        manifest_check=verdict.manifest_check,
    )
