"""Rules for samplers: batches of indices, by the generator alone."""

from itertools import islice
from typing import Any

import numpy as np

from ferbench.data import Indices, Labels
from ferbench.errors import SplitError
from ferbench.testing.examples import st, tried
from ferbench.testing.rules import expect, rule
from ferbench.testing.trial import Trial, seed_everything

UNEVEN = np.repeat(np.arange(3, dtype=np.int64), [40, 20, 8])
EPOCHS = 30
"""In so many epochs every sample is drawn: with a chance of a half in each, one is missed once in a billion times."""
MAX_BATCHES = 5_000
"""An epoch of 100 samples or fewer that has as many batches is taken to be endless."""


def epoch(sampler: Any, labels: Labels, seed: int = 0) -> list[Indices]:
    """All batches of one epoch."""
    batches = list(islice(sampler.batches(labels, np.random.default_rng(seed)), MAX_BATCHES))
    expect(len(batches) < MAX_BATCHES, f"an epoch of {len(labels)} samples has {MAX_BATCHES:,} batches and more")
    return batches


def _expect_indices(batches: list[Indices], count: int) -> None:
    expect(batches, f"{count} samples give no batch")
    for batch in batches:
        kind, shape = getattr(batch, "dtype", type(batch).__name__), np.shape(batch)
        expect(isinstance(batch, np.ndarray) and kind == np.int64, f"a batch is {kind}, not an array of int64")
        expect(len(shape) == 1 and shape[0], f"a batch has the shape {shape}")
        low, high = int(batch.min()), int(batch.max())
        expect(0 <= low <= high < count, f"indices reach from {low} to {high} for {count} samples")


@rule("sampler")
def batches_are_indices(trial: Trial) -> None:
    """Each batch is int64 [B], B >= 1, of indices into the labels, for any labels; an epoch has a batch and ends."""

    def any_labels(sizes: list[int]) -> None:
        labels = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
        _expect_indices(epoch(trial.build(), labels), len(labels))

    tried(any_labels, sizes=st.lists(st.integers(1, 20), min_size=1, max_size=5))


@rule("sampler")
def one_seed_gives_one_epoch(trial: Trial) -> None:
    """The batches depend on the labels and the generator alone, not on earlier epochs or a global random state."""
    seed_everything(1)
    sampler = trial.build()
    first = epoch(sampler, UNEVEN, seed=3)
    seed_everything(2)
    for which, other in (("a second epoch", sampler), ("another instance", trial.build())):
        again = epoch(other, UNEVEN, seed=3)
        same = len(first) == len(again) and all(map(np.array_equal, first, again))
        expect(same, f"{which} with a generator of the same seed gives other batches")


@rule("sampler")
def every_sample_comes_in_time(trial: Trial) -> None:
    """Over many epochs every class and every sample is drawn."""
    drawn = np.concatenate([batch for seed in range(EPOCHS) for batch in epoch(trial.build(), UNEVEN, seed)])
    counts = np.bincount(drawn, minlength=len(UNEVEN))
    never = np.bincount(UNEVEN[counts == 0], minlength=3).tolist()
    sizes = np.bincount(UNEVEN).tolist()
    expect(counts.all(), f"in {EPOCHS} epochs {never} samples of classes of {sizes} were never drawn")


@rule("sampler")
def a_missing_class_is_no_surprise(trial: Trial) -> None:
    """Labels whose codes have gaps give valid batches, or a ``SplitError`` if a class is missing."""

    def gaps(codes: list[int]) -> None:
        labels = np.array(codes, np.int64)
        try:
            batches = epoch(trial.build(), labels)
        except SplitError as error:
            expect(error.fix, "the SplitError has no fix")
            return
        _expect_indices(batches, len(labels))

    tried(gaps, codes=st.lists(st.sampled_from([1, 4, 6]), min_size=1, max_size=12))


@rule("sampler")
def labels_are_not_written(trial: Trial) -> None:
    """The labels are the same after an epoch."""
    labels = UNEVEN.copy()
    epoch(trial.build(), labels)
    expect(np.array_equal(labels, UNEVEN), "it wrote into the labels")
