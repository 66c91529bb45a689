"""A result on disk: one folder a run, written atomically, rescored whenever it is read.

result.json                 everything but the predictions, in the schema ``Result``
predictions.csv             of the first classifier, whose scores are the result
predictions/<label>.csv     of the other classifiers fitted on the same embeddings
leaks.csv                   the test images that training had seen in some form (``ferbench.bundles.leak_list``)
subjects.csv                who is on each test image, where the dataset names its subjects
model/<split>/              the embedder's weights and what they were trained on, and in classifiers/ each fitted
                            classifier (``ferbench.running.classifier_file``); need not be published
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from ferbench.bundles import files, schema
from ferbench.bundles.files import SUBJECTS
from ferbench.bundles.schema import follows
from ferbench.bundles.scores import MISS, LeakFree, Scores
from ferbench.data import Labels, Predictions, ScoresKind
from ferbench.errors import BundleError, printable

SCHEMA = 1
COLUMNS = ("id", "split", "label", "predicted")
MISSED = "(no face)"
CLASSIFIERS = "classifiers"
LONGEST = 4000
"""Characters of a line of a CSV beyond which it is not parsed."""
MANY = 1_000_000
"""Lines of a CSV beyond which it is not parsed."""


class Result(BaseModel):
    """``result.json``. Times in seconds, memory in MB, shares in [0, 1]."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    schema_version: Literal[1]
    tier: Literal["reproduced", "rescored", "published"]
    run: str
    created: str
    seed: int
    pipeline: Annotated[dict[str, Any], follows(schema.PipelineFacts)]
    dataset: Annotated[dict[str, Any], follows(schema.DatasetFacts)]
    protocol: Annotated[dict[str, Any], follows(schema.ProtocolFacts)]
    classes: list[str]
    splits: list[Annotated[dict[str, Any], follows(schema.SplitFacts)]]
    test_digest: str
    faces: Annotated[dict[str, Any], follows(schema.FaceFacts)]
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
    transfer: Annotated[dict[str, Any], follows(schema.TransferFacts)] | None = None
    environment: Annotated[dict[str, Any], follows(schema.EnvironmentFacts)]
    submission: Annotated[dict[str, Any], follows(schema.SubmissionFacts)] | None = None
    rerun: Annotated[dict[str, Any], follows(schema.RerunFacts)] | None = None


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


def subjects_text(subjects: Mapping[str, str]) -> str:
    """The CSV of the test samples' ``subjects`` by id."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([("id", "subject"), *sorted(subjects.items())])
    return buffer.getvalue()


def read(folder: Path) -> Result:
    """``result.json`` of a bundle, by its schema. Raises ``BundleError``."""
    file = folder / files.RESULT
    try:
        return Result.model_validate_json(files.text(file), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise BundleError(
            printable(
                f"{file} does not follow schema {SCHEMA}: {place}: {first['msg']} ({error.error_count()} in all)"[:1000]
            ),
            fix="run it again with this version of ferbench",
        ) from error


def read_predictions(file: Path, result: Result, kind: ScoresKind) -> Predictions:
    """A predictions file, checked against its result. Raises ``BundleError`` naming file and line."""
    table = read_table(file, (*COLUMNS, *result.classes))
    if not table["id"]:
        raise bad(file, 2, "there are no predictions")
    _once(file, list(zip(table["id"], table["split"], strict=True)), "this sample is there twice in its split")
    _once(file, table["id"], "this sample is in the test side of two splits")
    codes = {name: code for code, name in enumerate(result.classes)}
    return Predictions(
        labels=_codes(file, table["label"], codes, "the label is no class of this result"),
        predicted=_codes(
            file, table["predicted"], {**codes, MISSED: MISS}, "the prediction is no class of this result"
        ),
        ids=np.array(table["id"]),
        splits=np.array(table["split"]),
        scores=np.stack([_numbers(file, table[name]) for name in result.classes], axis=1),
        scores_kind=kind,
        classes=tuple(result.classes),
    )


def read_subjects(folder: Path) -> dict[str, str] | None:
    """Each test sample's subject by its id; ``None`` where the dataset names none. Raises ``BundleError``."""
    file = folder / SUBJECTS
    if not file.exists():
        return None
    table = read_table(file, ("id", "subject"))
    _once(file, table["id"], "this sample is there twice")
    return dict(zip(table["id"], table["subject"], strict=True))


