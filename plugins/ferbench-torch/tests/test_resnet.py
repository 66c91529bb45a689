"""The paper's embedder, from crops to embeddings, trained for a moment on striped images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch

from ferbench.data import Embeddings, Images, Labels
from ferbench.errors import ParameterError, WeightsError
from ferbench.interfaces import TrainingJob
from ferbench.testing.fitting import training_job
from ferbench.testing.monitors import KilledError, Recorder
from ferbench_torch import backbone, resnet
from ferbench_torch.cross_entropy import CrossEntropyLoss
from ferbench_torch.joint import TripletCrossEntropyLoss
from ferbench_torch.resnet import ResNet18
from ferbench_torch.samplers import PKSampler

Data = tuple[Images, Labels]
Stripes = Callable[..., Data]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A residual network of 0.4 million weights in ResNet18's place, and batches of 32 for the few images."""
    monkeypatch.setattr(backbone, "ARCHITECTURE", "test_resnet")
    monkeypatch.setattr(backbone, "POOLED", 96)
    monkeypatch.setattr(resnet, "BATCH", 32)


def fit(data: Data, monitor: Recorder, *, epochs: int = 2, folder: Path | None = None, seed: int = 3) -> ResNet18:
    embedder = ResNet18(size=16, epochs=epochs, rotation=5.0, device="cpu")
    return embedder.fit(*data, job(monitor, seed=seed, folder=folder))


def job(monitor: Recorder, *, seed: int = 3, folder: Path | None = None) -> TrainingJob:
    loss, sampler = TripletCrossEntropyLoss(), PKSampler(0, 8)
    return training_job(monitor, loss=loss, sampler=sampler, num_classes=2, seed=seed, checkpoint=folder)


def accuracy(embedder: ResNet18, train: Data, test: Data) -> float:
    """Of the nearest class mean."""
    inputs, outputs = embedder.embed(train[0]), embedder.embed(test[0])
    means = np.stack([inputs[train[1] == label].mean(axis=0) for label in (0, 1)])
    nearest = np.linalg.norm(outputs[:, None] - means, axis=2).argmin(axis=1)
    return float((nearest == test[1]).mean())


def test_it_learns_and_one_seed_gives_one_embedder(stripes: Stripes) -> None:
    train, test = stripes(64), stripes(32, seed=1)
    monitor = Recorder()
    first = fit(train, monitor)
    assert monitor.epochs[-1].loss < 0.7 * monitor.epochs[0].loss
    assert accuracy(first, train, test) > 0.9
    again, other = fit(train, Recorder()), fit(train, Recorder(), epochs=1, seed=4)
    np.testing.assert_array_equal(first.embed(test[0]), again.embed(test[0]))
    assert np.abs(first.embed(test[0]) - other.embed(test[0])).max() > 0.01


@pytest.mark.usefixtures("small")
def test_the_global_random_state_is_neither_read_nor_moved(stripes: Stripes) -> None:
    results = []
    for start in (1, 2):
        torch.manual_seed(start)
        before = torch.random.get_rng_state()
        results.append(fit(stripes(32), Recorder(), epochs=1).embed(stripes(32)[0]))
        assert torch.equal(before, torch.random.get_rng_state())
    np.testing.assert_array_equal(results[0], results[1])


@pytest.mark.usefixtures("small")
def test_a_resumed_training_gives_the_same_embeddings(stripes: Stripes, tmp_path: Path) -> None:
    data = stripes(32)
    whole = fit(data, Recorder(), folder=tmp_path / "whole")
    with pytest.raises(KilledError):
        fit(data, Recorder(dies_in=2), folder=tmp_path / "killed")
    resumed = fit(data, Recorder(), folder=tmp_path / "killed")
    np.testing.assert_array_equal(whole.embed(data[0]), resumed.embed(data[0]))


def untrained(features: Literal["head", "avg_pool"] = "head", *, flip_average: bool = False) -> ResNet18:
    embedder = ResNet18(size=16, features=features, flip_average=flip_average, device="cpu")
    torch.manual_seed(0)
    assert embedder.weight_count > 0  # makes the network
    return embedder


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("features", "size"), [("head", 16), ("avg_pool", 96)])
def test_sizes_and_lengths(stripes: Stripes, features: Any, size: int) -> None:
    embedder = untrained(features)
    rows = embedder.embed(stripes(5)[0])
    assert embedder.embedding_size == size
    assert rows.shape == (5, size)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


@pytest.mark.usefixtures("small")
def test_no_images_give_no_rows(stripes: Stripes) -> None:
    assert untrained().embed(stripes(0)[0]).shape == (0, 16)


