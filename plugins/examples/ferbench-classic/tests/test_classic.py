"""HOG and LBP: their sizes, what they see and what they do not, and that each row is its image's alone."""

from __future__ import annotations

import numpy as np
import pytest

from ferbench.errors import ParameterError
from ferbench.testing import contract
from ferbench_classic.hog import Hog
from ferbench_classic.lbp import Lbp

test_contract = contract("ferbench-classic")
EMBEDDERS = [Hog(), Hog(size=40, orientations=6, cell=10, block=3), Lbp(), Lbp(size=40, grid=7, points=12, radius=2.0)]


@pytest.mark.parametrize("embedder", EMBEDDERS)
def test_the_size_is_what_it_says(embedder: Hog | Lbp) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, embedder.size, embedder.size), np.uint8)
    rows = embedder.embed(images)
    assert rows.shape == (3, embedder.embedding_size)
    assert rows.dtype == np.float32
    assert len(np.unique(rows, axis=0)) == 3


def test_hog_tells_directions_apart_and_not_brightness() -> None:
    waves = (np.sin(np.arange(48) / 2) * 50 + 100).astype(np.uint8)
    upright, level = np.tile(waves, (48, 1)), np.tile(waves[:, None], (1, 48))
    first, second, brighter = Hog().embed(np.stack([upright, level, upright + 60]))
    assert np.abs(first - second).max() > 0.1
    assert np.abs(first - brighter).max() < 1e-4


def test_lbp_knows_order_alone_and_sums_to_one_in_each_cell() -> None:
    image = np.random.default_rng(0).integers(0, 100, (48, 48), np.uint8)
    first, brighter, mirrored = Lbp().embed(np.stack([image, image * 2 + 20, image[:, ::-1]]))
    assert np.abs(first - brighter).mean() < 0.01 < np.abs(first - mirrored).mean()  # ties between pixels aside
    assert first.reshape(36, 10).sum(axis=1) == pytest.approx(1)


def test_crops_of_another_size_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"(?s)32 pixels.*embedder.size=32"):
        Hog().embed(np.zeros((2, 32, 32), np.uint8))


def test_cells_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ParameterError, match="does not fit"):
        Hog(size=12, cell=8)
    with pytest.raises(ParameterError, match="does not fit"):
        Lbp(size=8, grid=9)
