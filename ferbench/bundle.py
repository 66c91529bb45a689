"""A result on disk: one folder a run, written atomically, rescored whenever it is read.

result.json                 everything but the predictions, in the schema ``Result``
predictions.csv             of the first classifier, whose scores are the result
predictions/<label>.csv     of the other classifiers fitted on the same embeddings
leaks.csv                   the test images that training had seen in some form (``ferbench.leaks``)
model/<split>/              the embedder's weights and what they were trained on, and in classifiers/ each fitted
                            classifier (``ferbench.classifier_file``); need not be published
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from ferbench import leaks
from ferbench.data import Predictions, ScoresKind
from ferbench.errors import BundleError
from ferbench.metrics import MISS, LeakFree, Scores, score, score_leak_free

SCHEMA = 1
COLUMNS = ("id", "split", "label", "predicted")
MISSED = "(no face)"
LEAKS = "leaks.csv"
CLASSIFIERS = "classifiers"
LARGEST = 512 * 2**20
"""Bytes of a file of a bundle beyond which it is not read."""


class Result(BaseModel):
    """``result.json``. Times in seconds, memory in MB, shares in [0, 1]."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1]
    tier: Literal["reproduced", "rescored", "published"]
    run: str
    created: str
    seed: int
    pipeline: dict[str, Any]
    dataset: dict[str, Any]
    protocol: dict[str, Any]
    classes: list[str]
    splits: list[dict[str, Any]]
    test_digest: str
    faces: dict[str, Any]
    curves: dict[str, list[dict[str, Any]]]
    best_epochs: dict[str, int]
    stored: dict[str, dict[str, str]] = {}  # split -> classifier -> SHA-256 of its file in model/
    scores_kind: dict[str, ScoresKind]
    scores: dict[str, Scores]
    leak_free: dict[str, LeakFree] = {}  # none in results from before the audit
    notes: list[str]
    stages: dict[str, float]
    peak_memory_mb: float
    parameters: int | None
    macs: int | None = None  # multiply-accumulates of the embedder for one crop, if it says so
    images_per_second: float | None = None  # that were embedded, of the test side
    transfer: dict[str, Any] | None = None
    environment: dict[str, Any]


def predictions_file(folder: Path, label: str, first: str) -> Path:
    """Where the predictions of classifier ``label`` lie; ``first`` is the pipeline's first classifier."""
    return folder / "predictions.csv" if label == first else folder / "predictions" / f"{label}.csv"


def stored_file(model: Path, label: str) -> Path:
    """Where the fitted classifier ``label`` of a split lies; ``model`` is the split's folder in ``model/``."""
    return model / CLASSIFIERS / f"{label}.skops"


def predictions_text(predictions: Predictions) -> str:
    """The CSV of ``predictions``: ids, split, true and predicted class, one score a class with nine digits."""
    names = [*predictions.classes, MISSED]
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*COLUMNS, *predictions.classes])
    for index, row in enumerate(predictions.scores.tolist()):
        named = [names[code] for code in (predictions.labels[index], predictions.predicted[index])]
        writer.writerow([predictions.ids[index], predictions.splits[index], *named, *(f"{value:.9g}" for value in row)])
    return buffer.getvalue()


def read(folder: Path) -> Result:
    """``result.json`` of a bundle, by its schema. Raises ``BundleError``."""
    file = folder / "result.json"
    text = _text(file)
    try:
        return Result.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise BundleError(
            f"{file} does not follow schema {SCHEMA}: {place}: {first['msg']} ({error.error_count()} in all)",
            fix="run it again with this version of ferbench",
        ) from error


