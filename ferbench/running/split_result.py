"""What one split of a run gave, kept in the unfinished run's folder: a finished split is never trained again."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Labels, Predictions, Samples, ScoresKind, Split
from ferbench.support.atomic import replacing, write_json

FACTS = "split.json"
ARRAYS = "split.npz"


@dataclass(frozen=True, kw_only=True)
class SplitResult:
    """What came of one split.

    By classifier label: ``predictions``, ``estimators`` (the class and distribution that solved it) and ``stored``
    (SHA-256 of the classifier's file, if it could be stored). Of the embedder: the training ``curve`` and
    ``best_epoch`` if it is trained, ``weight_count`` and ``macs`` if it gives them, and the seconds in which it
    embedded the test side.
    """

    predictions: dict[str, Predictions]
    estimators: dict[str, str]
    stored: dict[str, str]
    curve: list[dict[str, Any]]
    best_epoch: int | None
    notes: list[str]
    weight_count: int | None
    macs: int | None
    embedding_seconds: float


def predictions_of(
    split: Split, samples: Samples, predicted: Labels, scores: NDArray[np.float64], kind: ScoresKind
) -> Predictions:
    """``Predictions`` of the test side of ``split``: int64 [M] and float64 [M, C]."""
    return Predictions(
        ids=samples.ids[split.test],
        splits=np.full(len(split.test), split.name),
        labels=samples.labels[split.test],
        predicted=predicted,
        scores=scores,
        scores_kind=kind,
        classes=samples.classes,
    )


def keep(result: SplitResult, folder: Path) -> None:
    """Writes ``result`` into ``folder`` and clears what the training kept there to be resumed. ``StorageError``."""
    arrays: dict[str, NDArray[Any]] = {}
    for number, predictions in enumerate(result.predictions.values()):
        arrays |= {f"predicted{number}": predictions.predicted, f"scores{number}": predictions.scores}
    with replacing(folder / ARRAYS) as fresh:
        np.savez(fresh, allow_pickle=False, **arrays)
    kinds = {label: predictions.scores_kind for label, predictions in result.predictions.items()}
    write_json(folder / FACTS, {**vars(result), "predictions": kinds})  # written last: it marks the split as finished
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
            label: predictions_of(split, samples, arrays[f"predicted{number}"], arrays[f"scores{number}"], kind)
            for number, (label, kind) in enumerate(facts["predictions"].items())
        }
    return SplitResult(**facts)
