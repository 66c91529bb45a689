"""The embedder that does nothing."""

from __future__ import annotations

import numpy as np

from ferbench_sklearn.raw_pixels import RawPixels


def test_pixels_in_zero_to_one_row_by_row() -> None:
    images = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4) * 8
    embedder = RawPixels(4)
    rows = embedder.embed(images)
    assert rows.dtype == np.float32
    assert rows.shape == (2, embedder.embedding_size) == (2, 16)
    np.testing.assert_allclose(rows, images.reshape(2, 16) / 255, rtol=1e-6)
    np.testing.assert_array_equal(embedder.embed(images[1:])[0], rows[1])


def test_white_is_exactly_one_and_black_exactly_zero() -> None:
    images = np.array([0, 255], np.uint8).reshape(2, 1, 1)
    assert RawPixels(1).embed(images).tolist() == [[0.0], [1.0]]


def test_no_images_give_no_rows() -> None:
    assert RawPixels(4).embed(np.zeros((0, 4, 4), np.uint8)).shape == (0, 16)