def read_predictions(file: Path, result: Result, kind: ScoresKind) -> Predictions:
    """A predictions file, checked against its result. Raises ``BundleError`` naming file and line."""
    columns = [*COLUMNS, *result.classes]
    try:
        table = pd.read_csv(io.StringIO(_text(file)), dtype=str, keep_default_na=False, na_filter=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise _bad(file, 1, str(error)) from error
    if list(table.columns) != columns:
        raise _bad(file, 1, f"the columns are not {', '.join(columns)}")
    if table.empty:
        raise _bad(file, 2, "there are no predictions")
    codes = {name: code for code, name in enumerate(result.classes)} | {MISSED: MISS}
    labels, predicted = table["label"].map(codes), table["predicted"].map(codes)
    scores = table[result.classes].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    for wrong, what in (
        (table.duplicated(["id", "split"]), "this sample is there twice in its split"),
        (labels.isna() | (labels == MISS), "the label is no class of this result"),
        (predicted.isna(), "the prediction is no class of this result"),
        (pd.Series(~np.isfinite(scores).all(axis=1)), "a score is no finite number"),
    ):
        if wrong.any():
            raise _bad(file, int(wrong.to_numpy().argmax()) + 2, what)
    return Predictions(
        ids=table["id"].to_numpy(np.str_),
        splits=table["split"].to_numpy(np.str_),
        labels=labels.to_numpy().astype(np.int64),
        predicted=predicted.to_numpy().astype(np.int64),
        scores=scores,
        scores_kind=kind,
        classes=tuple(result.classes),
    )


def verify(folder: Path) -> Result:
    """Recomputes every score of a bundle from its predictions. Raises ``BundleError`` where they differ."""
    result = read(folder)
    first = next(iter(result.scores), None)
    if first is None:
        raise BundleError(f"{folder} has no scores", fix="run it again")
    for label, stated in result.scores.items():
        file = predictions_file(folder, label, first)
        predictions = read_predictions(file, result, result.scores_kind[label])
        if test_digest(predictions) != result.test_digest:
            raise BundleError(
                f"{file} does not hold the test samples that {folder / 'result.json'} names by their digest",
                fix="restore the files that ferbench wrote, or run it again",
            )
        _compare(folder, label, score(predictions), stated)
        if result.leak_free:
            _verify_leak_free(folder, label, predictions, result)
    return result


def _verify_leak_free(folder: Path, label: str, predictions: Predictions, result: Result) -> None:
    """Recomputes the leak-free accuracy, and compares ``leaks.csv`` with what each split's audit counted."""
    marked = leaks.mask(_text(folder / LEAKS), predictions, str(folder / LEAKS))
    for split in result.splits:
        counted, listed = split["leaks"]["test_images"], int(marked[predictions.splits == split["split"]].sum())
        if counted != listed:
            raise BundleError(
                f"{folder / LEAKS} lists {listed} test images of split '{split['split']}', its audit counted {counted}",
                fix="restore the files that ferbench wrote, or run it again",
            )
    if label not in result.leak_free:
        raise BundleError(f"{folder} has no leak-free accuracy of {label}", fix="run it again")
    _compare(folder, label, score_leak_free(predictions, marked), result.leak_free[label], "leak-free ")


def _compare(folder: Path, label: str, computed: BaseModel, stated: BaseModel, which: str = "") -> None:
    for name, value in computed.model_dump().items():
        if not _close(value, getattr(stated, name)):
            raise BundleError(
                f"{folder / 'result.json'} says {which}{name} = {getattr(stated, name)} for {label}, "
                f"its predictions give {value}",
                fix="restore the files that ferbench wrote, or run it again",
            )


def test_digest(predictions: Predictions) -> str:
    """SHA-256 over split, sample id and true label of all test samples, whatever their order."""
    rows = zip(predictions.splits.tolist(), predictions.ids.tolist(), predictions.labels.tolist(), strict=True)
    lines = sorted(f"{split}\t{sample}\t{predictions.classes[label]}" for split, sample, label in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def find(root: Path) -> list[Path]:
    """All bundle folders under ``root``, sorted."""
    return sorted(file.parent for file in root.rglob("result.json"))


def place(result: Mapping[str, Any]) -> Path:
    """A bundle's folder below a results root: dataset-classes/protocol/pipeline/run."""
    dataset = f"{result['dataset']['name']}-{len(result['classes'])}"
    return Path(dataset, result["protocol"]["name"], result["pipeline"]["name"], result["run"])


def _close(value: Any, stated: Any) -> bool:
    if isinstance(value, list | tuple) and stated is not None:
        return len(value) == len(stated) and all(_close(a, b) for a, b in zip(value, stated, strict=True))
    if isinstance(value, float) and stated is not None:
        return math.isclose(value, stated, abs_tol=1e-9)
    return bool(value == stated)


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > LARGEST:
            raise BundleError(f"{file} is larger than {LARGEST} bytes", fix="a bundle's files are small; check it")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(
            f"{file} cannot be read: {getattr(error, 'strerror', None) or error}",
            fix="give the folder that 'ferbench run' printed at its end",
        ) from error


def _bad(file: Path, line: int, what: str) -> BundleError:
    return BundleError(f"{file}, line {line}: {what}", fix="restore the file that ferbench wrote, or run it again")
