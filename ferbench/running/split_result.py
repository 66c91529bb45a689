"""What one split of a run gave, kept in the unfinished run's folder: a finished split is never trained again."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Labels, Predictions, Samples, ScoresKind, Split
from ferbench.support.atomic import replacing, write_json

FACTS, ARRAYS = "outcome.json", "outcome.npz"


@dataclass(frozen=True)
class SplitResult:
    """A classifier's predictions by its label, the class and distribution that solved it (``estimators``), the training
    curve and the epoch kept (if trained), notes, how many numbers the embedder has and its ``macs`` (if it says so),
    the SHA-256 of each classifier that was stored, and the seconds in which the test side was embedded."""

    predictions: dict[str, Predictions]
    estimators: dict[str, str]
    curve: list[dict[str, Any]]
    best_epoch: int | None
    notes: list[str]
    weight_count: int | None
    stored: dict[str, str]
    macs: int | None
    embedding_seconds: float


def predictions(
    split: Split, samples: Samples, predicted: Labels, scores: NDArray[np.float64], kind: ScoresKind
) -> Predictions:
    """``Predictions`` of the test side of ``split``: int64 [M] and float64 [M, C]."""
    names = np.full(len(split.test), split.name)
    return Predictions(
        samples.ids[split.test], names, samples.labels[split.test], predicted, scores, kind, samples.classes
    )


def keep(outcome: SplitResult, folder: Path) -> None:
    """Writes ``outcome`` into ``folder`` and clears what the training kept there to be resumed. ``StorageError``."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, one in enumerate(outcome.predictions.values()):
        arrays |= {f"predicted{number}": one.predicted, f"scores{number}": one.scores}
    with replacing(folder / ARRAYS) as fresh:
        np.savez(fresh, allow_pickle=False, **arrays)
    kinds = {label: one.scores_kind for label, one in outcome.predictions.items()}
    write_json(folder / FACTS, {**vars(outcome), "predictions": kinds})  # the last to be written: it says all is there
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in (FACTS, ARRAYS):
            path.unlink()


def kept(folder: Path, split: Split, samples: Samples) -> SplitResult | None:
    """What ``keep`` wrote for ``split``, or ``None`` if the split is not finished."""
    if not (folder / FACTS).exists():
        return None
    facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        facts["predictions"] = {
            label: predictions(split, samples, arrays[f"predicted{number}"], arrays[f"scores{number}"], kind)
            for number, (label, kind) in enumerate(facts["predictions"].items())
        }
    return SplitResult(**facts)
