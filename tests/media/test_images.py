"""Pixels as RGB, as gray, in another size."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from ferbench.media.images import as_gray, as_rgb, resize

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (6, 8), np.uint8)
COLOUR = RNG.integers(0, 256, (6, 8, 3), np.uint8)


def test_gray_as_rgb_and_back() -> None:
    rgb = as_rgb(GRAY)
    assert rgb.shape == (6, 8, 3)
    assert (rgb == GRAY[:, :, None]).all()
    assert (as_gray(rgb) == GRAY).all()


def test_what_has_the_form_already_is_not_copied() -> None:
    assert as_rgb(COLOUR) is COLOUR
    assert as_gray(GRAY) is GRAY


def test_gray_is_opencvs() -> None:
    assert (as_gray(COLOUR) == cv2.cvtColor(COLOUR, cv2.COLOR_RGB2GRAY)).all()


@pytest.mark.parametrize(("size", "kind"), [((4, 3), cv2.INTER_AREA), ((16, 12), cv2.INTER_LINEAR)])
def test_resizing(size: tuple[int, int], kind: int) -> None:
    assert (resize(COLOUR, *size) == cv2.resize(COLOUR, size, interpolation=kind)).all()
    assert resize(GRAY, *size).shape == (size[1], size[0])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_what_is_not_an_image_is_refused(image: Any) -> None:
    with pytest.raises(ValueError, match=r"an image is uint8 \[H, W\] or \[H, W, 3\]"):
        as_rgb(image)