def read_table(file: Path, columns: tuple[str, ...]) -> dict[str, list[str]]:
    """A CSV with exactly these columns, one record a line. Raises ``BundleError`` naming file and line."""
    text = files.text(file)
    lines = text.split("\n")
    if len(lines) > MANY:
        raise bad(file, MANY, f"there are {len(lines):,} lines, more than any dataset needs")
    if next(csv.reader([lines[0][:LONGEST]]), []) != list(columns):
        raise bad(file, 1, f"the columns are not {', '.join(columns)}")
    if max(map(len, lines)) > LONGEST or not text.replace("\n", "").isprintable():
        for number, line in enumerate(lines, start=1):
            if len(line) > LONGEST:
                raise bad(file, number, f"it has {len(line):,} characters")
            if not line.isprintable():
                raise bad(file, number, f"a control or invisible character: {line[:100]!r}")
    rows = _quoted(file, lines[1:-1]) if '"' in text else [line.split(",") for line in lines[1:-1]]
    odd = next((place for place, row in enumerate(rows) if len(row) != len(columns)), None)
    if odd is not None or len(rows) != len(lines) - 2 or lines[-1]:
        where = len(lines) if odd is None else odd + 2
        raise bad(file, where, "a record is not one line of as many fields as there are columns")
    return (
        dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)) if rows else {name: [] for name in columns}
    )


def test_digest(predictions: Predictions) -> str:
    """SHA-256 over split, sample id and true label of all test samples, whatever their order."""
    rows = zip(predictions.splits.tolist(), predictions.ids.tolist(), predictions.labels.tolist(), strict=True)
    lines = sorted(f"{split}\t{sample}\t{predictions.classes[label]}" for split, sample, label in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def find(root: Path) -> list[Path]:
    """All bundle folders under ``root``, sorted. No link is followed: one raises ``BundleError``."""
    survey = files.survey(root)
    if survey.links:
        raise BundleError(f"{survey.links[0]} is a link", fix="put the file or folder itself there")
    return survey.bundles


def place(result: Mapping[str, Any]) -> Path:
    """A bundle's folder below a results root: dataset-classes/protocol/pipeline/run."""
    dataset = f"{result['dataset']['name']}-{len(result['classes'])}"
    return Path(dataset, result["protocol"]["name"], result["pipeline"]["name"], result["run"])


def bad(file: Path, line: int, what: str) -> BundleError:
    """What is wrong in a line of a file of a bundle."""
    return BundleError(
        f"{file}, line {line}: {printable(what)}", fix="restore the file that ferbench wrote, or run it again"
    )


def _quoted(file: Path, lines: list[str]) -> list[list[str]]:
    reader, rows = csv.reader(lines, strict=True), list[list[str]]()
    try:
        rows.extend(reader)
    except csv.Error as error:
        raise bad(file, reader.line_num + 1, str(error)) from error
    return rows


def _once(file: Path, keys: Sequence[Hashable], what: str) -> None:
    """Raises ``BundleError`` if one of ``keys`` is there twice."""
    if len(set(keys)) < len(keys):
        raise bad(file, next(row for row, key in enumerate(keys, 2) if key in keys[: row - 2]), what)


def _codes(file: Path, names: list[str], codes: dict[str, int], what: str) -> Labels:
    try:
        return np.array([codes[name] for name in names], np.int64)
    except KeyError:
        raise bad(file, next(row for row, name in enumerate(names, 2) if name not in codes), what) from None


def _numbers(file: Path, texts: list[str]) -> NDArray[np.float64]:
    """float64 [M]. Raises ``BundleError`` if one is no finite number."""
    try:
        numbers = np.array([*map(_number if "_" in "".join(texts) else float, texts)])
    except ValueError:
        numbers = np.array([*map(_number, texts)])
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        raise bad(file, int(wrong.argmax()) + 2, "a score is no finite number")
    return numbers


def _number(text: str) -> float:
    """NaN for what is no number, and for "1_0", which Python alone reads as one."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
