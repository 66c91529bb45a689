"""Arrays to try components on: generated, the same in every run."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ferbench.data import Embeddings, Images, Labels
from ferbench.errors import PluginError

try:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st
except ImportError as error:
    raise PluginError(
        f"the contract suite needs hypothesis, which is not installed: {error}",
        fix="uv pip install 'ferbench[testing]'",
    ) from error

__all__ = ["blobs", "crops", "picture", "st", "tried"]

SIDE = 48
"""Pixels of a crop's side, the face step's default."""


def tried(test: Callable[..., None], *, examples: int = 20, **strategies: st.SearchStrategy[Any]) -> None:
    """Calls ``test`` with values from ``strategies``, the same in every run; what breaks it is shrunk first."""
    property_test = given(**strategies)(test)
    settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )(property_test)()


def crops(count: int, classes: int = 3, side: int = SIDE, seed: int = 0) -> tuple[Images, Labels]:
    """uint8 [N, S, S] and labels int64 [N]: stripes in noise, their width given by the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % classes
    stripes = (np.arange(side)[None, :] // (3 * (labels[:, None] + 1))) % 2 * 100 + 70
    images = stripes[:, :, None] + rng.normal(0, 25, (count, side, side))
    return images.clip(0, 255).astype(np.uint8), labels


def blobs(count: int, classes: int, size: int = 8, seed: int = 0) -> tuple[Embeddings, Labels]:
    """float32 [N, D], rows of length 1 around one point per class, and labels int64 [N]."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % classes
    rows = 1.5 * np.eye(size)[labels % size] + rng.normal(0, 1, (count, size))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), labels


def picture(height: int, width: int, seed: int = 0) -> Images:
    """A picture without content, RGB uint8 [H, W, 3]: a gradient of colours with some noise."""
    y, x = np.mgrid[:height, :width]
    slope = np.stack([y * 200 // height, x * 200 // width, (x + y) % 200], axis=-1)
    return (slope + np.random.default_rng(seed).integers(0, 56, (height, width, 1))).astype(np.uint8)
