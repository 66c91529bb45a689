"""Rules for embedders that are trained: what the monitor is told, which epoch is kept, and going on after a kill."""

from __future__ import annotations

import math

import numpy as np

from ferbench.data import Embeddings
from ferbench.testing.examples import crops
from ferbench.testing.fitting import fit
from ferbench.testing.monitors import KilledError, Recorder
from ferbench.testing.rules import Skipped, expect, rule
from ferbench.testing.trial import Trial

EPOCHS = 2


def _recorded(trial: Trial, *, best: int = 1, wants: bool = True) -> tuple[Recorder, Embeddings]:
    """What a training of two epochs told, and the embeddings after it, once for all rules. Raises ``Skipped``."""
    if not trial.has("epochs"):
        raise Skipped("it has no parameter 'epochs': nothing is trained in epochs")
    key = f"recorded {best} {wants}"
    if key not in trial.memory:
        probe = crops(4, seed=5)[0]
        monitor = Recorder(probe, best=best, wants=wants)
        trial.memory[key] = monitor, fit(trial, monitor=monitor, epochs=EPOCHS).embed(probe)
    found: tuple[Recorder, Embeddings] = trial.memory[key]
    return found


@rule("embedder")
def the_monitor_is_told(trial: Trial) -> None:
    """Epochs are scored in order from 1, their loss finite; each batch is told with its place and the images so far."""
    monitor, _ = _recorded(trial)
    numbers = [one.number for one in monitor.epochs]
    expect(numbers == [1, 2], f"epochs {numbers} of 2 were scored")
    expect(all(math.isfinite(one.loss) for one in monitor.epochs), f"losses are {[one.loss for one in monitor.epochs]}")
    expect(monitor.steps, "no batch was told (TrainingMonitor.step)")
    for step in monitor.steps:
        sound = 1 <= step["epoch"] <= EPOCHS and 1 <= step["batch"] <= step["batches"] and step["images"] > 0
        expect(sound and math.isfinite(step["loss"]), f"a batch was told as {step}")


@rule("embedder")
def the_last_epoch_is_scored(trial: Trial) -> None:
    """Epochs that the monitor does not want are not scored, the last one always is."""
    monitor, _ = _recorded(trial, wants=False, best=EPOCHS)
    numbers = [one.number for one in monitor.epochs]
    expect(numbers == [EPOCHS], f"epochs {numbers} were scored, where only the last of {EPOCHS} should be")


@rule("embedder")
def the_best_epoch_is_kept(trial: Trial) -> None:
    """After ``fit`` the weights are those of the epoch that the monitor called the best, to the last bit."""
    monitor, rows = _recorded(trial)
    expect(np.array_equal(rows, monitor.embeddings[0]), "they are not those of epoch 1, the best of 2")


@rule("embedder")
def a_killed_training_ends_the_same(trial: Trial) -> None:
    """Killed in its second epoch and fitted again with the same ``checkpoint`` folder, it gives the same embeddings."""
    _, whole = _recorded(trial)
    probe, folder = crops(4, seed=5)[0], trial.folder()
    try:
        fit(trial, monitor=Recorder(probe, dies_in=2), checkpoint=folder, epochs=EPOCHS)
    except KilledError:
        pass
    else:
        expect(False, "an error out of TrainingMonitor.step did not end the training")
    again = fit(trial, monitor=Recorder(probe), checkpoint=folder, epochs=EPOCHS).embed(probe)
    expect(np.array_equal(whole, again), f"they differ by up to {np.abs(whole - again).max():.2g}")
