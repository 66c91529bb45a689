"""Fits an embedder as a run does, on few crops, with a loss and a sampler if it asks for them."""

from pathlib import Path
from typing import Any

import numpy as np

from ferbench.components.registry import Entry
from ferbench.data import Labels
from ferbench.errors import FerbenchError
from ferbench.interfaces import Loss, Sampler, Trainable, TrainingJob, TrainingMonitor
from ferbench.testing.examples import crops
from ferbench.testing.monitors import Recorder
from ferbench.testing.rules import Skipped
from ferbench.testing.trial import Trial

COUNT = 24
CLASSES = 3


class Rows:
    """``ImageRows`` and nothing more: what a run hands over need not be an array."""

    def __init__(self, images: Any) -> None:
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, rows: Any) -> Any:
        if not isinstance(rows, slice | np.ndarray):
            raise TypeError(f"ImageRows take an index array or a slice, not {type(rows).__name__}")
        return self._images[rows].copy()


def training_job(
    monitor: TrainingMonitor,
    *,
    loss: Loss | None = None,
    sampler: Sampler | None = None,
    num_classes: int = CLASSES,
    seed: int = 3,
    checkpoint: Path | None = None,
) -> TrainingJob:
    """A ``TrainingJob`` for a test."""
    return TrainingJob(
        num_classes=num_classes,
        loss=loss,
        sampler=sampler,
        monitor=monitor,
        rng=np.random.default_rng(seed),
        checkpoint=checkpoint,
    )


def skip_if_untrained(trial: Trial) -> None:
    """Raises ``Skipped`` for an embedder that is not trained."""
    if not isinstance(trial.component, Trainable):
        raise Skipped("it is not trained")


def fit(
    trial: Trial,
    *,
    monitor: Recorder | None = None,
    checkpoint: Path | None = None,
    images: Any = None,
    labels: Labels | None = None,
    **changes: Any,
) -> Any:
    """A new embedder fitted on 24 crops of three classes; one that is not trained is as it was built."""
    embedder = trial.build(**changes)
    if not isinstance(embedder, Trainable):
        return embedder
    own_images, own_labels = crops(COUNT, CLASSES)
    loss, sampler = loss_and_sampler(trial)
    job = training_job(
        monitor or Recorder(probe=own_images[:2]),
        loss=loss.load()() if loss else None,
        sampler=sampler.load()() if sampler else None,
        checkpoint=checkpoint,
    )
    return embedder.fit(own_images if images is None else images, own_labels if labels is None else labels, job)


def fitted(trial: Trial) -> Any:
    """One fitted embedder for all the rules that do not change it."""
    return trial.once("fitted", lambda: fit(trial))


def loss_and_sampler(trial: Trial) -> tuple[Entry | None, Entry | None]:
    """The loss and the sampler that the embedder is trained with: none if it takes none, else its own distribution's.

    Raises ``Skipped`` if it asks for them and none are installed.
    """
    return trial.once("loss and sampler", lambda: _loss_and_sampler(trial))


def _loss_and_sampler(trial: Trial) -> tuple[Entry | None, Entry | None]:
    images, labels = crops(COUNT, CLASSES)
    try:
        trial.build().fit(images, labels, training_job(Recorder(probe=images[:2]), seed=0))
        return None, None
    except FerbenchError as error:
        loss = _nearest(trial, "loss")
        sampler = _nearest(trial, "sampler")
        if loss is None or sampler is None:
            raise Skipped(f"it asks for a loss and a sampler, and none are installed: {error.what}") from error
        return loss, sampler


def _nearest(trial: Trial, kind: str) -> Entry | None:
    entries = [entry for entry in trial.registry if entry.kind == kind]
    return min(entries, key=lambda entry: entry.distribution != trial.entry.distribution, default=None)
