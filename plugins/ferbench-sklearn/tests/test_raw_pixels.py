"""The embedder that does nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ferbench_sklearn.raw_pixels import RawPixels


def test_pixels_in_zero_to_one_row_by_row(tmp_path: Path) -> None:
    images = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4) * 8
    embedder = RawPixels(4)
    rows = embedder.embed(images)
    assert rows.dtype == np.float32
    assert rows.shape == (2, embedder.embedding_size) == (2, 16)
    np.testing.assert_allclose(rows, images.reshape(2, 16) / 255, rtol=1e-6)
    np.testing.assert_array_equal(embedder.embed(images[1:])[0], rows[1])
    embedder.save(tmp_path)
    np.testing.assert_array_equal(RawPixels(4).load(tmp_path).embed(images), rows)


def test_white_is_exactly_one_and_black_exactly_zero() -> None:
    images = np.array([0, 255], np.uint8).reshape(2, 1, 1)
    assert RawPixels(1).embed(images).tolist() == [[0.0], [1.0]]


def test_no_images_give_no_rows() -> None:
    assert RawPixels(4).embed(np.zeros((0, 4, 4), np.uint8)).shape == (0, 16)


def test_fit_changes_nothing() -> None:
    embedder, nothing = RawPixels(4), dict[str, Any](loss=None, sampler=None, monitor=None, checkpoint=None)
    images, labels = np.zeros((2, 4, 4), np.uint8), np.array([0, 1], np.int64)
    assert embedder.fit(images, labels, num_classes=2, rng=np.random.default_rng(0), **nothing) is embedder
