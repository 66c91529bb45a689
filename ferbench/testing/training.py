"""Rules for embedders that are trained: what the monitor is told, which epoch is kept, and continuing after a kill."""

import math
from contextlib import suppress

import numpy as np

from ferbench.data import Embeddings, Labels
from ferbench.errors import FerbenchError
from ferbench.interfaces import Trainable
from ferbench.testing.examples import crops
from ferbench.testing.fitting import COUNT, Rows, fit, fitted, loss_and_sampler, skip_if_untrained
from ferbench.testing.monitors import KilledError, Recorder
from ferbench.testing.rules import BrokenRuleError, Skipped, expect, rule
from ferbench.testing.trial import Trial, seed_everything

EPOCHS = 2
FIRST_IS_BEST = (0.9, 0.5)
LAST_IS_BEST = (0.5, 0.9)


def _recorded(
    trial: Trial, scores: tuple[float, ...] = FIRST_IS_BEST, *, wants: bool = True
) -> tuple[Recorder, Embeddings]:
    """What a training of two epochs reported, and the embeddings after it, once for all rules. Raises ``Skipped``."""
    skip_if_untrained(trial)
    if not trial.has("epochs"):
        raise Skipped("it has no parameter 'epochs': nothing is trained in epochs")

    def recorded() -> tuple[Recorder, Embeddings]:
        probe = crops(4, seed=5)[0]
        monitor = Recorder(scores, probe=probe, wants=wants)
        return monitor, fit(trial, monitor=monitor, epochs=EPOCHS).embed(probe)

    return trial.once(f"recorded {scores} {wants}", recorded)


@rule("embedder")
def a_training_is_whole(trial: Trial) -> None:
    """One that has ``fit``, ``save`` or ``load`` has all three (``Trainable``): otherwise it would not be trained."""
    members = ("fit", "save", "load")
    missing = [name for name in members if not hasattr(trial.component, name)]
    if len(missing) == len(members):
        raise Skipped("it is not trained")
    expect(isinstance(trial.component, Trainable), f"it lacks {', '.join(missing)}")


@rule("embedder")
def a_missing_loss_is_no_surprise(trial: Trial) -> None:
    """``fit`` without a loss and a sampler works, or raises a ``FerbenchError`` that asks for them."""
    skip_if_untrained(trial)
    with suppress(Skipped):
        loss_and_sampler(trial)


@rule("embedder")
def fit_gives_an_embedder(trial: Trial) -> None:
    """``fit`` returns what embeds: itself, usually."""
    skip_if_untrained(trial)
    result = fitted(trial)
    expect(callable(getattr(result, "embed", None)), f"it returns {type(result).__name__}, which has no embed")


@rule("embedder")
def one_seed_gives_one_embedder(trial: Trial) -> None:
    """Two fits with generators of one seed give the same embeddings to the last bit, whatever the global random
    state."""
    skip_if_untrained(trial)
    images = crops(6, seed=5)[0]
    first = fitted(trial).embed(images)
    seed_everything(2)
    off = np.abs(fit(trial).embed(images) - first).max()
    expect(off == 0, f"they differ by up to {off:.2g}")


@rule("embedder")
def training_data_are_not_written(trial: Trial) -> None:
    """Crops and labels are the same after ``fit``."""
    skip_if_untrained(trial)
    images, labels = crops(COUNT)
    before = images.copy(), labels.copy()
    fit(trial, images=images, labels=labels)
    expect(np.array_equal(images, before[0]), "it wrote into the crops")
    expect(np.array_equal(labels, before[1]), "it wrote into the labels")


@rule("embedder")
def training_crops_need_not_be_an_array(trial: Trial) -> None:
    """``fit`` needs of the crops no more than a length, an index array and a slice (``ImageRows``)."""
    skip_if_untrained(trial)
    images = crops(COUNT)[0]
    try:
        rows = fit(trial, images=Rows(images)).embed(images)
    except (TypeError, AttributeError, ValueError) as error:
        raise BrokenRuleError(f"crops that are not an array raised {type(error).__name__}: {error}") from error
    expect(np.array_equal(rows, fitted(trial).embed(images)), "crops that are not an array give another embedder")


@rule("embedder")
def what_it_refuses_it_explains(trial: Trial) -> None:
    """Labels of a single class are trained on, or refused by a ``FerbenchError`` with a fix."""
    skip_if_untrained(trial)
    one_class: Labels = np.zeros(COUNT, np.int64)
    try:
        fit(trial, labels=one_class).embed(crops(2)[0])
    except FerbenchError as error:
        expect(error.fix, f"the {type(error).__name__} has no fix: {error.what}")


@rule("embedder")
def the_monitor_is_told(trial: Trial) -> None:
    """Epochs are scored in order from 1, their loss finite; each batch is reported with its number and the images so
    far."""
    monitor, _ = _recorded(trial)
    numbers = [epoch.number for epoch in monitor.epochs]
    losses = [epoch.loss for epoch in monitor.epochs]
    expect(numbers == [1, 2], f"epochs {numbers} of 2 were scored")
    expect(all(math.isfinite(loss) for loss in losses), f"losses are {losses}")
    expect(monitor.steps, "no batch was reported (TrainingMonitor.step)")
    for step in monitor.steps:
        sound = 1 <= step["epoch"] <= EPOCHS and 1 <= step["batch"] <= step["batches"] and step["images"] > 0
        expect(sound and math.isfinite(step["loss"]), f"a batch was reported as {step}")


@rule("embedder")
def the_last_epoch_is_scored(trial: Trial) -> None:
    """Epochs that the monitor does not want are not scored, the last one always is."""
    monitor, _ = _recorded(trial, LAST_IS_BEST, wants=False)
    numbers = [epoch.number for epoch in monitor.epochs]
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
    probe = crops(4, seed=5)[0]
    folder = trial.folder()
    try:
        fit(trial, monitor=Recorder(FIRST_IS_BEST, probe=probe, dies_in=2), checkpoint=folder, epochs=EPOCHS)
    except KilledError:
        pass
    else:
        raise BrokenRuleError("an error out of TrainingMonitor.step did not end the training")
    monitor = Recorder(FIRST_IS_BEST, probe=probe)
    again = fit(trial, monitor=monitor, checkpoint=folder, epochs=EPOCHS).embed(probe)
    expect(np.array_equal(whole, again), f"they differ by up to {np.abs(whole - again).max():.2g}")
