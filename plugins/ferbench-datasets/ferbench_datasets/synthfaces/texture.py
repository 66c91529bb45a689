"""Fixed noise that skin, hair and sensor take their grain from: made once a process, read at offsets."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench_datasets.synthfaces.strokes import SIZE, Field

_TILE = 2 * SIZE


@cache
def _tile(kind: str) -> Field:
    rng = np.random.default_rng(["skin", "hair", "grain"].index(kind))
    white: NDArray[Any] = rng.standard_normal((_TILE, _TILE), np.float32)
    if kind == "skin":
        coarse = cv2.GaussianBlur(white, (0, 0), 6)
        fine = cv2.GaussianBlur(white, (0, 0), 1)
        white = coarse / coarse.std() + 0.7 * fine / fine.std()
    elif kind == "hair":
        white = cv2.GaussianBlur(white, (0, 0), sigmaX=0.9, sigmaY=9)
    white = white / white.std()
    white.setflags(write=False)
    return np.asarray(white, np.float32)


def noise(kind: str, where: int) -> Field:
    """A window of the noise ``kind`` ("skin", "hair" or "grain"), float32 [SIZE, SIZE], deviation 1, read-only."""
    top, left = (where * 7919) % SIZE, (where * 104729 // SIZE) % SIZE
    return _tile(kind)[top : top + SIZE, left : left + SIZE]
