"""Scores an embedder's epochs on the validation set, and chooses one by the protocol's rule.

At the end of a scored epoch every classifier, or those that ``[monitor]`` names, is fitted on the training side and
scored (Haider et al. 2023, Section 3.4); the first one's accuracy chooses. The curve is written after each epoch, so a
resumed run has all of it.
"""

import json
import math
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.components.steps import EpochScoring
from ferbench.data import Epoch, ImageRows, Labels
from ferbench.interfaces import Classifier, Embedder, Selection
from ferbench.running.class_scores import classifier_inputs, takes_class_scores
from ferbench.support.atomic import write_json
from ferbench.support.progress import Reporter


@dataclass(frozen=True)
class Side:
    """One side of a split: its crops, labels int64 [N], and whether its predictions count (bool [N])."""

    crops: ImageRows
    labels: Labels
    counts: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """What epochs are scored on: the classifiers by label, two sides of a split, and the number of classes."""

    classifiers: Mapping[str, Callable[[], Classifier]]
    train: Side
    validation: Side
    classes: int


class EpochScorer:
    """The ``TrainingMonitor`` of a run. ``curve`` has a row per scored epoch; ``notes`` is what belongs in the result.

    ``folder`` is where the curve is kept; a resumed run finds it there.
    """

    def __init__(
        self, scoring: Scoring, settings: EpochScoring, selection: Selection, reporter: Reporter, folder: Path
    ) -> None:
        self.scoring = scoring
        self.settings = settings
        self.selection = selection
        self.reporter = reporter
        self.file = folder / "curve.json"
        saved = json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else {"curve": [], "notes": []}
        self.curve: list[dict[str, Any]] = saved["curve"]
        self.notes: list[str] = saved["notes"]

    def wants(self, epoch: int) -> bool:
        """Whether epoch ``epoch`` (from 1) is scored."""
        return epoch % self.settings.every == 0

    def score(self, epoch: Epoch, embedder: Embedder) -> float:
        """Fits and scores the classifiers; gives the first one's validation accuracy in [0, 1], NaN without any."""
        accuracy = self._accuracies(epoch.number, embedder) if len(self.scoring.validation.crops) else {}
        row = {
            "epoch": epoch.number,
            "loss": epoch.loss,
            "learning_rate": epoch.learning_rate,
            "images_per_second": round(epoch.images_per_second, 1),
            **epoch.extra,
            "validation": accuracy,
        }
        self.curve = [*(row for row in self.curve if row["epoch"] < epoch.number), row]
        write_json(self.file, {"curve": self.curve, "notes": self.notes})
        self.reporter.epoch(row)
        return next(iter(accuracy.values()), math.nan)

    def _accuracies(self, epoch: int, embedder: Embedder) -> dict[str, float]:
        def progress(done: int, total: int) -> None:
            self.reporter.note(f"epoch {epoch}: embedding {done:,} of {total:,} images")

        train, validation, classes = self.scoring.train, self.scoring.validation, self.scoring.classes
        labels = self.settings.scored(list(self.scoring.classifiers))
        built = {label: self.scoring.classifiers[label]() for label in labels}
        train_inputs, inputs = (
            classifier_inputs(built.values(), embedder, side.crops, classes, progress) for side in (train, validation)
        )
        accuracy = {}
        for label, classifier in built.items():
            self.reporter.note(f"epoch {epoch}: fitting {label}")
            own = takes_class_scores(classifier)
            fitted = fit(classifier, train_inputs[own], train.labels, self.warn)
            hits = (fitted.predict(inputs[own]) == validation.labels) & validation.counts
            accuracy[label] = float(hits.mean())
        return accuracy

    def step(self, *, epoch: int, batch: int, batches: int, images: int, loss: float) -> None:
        """One batch is done."""
        self.reporter.batch(epoch=epoch, batch=batch, batches=batches, images=images, loss=loss)

    def warn(self, message: str) -> None:
        """Keeps ``message`` for the result, once for each wording before the first colon."""
        if not any(note.split(":")[0] == message.split(":")[0] for note in self.notes):
            self.notes.append(message)
            self.reporter.warn(message)

    def is_best(self) -> bool:
        """Whether the epoch just scored is the one to keep so far; of equal ones the first."""
        return bool(self.best["epoch"] == self.curve[-1]["epoch"])

    @property
    def best(self) -> dict[str, Any]:
        """The row of the chosen epoch: the last one, or the first of those with the best validation accuracy."""
        scored = [row for row in self.curve if row["validation"]]
        if self.selection == "last" or not scored:
            return self.curve[-1]
        return max(scored, key=lambda row: next(iter(row["validation"].values())))


def fit(classifier: Classifier, inputs: NDArray[Any], labels: Labels, warn: Callable[[str], None]) -> Classifier:
    """Fits ``classifier``; its warnings (no convergence, for example) go to ``warn`` instead of the screen."""
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = classifier.fit(inputs, labels)
    for warning in caught:
        seconds = time.perf_counter() - started
        warn(f"{type(classifier).__name__}, {warning.category.__name__}: {warning.message} (after {seconds:.0f} s)")
    return fitted