@pytest.mark.usefixtures("small")
def test_flip_average_is_the_mean_with_the_mirror_image(stripes: Stripes) -> None:
    images, _ = stripes(6)
    plain, averaged = untrained().embed(images), untrained(flip_average=True)
    mirrored = untrained().embed(images[:, :, ::-1])
    mean = plain + mirrored
    mean /= np.linalg.norm(mean, axis=1, keepdims=True)
    np.testing.assert_allclose(averaged.embed(images), mean, atol=1e-6)
    np.testing.assert_allclose(averaged.embed(images), averaged.embed(images[:, :, ::-1]), atol=1e-6)


@pytest.mark.usefixtures("small")
def test_what_save_wrote_load_takes_back(stripes: Stripes, tmp_path: Path) -> None:
    data = stripes(32)
    embedder = fit(data, Recorder(), epochs=1)
    embedder.save(tmp_path)
    expected: Embeddings = embedder.embed(data[0])
    loaded = ResNet18(size=16, device="cpu").load(tmp_path)
    np.testing.assert_array_equal(loaded.embed(data[0]), expected)
    started = ResNet18(size=16, device="cpu").load(tmp_path / resnet.FILE)
    np.testing.assert_array_equal(started.embed(data[0]), expected)


@pytest.mark.usefixtures("small")
def test_a_training_goes_on_from_loaded_weights(stripes: Stripes, tmp_path: Path) -> None:
    data = stripes(32)
    fit(data, Recorder(), epochs=2).save(tmp_path)
    loaded = ResNet18(size=16, epochs=1, rotation=5.0, learning_rate=1e-9, device="cpu").load(tmp_path)
    before = {name: value.clone() for name, value in loaded._network().named_parameters()}
    loaded.fit(*data, job(Recorder(), seed=9))
    for name, value in loaded._network().named_parameters():  # at this rate the training hardly moves them
        torch.testing.assert_close(value, before[name], atol=1e-6, rtol=0)


@pytest.mark.usefixtures("small")
def test_an_asked_for_size_does_not_leave_an_unseeded_network_to_train(stripes: Stripes) -> None:
    data, embedders = stripes(32), []
    for ask in (False, True):
        embedder = ResNet18(size=16, epochs=1, rotation=5.0, device="cpu")
        if ask:
            assert embedder.weight_count > 0  # makes a network
        embedders.append(embedder.fit(*data, job(Recorder())))
    np.testing.assert_array_equal(*(embedder.embed(data[0]) for embedder in embedders))


def test_load_without_a_file_or_of_another_size(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="there are no weights at"):
        ResNet18(size=16, device="cpu").load(tmp_path)
    untrained().save(tmp_path)
    with pytest.raises(WeightsError, match="does not hold"):
        ResNet18(size=32, device="cpu").load(tmp_path)


def test_a_device_that_is_not_there_is_named() -> None:
    for name in ("cuda:99", "warp-core"):
        with pytest.raises(ParameterError, match=f"device '{name}' cannot be used") as raised:
            ResNet18(device=name)
        assert "auto" in raised.value.fix


def test_auto_takes_cuda_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for there, kind in ((False, "cpu"), (True, "cuda")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert ResNet18(device="auto").device.type == kind


def test_training_needs_a_loss_and_a_sampler(stripes: Stripes) -> None:
    for loss, sampler in ((None, PKSampler()), (CrossEntropyLoss(), None)):
        with pytest.raises(ParameterError, match="is trained with a loss"):
            ResNet18(device="cpu").fit(*stripes(8), training_job(Recorder(), loss=loss, sampler=sampler))


def test_avg_pool_gives_the_512_pooled_features(stripes: Stripes) -> None:
    assert untrained("avg_pool").embed(stripes(2)[0]).shape == (2, 512)


def test_weights_are_counted() -> None:
    # ResNet18 without its classifier has 11,176,512 for RGB; gray saves two of three input channels, 64 x 7 x 7 each.
    assert ResNet18(size=16, device="cpu").weight_count == 11_176_512 - 2 * 64 * 49 + 513 * 16


def test_macs_are_those_counted_by_hand() -> None:
    """ResNet18 on one gray crop of 48 pixels: the stem on 24x24, four stages on 12, 6, 3 and 2 pixels, the head."""
    stem = 24 * 24 * 64 * 49
    stages = 4 * 12 * 12 * 9 * 64 * 64
    before = 64
    for side, width in ((6, 128), (3, 256), (2, 512)):
        first, others, shortcut = 9 * before * width, 3 * 9 * width * width, before * width
        stages += side * side * (first + others + shortcut)
        before = width
    by_hand = stem + stages + 512 * 128
    assert ResNet18(device="cpu").macs(48) == by_hand
    assert ResNet18(device="cpu", flip_average=True).macs(48) == 2 * by_hand
    assert ResNet18(device="cpu", features="avg_pool").macs(48) == by_hand - 512 * 128
