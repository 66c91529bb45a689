"""Fits an embedder as a run does, on few crops, with a loss and a sampler if it asks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ferbench.components.registry import Entry
from ferbench.errors import FerbenchError
from ferbench.testing.examples import crops
from ferbench.testing.monitors import Recorder
from ferbench.testing.rules import Skipped
from ferbench.testing.trial import Trial

COUNT, CLASSES = 24, 3


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


def fit(
    trial: Trial,
    *,
    seed: int = 3,
    monitor: Recorder | None = None,
    checkpoint: Path | None = None,
    images: Any = None,
    labels: Any = None,
    **changes: Any,
) -> Any:
    """A new embedder fitted on 24 crops of three classes."""
    own, codes = crops(COUNT, CLASSES)
    loss, sampler = loss_and_sampler(trial)
    return trial.build(**changes).fit(
        own if images is None else images,
        codes if labels is None else labels,
        num_classes=CLASSES,
        loss=loss and loss.load()(),
        sampler=sampler and sampler.load()(),
        monitor=monitor or Recorder(own[:2]),
        rng=np.random.default_rng(seed),
        checkpoint=checkpoint,
    )


def fitted(trial: Trial) -> Any:
    """One fitted embedder for all the rules that do not change it."""
    if "fitted" not in trial.memory:
        trial.memory["fitted"] = fit(trial)
    return trial.memory["fitted"]


def loss_and_sampler(trial: Trial) -> tuple[Entry | None, Entry | None]:
    """The loss and the sampler that the embedder is trained with: none if it takes none, else its own distribution's.

    Raises ``Skipped`` if it asks for them and none are installed.
    """
    if "company" not in trial.memory:
        trial.memory["company"] = _company(trial)
    found: tuple[Entry | None, Entry | None] = trial.memory["company"]
    return found


def _company(trial: Trial) -> tuple[Entry | None, Entry | None]:
    images, labels = crops(COUNT, CLASSES)
    try:
        trial.build().fit(
            images,
            labels,
            num_classes=CLASSES,
            loss=None,
            sampler=None,
            monitor=Recorder(images[:2]),
            rng=np.random.default_rng(0),
            checkpoint=None,
        )
        return None, None
    except FerbenchError as error:
        found = [_nearest(trial, kind) for kind in ("loss", "sampler")]
        if None in found:
            raise Skipped(f"it asks for a loss and a sampler, and none are installed: {error.what}") from error
        return found[0], found[1]


def _nearest(trial: Trial, kind: str) -> Entry | None:
    entries = [one for one in trial.registry if one.kind == kind]
    return min(entries, key=lambda one: one.distribution != trial.entry.distribution, default=None)
