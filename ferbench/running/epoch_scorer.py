"""Scores an embedder's epochs on the validation set, and chooses one by the protocol's rule.

At the end of a monitored epoch every classifier, or those that ``[monitor]`` names, is fitted on the training
embeddings and scored (Haider et al. 2023, Section 3.4); the first one's accuracy chooses. The curve is on disk after
each epoch, so a resumed run has all of it.
"""

from __future__ import annotations

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
from ferbench.data import Embeddings, Epoch, ImageRows, Labels
from ferbench.interfaces import Classifier, Selection
from ferbench.running.embed import embed_all
from ferbench.support.atomic import write_json
from ferbench.support.progress import Reporter


@dataclass(frozen=True)
class Side:
    """One side of a split: its crops, labels int64 [N], and whether its predictions count (bool [N])."""

    images: ImageRows
    labels: Labels
    counts: NDArray[np.bool_]


class EpochScorer:
    """The ``TrainingMonitor`` of a run. ``curve`` has a row a scored epoch; ``notes`` what belongs into the result."""

    def __init__(
        self,
        classifiers: Mapping[str, Callable[[], Classifier]],
        train: Side,
        validation: Side,
        *,
        rule: EpochScoring,
        selection: Selection,
        reporter: Reporter,
        folder: Path,
    ) -> None:
        self.classifiers = {label: classifiers[label] for label in rule.scored(list(classifiers))}
        self.train, self.validation = train, validation
        self.rule, self.selection, self.reporter = rule, selection, reporter
        self.file = folder / "curve.json"
        saved = json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else {"curve": [], "notes": []}
        self.curve: list[dict[str, Any]] = saved["curve"]
        self.notes: list[str] = saved["notes"]

    def wants(self, epoch: int) -> bool:
        """Whether epoch ``epoch`` (from 1) is scored."""
        return epoch % self.rule.every == 0

    def score(self, epoch: Epoch, embed: Callable[[ImageRows], Embeddings]) -> float:
        """Fits and scores the classifiers; gives the first one's validation accuracy in [0, 1], NaN without any."""
        self.curve = [row for row in self.curve if row["epoch"] < epoch.number]
        accuracy: dict[str, float] = {}
        if len(self.validation.images):
            train, validation = (
                embed_all(embed, side.images, self._embedding(epoch.number)) for side in (self.train, self.validation)
            )
            for label, build in self.classifiers.items():
                self.reporter.note(f"epoch {epoch.number}: fitting {label}")
                fitted = fit(build(), train, self.train.labels, self.warn)
                hits = (fitted.predict(validation) == self.validation.labels) & self.validation.counts
                accuracy[label] = float(hits.mean())
        row = {
            "epoch": epoch.number,
            "loss": epoch.loss,
            "learning_rate": epoch.learning_rate,
            "images_per_second": round(epoch.images_per_second, 1),
            **epoch.extra,
            "validation": accuracy,
        }
        self.curve.append(row)
        write_json(self.file, {"curve": self.curve, "notes": self.notes})
        self.reporter.epoch(row)
        return next(iter(accuracy.values()), math.nan)

    def _embedding(self, epoch: int) -> Callable[[int, int], None]:
        return lambda done, total: self.reporter.note(f"epoch {epoch}: embedding {done:,} of {total:,} images")

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


def fit(classifier: Classifier, embeddings: Embeddings, labels: Labels, warn: Callable[[str], None]) -> Classifier:
    """Fits ``classifier``; its warnings (no convergence, say) go to ``warn`` instead of the screen."""
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted = classifier.fit(embeddings, labels)
    for one in caught:
        seconds = time.perf_counter() - started
        warn(f"{type(classifier).__name__}, {one.category.__name__}: {one.message} (after {seconds:.0f} s)")
    return fitted
