"""uint8 crops as the network's input."""

from __future__ import annotations

import numpy as np
import torch

from ferbench_torch.images import to_tensor


def test_values_shape_and_memory_format() -> None:
    images = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)[[0, 0]]
    pixels = to_tensor(images, torch.device("cpu"))
    assert pixels.shape == (2, 1, 16, 16)
    assert pixels.dtype == torch.float32
    assert pixels.is_contiguous(memory_format=torch.channels_last)
    expected = (images.astype(np.float64) / 255 - 0.5) / 0.25
    np.testing.assert_allclose(pixels[:, 0].numpy(), expected, atol=1e-6)


def test_the_crops_are_not_changed() -> None:
    images = np.full((2, 4, 4), 7, np.uint8)
    to_tensor(images, torch.device("cpu")).zero_()
    assert (images == 7).all()
