"""What the tests of the embedder and its trainer share: striped images of two classes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ferbench.data import Images, Labels

SIDE = 24


@pytest.fixture(scope="session")
def stripes() -> Callable[..., tuple[Images, Labels]]:
    """Makes N noisy images uint8 [N, 24, 24] of two classes: horizontal and vertical stripes."""

    def make(count: int, seed: int = 0) -> tuple[Images, Labels]:
        rng = np.random.default_rng(seed)
        labels = np.arange(count, dtype=np.int64) % 2
        wave = 60 * np.sin(np.arange(SIDE) * 2 * np.pi / 6)
        clean = np.where(labels[:, None, None] == 0, wave[None, :, None], wave[None, None, :])
        images = 128 + clean + rng.normal(0, 20, (count, SIDE, SIDE))
        return images.clip(0, 255).astype(np.uint8), labels

    return make
