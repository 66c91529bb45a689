"""Anti-aliased drawing in face units."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]
Layer = NDArray[np.uint8]
Field = NDArray[np.float32]

SIZE = 256
"""Side of the canvas and of the picture in pixels."""
UNIT = 80.0
"""Pixels in one face unit on the canvas."""
CENTRE = (128.0, 122.0)
"""Where the face's middle lies on the canvas, in pixels (x, y)."""
_SHIFT = 4  # OpenCV draws at 1/16 pixel


def pixels(points: Points) -> Points:
    """Face units [..., 2] -> canvas pixels."""
    return np.asarray(points * UNIT + np.asarray(CENTRE))


def curve(points: ArrayLike, *, closed: bool = False, steps: int = 6) -> Points:
    """A smooth line through ``points`` [N, 2] (Catmull & Rom 1974), ``steps`` points for each span."""
    knots = np.asarray(points, np.float64)
    if closed:
        knots = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        knots = np.concatenate([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    spans = np.stack([knots[:-3], knots[1:-2], knots[2:-1], knots[3:]], axis=1)
    line = np.asarray(_basis(steps) @ spans).reshape(-1, 2)
    return line if closed else np.concatenate([line, knots[-2:-1]])


def fill(layer: Layer, points: Points, colour: ArrayLike) -> None:
    """A filled polygon; ``points`` [N, 2] in face units, ``colour`` one value a channel."""
    cv2.fillPoly(layer, [_fixed(points)], _colour(colour), cv2.LINE_AA, _SHIFT)


def stroke(layer: Layer, points: Points, colour: ArrayLike, thickness: float) -> None:
    """A line of ``thickness`` face units; one thinner than a pixel is drawn as a pixel."""
    width = max(1, round(thickness * UNIT))
    cv2.polylines(layer, [_fixed(points)], False, _colour(colour), width, cv2.LINE_AA, _SHIFT)


def ribbon(line: Points, thickness: ArrayLike) -> Points:
    """The outline of a line [N, 2] whose full thickness along it goes through ``thickness`` (evenly spaced)."""
    profile = np.asarray(thickness, np.float64)
    half = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(profile)), profile)[:, None] / 2
    along = np.gradient(line, axis=0)
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    normal /= np.maximum(1e-9, np.hypot(normal[:, 0], normal[:, 1]))[:, None]
    return np.concatenate([line + normal * half, (line - normal * half)[::-1]])


def blur(layer: Layer, sigma: float) -> Layer:
    """Gaussian blur, ``sigma`` in pixels."""
    return np.asarray(cv2.GaussianBlur(layer, (0, 0), sigma), np.uint8)


def blend(region: Layer, colour: ArrayLike, alpha: Layer, strength: float = 1.0) -> None:
    """Mixes ``colour`` (one value a channel, or an image) into ``region`` [H, W, 3], by ``alpha`` [H, W] in 0..255."""
    share = (alpha * np.float32(strength / 255))[..., None]
    base = region.astype(np.float32)
    region[:] = (base + (np.asarray(colour, np.float32) - base) * share + 0.5).astype(np.uint8)


def ellipse(x: float, y: float, across: float, along: float) -> Points:
    """An ellipse's outline around (x, y), [28, 2]; half-axes in face units."""
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return np.stack([x + across * np.cos(angle), y + along * np.sin(angle)], axis=1)


def window(points: Points, pad: float) -> tuple[slice, slice]:
    """Rows and columns of the canvas that hold ``points`` (face units) and ``pad`` pixels around."""
    low = np.floor(pixels(points.min(axis=0)) - pad).astype(int).clip(0, SIZE - 2)
    high = np.ceil(pixels(points.max(axis=0)) + pad).astype(int).clip(low + 1, SIZE)
    return slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))


def _fixed(points: Points) -> NDArray[np.int32]:
    # OpenCV's pixel centres are whole numbers, ours lie at one half.
    return np.asarray(np.rint((pixels(points) - 0.5) * (1 << _SHIFT)), np.int32)


def _colour(colour: ArrayLike) -> tuple[float, ...]:
    values = np.atleast_1d(np.asarray(colour, np.float64))
    return tuple(float(value) for value in values)


@cache
def _basis(steps: int) -> Points:
    t = np.arange(steps) / steps
    return 0.5 * np.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3], axis=1
    )
