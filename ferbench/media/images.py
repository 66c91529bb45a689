"""Pixels in the form that is needed: RGB, gray, another size. Images are uint8 [H, W] (gray) or [H, W, 3] (RGB)."""

from __future__ import annotations

import cv2
import numpy as np

from ferbench.data import Images

UINT8 = np.dtype(np.uint8)


def as_rgb(image: Images) -> Images:
    """``image`` as [H, W, 3]; a gray one gets three equal channels. Raises ``ValueError`` if it is not an image."""
    if image.dtype == UINT8 and image.size:
        if image.ndim == 3 and image.shape[2] == 3:
            return image
        if image.ndim == 2:
            return np.repeat(image[:, :, None], 3, axis=2)
    raise ValueError(f"an image is uint8 [H, W] or [H, W, 3] with at least one pixel, not {image.dtype} {image.shape}")


def as_gray(image: Images) -> Images:
    """``image`` as [H, W], by OpenCV's weights of red, green and blue."""
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def resize(image: Images, width: int, height: int) -> Images:
    """``image`` in another size: means of areas where it shrinks, linear interpolation where it grows."""
    shrinks = max(width, height) < max(image.shape[:2])
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=kind), np.uint8)
