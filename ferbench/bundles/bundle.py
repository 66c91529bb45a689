"""A result bundle: one folder per run, written atomically; ``ferbench.verify`` recomputes its scores.

result.json                 everything but the predictions, in the schema ``Result``
predictions.csv             of the pipeline's first classifier, whose scores are the result
predictions/<label>.csv     of the other classifiers fitted on the same embeddings
leaks.csv                   the test images that training had seen in some form (``ferbench.bundles.leak_list``)
subjects.csv                the person on each test image, where the dataset names its subjects
model/<split>/              the embedder's weights and what they were trained on, and in classifiers/ each fitted
                            classifier (``ferbench.running.classifier_file``); need not be published
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, Field, NonNegativeFloat, NonNegativeInt, ValidationError

from ferbench.bundles import csv_table, files, schema
from ferbench.bundles.csv_table import to_csv
from ferbench.bundles.schema import follows
from ferbench.bundles.scores import MISS, LeakFree, Scores
from ferbench.data import Predictions, ScoresKind
from ferbench.errors import BundleError, ParameterError, first_problem, printable

SCHEMA = 2
COLUMNS = ("id", "split", "label", "predicted")
MISSED = "(no face)"
CLASSIFIERS = "classifiers"


class Result(BaseModel, extra="forbid", frozen=True, allow_inf_nan=False):
    """``result.json``. Times in seconds, memory in MB, shares in [0, 1]."""

    schema_version: Literal[2]
    tier: Literal["reproduced", "rescored", "published"]
    run: str
    created: str
    seed: Annotated[int, Field(ge=0, lt=2**32)]
    pipeline: Annotated[dict[str, Any], follows(schema.PipelineFacts)]
    dataset: Annotated[dict[str, Any], follows(schema.DatasetFacts)]
    protocol: Annotated[dict[str, Any], follows(schema.ProtocolFacts)]
    classes: Annotated[list[str], Field(min_length=2)]
    splits: list[Annotated[dict[str, Any], follows(schema.SplitFacts)]]
    test_digest: str
    faces: Annotated[dict[str, Any], follows(schema.FaceFacts)]
    curves: dict[str, list[dict[str, Any]]]
    best_epochs: dict[str, int]
    stored: dict[schema.Name, dict[schema.Name, schema.Hash]]  # split -> classifier -> SHA-256 of its file in model/
    scores_kind: dict[str, ScoresKind]
    scores: dict[str, Scores]
    leak_free: dict[str, LeakFree]
    notes: list[str]
    stages: dict[str, NonNegativeFloat]
    peak_memory_mb: NonNegativeFloat
    weight_count: NonNegativeInt | None  # numbers that the embedder learns; None if it does not report them
    macs: NonNegativeInt | None  # multiply-accumulates of the embedder for one crop; None if it does not report them
    images_per_second: NonNegativeFloat | None  # of the test side, embedded; None if it was not measured
    transfer: Annotated[dict[str, Any], follows(schema.TransferFacts)] | None
    environment: Annotated[dict[str, Any], follows(schema.EnvironmentFacts)]
    submission: Annotated[dict[str, Any], follows(schema.SubmissionFacts)] | None
    rerun: Annotated[dict[str, Any], follows(schema.RerunFacts)] | None

    @property
    def main_classifier(self) -> str:
        """The label of the pipeline's first classifier, whose scores are the result."""
        return next(iter(self.scores))

    def chosen_label(self, classifier: str | None) -> str:
        """``classifier``, or without one the first. Raises ``ParameterError`` if the result has no such classifier."""
        label = self.main_classifier if classifier is None else classifier
        if label not in self.scores:
            raise ParameterError(
                f"run {self.run} of {self.pipeline['name']} has no classifier '{label}'",
                fix=f"--classifier, one of: {', '.join(self.scores)}",
            )
        return label


def predictions_file(folder: Path, label: str, main_classifier: str) -> Path:
    """The file with the predictions of classifier ``label``."""
    return folder / files.PREDICTIONS if label == main_classifier else folder / files.OTHERS / f"{label}.csv"


def stored_file(model: Path, label: str) -> Path:
    """The file of the fitted classifier ``label`` of a split, whose folder in ``model/`` is ``model``."""
    return model / CLASSIFIERS / f"{label}.skops"


def predictions_csv(predictions: Predictions) -> str:
    """The CSV of ``predictions``: ids, split, true and predicted class, one score per class with nine digits."""
    names = [*predictions.classes, MISSED]
    rows = [[*COLUMNS, *predictions.classes]]
    for index, scores in enumerate(predictions.scores.tolist()):
        label = names[predictions.labels[index]]
        predicted = names[predictions.predicted[index]]
        numbers = [f"{value:.9g}" for value in scores]
        rows.append([str(predictions.ids[index]), str(predictions.splits[index]), label, predicted, *numbers])
    return to_csv(rows)


def subjects_csv(subjects: Mapping[str, str]) -> str:
    """The CSV of the test samples' ``subjects`` by id."""
    return to_csv([("id", "subject"), *sorted(subjects.items())])


def read(folder: Path) -> Result:
    """``result.json`` of a bundle, checked against its schema; nothing is recomputed. Raises ``BundleError``."""
    file = folder / files.RESULT
    try:
        return Result.model_validate_json(files.text(file), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        problem = f"{file} does not follow schema {SCHEMA}: {first_problem(error)} ({error.error_count()} in all)"
        if first["loc"] == ("schema_version",):
            problem = f"{file} is of schema {first['input']!r}, and this version of ferbench reads schema {SCHEMA}"
        raise BundleError(printable(problem[:1000]), fix="run it again with this version of ferbench") from error


def predictions(folder: Path, result: Result, label: str) -> Predictions:
    """What classifier ``label`` of a bundle predicted. Raises ``BundleError`` with file and line."""
    file = predictions_file(folder, label, result.main_classifier)
    table = csv_table.read_columns(file, (*COLUMNS, *result.classes))
    if not table["id"]:
        raise csv_table.bad_line(file, 2, "there are no predictions")
    samples = zip(table["id"], table["split"], strict=True)
    csv_table.require_unique(file, samples, "this sample is repeated in its split")
    csv_table.require_unique(file, table["id"], "this sample is in the test side of two splits")
    codes = {name: code for code, name in enumerate(result.classes)}
    labels = csv_table.to_codes(file, table["label"], codes, "the label is not a class of this result")
    codes[MISSED] = MISS
    predicted = csv_table.to_codes(file, table["predicted"], codes, "the prediction is not a class of this result")
    scores = [csv_table.to_numbers(file, table[name]) for name in result.classes]
    return Predictions(
        ids=np.array(table["id"]),
        splits=np.array(table["split"]),
        labels=labels,
        predicted=predicted,
        scores=np.stack(scores, axis=1),
        scores_kind=result.scores_kind[label],
        classes=tuple(result.classes),
    )


def read_subjects(folder: Path) -> dict[str, str] | None:
    """Each test sample's subject by its id; ``None`` where the dataset names none. Raises ``BundleError``."""
    file = folder / files.SUBJECTS
    if not file.exists():
        return None
    table = csv_table.read_columns(file, ("id", "subject"))
    csv_table.require_unique(file, table["id"], "this sample is repeated")
    return dict(zip(table["id"], table["subject"], strict=True))


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


def relative_path(result: Mapping[str, Any]) -> Path:
    """A bundle's folder below a results root: dataset-classes/protocol/pipeline/run."""
    dataset = f"{result['dataset']['name']}-{len(result['classes'])}"
    return Path(dataset, result["protocol"]["name"], result["pipeline"]["name"], result["run"])
