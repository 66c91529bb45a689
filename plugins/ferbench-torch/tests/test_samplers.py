"""What the samplers promise of an epoch's batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.data import Indices, Labels
from ferbench.errors import SplitError
from ferbench_torch.samplers import PKSampler, UniformSampler, WeightedSampler

SAMPLERS = [UniformSampler(8), WeightedSampler(8, 0.5), PKSampler(0, 2)]
UNEVEN = np.repeat(np.arange(3, dtype=np.int64), [80, 40, 8])


def epoch(sampler: Any, labels: Labels, seed: int = 0) -> list[Indices]:
    return list(sampler.batches(labels, np.random.default_rng(seed)))


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda one: type(one).__name__)
def test_batches_are_int64_and_hang_on_the_generator_alone(sampler: Any) -> None:
    first, again, other = epoch(sampler, UNEVEN, 3), epoch(sampler, UNEVEN, 3), epoch(sampler, UNEVEN, 4)
    assert all(batch.dtype == np.int64 for batch in first)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_uniform_takes_each_once_and_leaves_the_rest_of_the_last_batch_out() -> None:
    batches = epoch(UniformSampler(16), np.zeros(100, np.int64))
    assert [len(batch) for batch in batches] == [16] * 6
    assert len(np.unique(np.concatenate(batches))) == 96
    every = np.concatenate(epoch(UniformSampler(25), np.zeros(100, np.int64)))
    np.testing.assert_array_equal(np.sort(every), np.arange(100))


@pytest.mark.parametrize("sampler", [UniformSampler(64), WeightedSampler(64)], ids=["uniform", "weighted"])
def test_fewer_samples_than_a_batch_make_one_smaller_batch(sampler: Any) -> None:
    (batch,) = epoch(sampler, np.array([0, 1, 1], np.int64))
    assert len(batch) == 3


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_weighted_draws_each_class_as_often_as_its_power_says(power: float) -> None:
    drawn = np.concatenate([np.concatenate(epoch(WeightedSampler(16, power), UNEVEN, seed)) for seed in range(300)])
    sizes = np.array([80, 40, 8])
    expected = sizes ** (1 - power) / (sizes ** (1 - power)).sum()
    shares = np.bincount(UNEVEN[drawn]) / len(drawn)
    # Five standard errors of a share of 38,400 independent draws.
    np.testing.assert_allclose(shares, expected, atol=5 * 0.5 / np.sqrt(len(drawn)))
    within = np.bincount(drawn, minlength=len(UNEVEN))[UNEVEN == 2]
    assert within.std() < 5 * np.sqrt(within.mean())


def test_weighted_takes_labels_whose_codes_have_gaps() -> None:
    labels = np.array([1, 1, 5, 5, 5, 5], np.int64)
    (batch,) = epoch(WeightedSampler(6), labels)
    assert set(batch.tolist()) <= set(range(6))


@given(
    sizes=st.lists(st.integers(1, 30), min_size=2, max_size=6),
    wanted=st.integers(0, 6),
    samples=st.integers(2, 9),
    seed=st.integers(0, 100),
)
def test_p_k_gives_k_samples_of_each_of_p_classes(sizes: list[int], wanted: int, samples: int, seed: int) -> None:
    labels = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    classes = min(wanted, len(sizes)) or len(sizes)
    batches = epoch(PKSampler(min(wanted, len(sizes)), samples), labels, seed)
    assert len(batches) == max(1, len(labels) // (classes * samples))
    for batch in batches:
        counts = np.bincount(labels[batch], minlength=len(sizes))
        assert sorted(counts[counts > 0].tolist()) == [samples] * classes


def test_p_k_uses_a_class_evenly() -> None:
    batches = epoch(PKSampler(0, 4), UNEVEN)
    used = np.bincount(np.concatenate(batches), minlength=len(UNEVEN))
    for label in range(3):
        of_class = used[label == UNEVEN]
        assert of_class.max() - of_class.min() <= 1


def test_p_k_needs_its_classes() -> None:
    with pytest.raises(SplitError, match="wants 4 classes a batch, the training set has 3") as raised:
        epoch(PKSampler(4, 2), UNEVEN)
    assert "sampler.classes=3" in raised.value.fix
