"""The face's relief: its height, and how light falls on it.

The relief is a sum of separable Gaussians over an ellipsoid, on a grid of half the picture's side; the furrows come in
at full size, as a darkening and as the slope that catches the light.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from ferbench_datasets.synthfaces.action_units import Activation, of
from ferbench_datasets.synthfaces.folds import Fold
from ferbench_datasets.synthfaces.geometry import Geometry
from ferbench_datasets.synthfaces.identity import Identity
from ferbench_datasets.synthfaces.strokes import CENTRE, SIZE, UNIT, Field, Layer, Points, blur, stroke

GRID = SIZE // 2
_X: Points = ((np.arange(GRID) + 0.5) * 2 - CENTRE[0]).astype(np.float64) / UNIT
_Y: Points = ((np.arange(GRID) + 0.5) * 2 - CENTRE[1]).astype(np.float64) / UNIT
HEAD = (0.86, 1.22, 0.72)
"""Half-axes of the head's ellipsoid: x, y and towards the camera, in face units."""


@dataclass(frozen=True)
class Light:
    """Light from ``direction`` (x right, y down, z to the camera; length 1).

    ``ambient`` in [0, 1] is its share that comes from everywhere; ``warmth`` > 0 is redder than white.
    """

    direction: tuple[float, float, float]
    ambient: float
    warmth: float


def depth(points: Points, nose: float) -> Points:
    """Height of the smooth head at ``points`` [..., 2], face units: what the pose moves by. ``nose`` is its tip's y."""
    x, y = points[..., 0], points[..., 1]
    inside = 1 - (_bounded(x, 0.80) / HEAD[0]) ** 2 - (_bounded(y, 0.95) / HEAD[1]) ** 2
    dome = HEAD[2] * np.sqrt(np.maximum(0.02, inside))
    return np.asarray(dome + 0.13 * np.exp(-((x / 0.11) ** 2) - ((y - nose + 0.07) / 0.16) ** 2))


def _bounded(values: Points, limit: float) -> Points:
    """Flattens the head's ellipsoid where hair, neck and shoulders go on behind it."""
    size = np.abs(values)
    return np.asarray(np.sign(values) * np.minimum(size, limit + 0.15 * np.maximum(0, size - limit)))


_ELLIPSE = (1 - (_bounded(_X, 0.80)[None, :] / HEAD[0]) ** 2 - (_bounded(_Y, 0.95)[:, None] / HEAD[1]) ** 2).astype(
    np.float32
)

_BODY = np.clip((_Y - 1.08) / 0.16, 0, 1).astype(np.float32)[:, None]
"""Share of each row that belongs to neck and shoulders, which have no relief of their own."""


def height(who: Identity, units: Activation, shape: Geometry) -> Field:
    """The relief on the grid in face units, float32 [GRID, GRID]."""
    tip, ala = float(shape.nose[0, 1]), float(shape.nose[2, 0])
    lift = float(shape.nose[0, 1] - shape.nose[2, 1])
    smile = 0.5 * (of(units, "12", -1) + of(units, "12", 1))
    raise_ = max(of(units, "6"), 0.8 * smile)
    mouth = shape.mouth
    middle = len(mouth.upper_inner) // 2
    upper = 0.5 * float(mouth.upper_outer[middle, 1] + mouth.upper_inner[middle, 1])
    lower = 0.5 * float(mouth.lower_outer[middle, 1] + mouth.lower_inner[middle, 1])
    wide = float(mouth.upper_outer[-1, 0] - mouth.upper_outer[0, 0]) / 2
    brow = who.eye_y - who.brow_gap
    bulge = 0.012 * of(units, "4")
    bumps: list[tuple[float, float, float, float, float]] = [  # x, y, spread in x, spread in y, height
        (0.0, tip - 0.02, 0.085, 0.075, 0.085 * who.nose_height),
        (0.0, tip - 0.16, 0.070, 0.13, 0.075 * who.nose_height),
        (0.0, brow + 0.10, 0.075, 0.12, 0.030 * who.nose_height),
        (-ala * 0.82, tip + 0.005 - lift, 0.045, 0.045, 0.060),
        (ala * 0.82, tip + 0.005 - lift, 0.045, 0.045, 0.060),
        (0.0, upper, wide * 0.62, 0.040, 0.022),
        (0.0, lower, wide * 0.55, 0.045, 0.034),
        (0.0, 0.5 * (upper + lower), 0.30, 0.20, 0.050),
        (0.0, lower + 0.105, 0.15, 0.035, -0.030),
        (0.0, shape.chin - 0.15, 0.16, 0.095, 0.070 + 0.03 * of(units, "17")),
        (0.0, -0.55, 0.40, 0.16, 0.03),
        (0.0, brow - 0.02, 0.09, 0.06, bulge),
    ]
    for side in (-1.0, 1.0):
        eye = side * who.eye_x
        cheek = side * (0.42 + 0.015 * smile)
        bumps += [
            (eye, brow + 0.045 + 0.03 * of(units, "4"), 0.17, 0.065, 0.040),
            (eye, who.eye_y, 0.155, 0.085, -0.075),
            (side * 0.13, who.eye_y + 0.01, 0.060, 0.085, -0.062),
            (eye, who.eye_y, 0.105, 0.060, 0.035),
            (cheek, 0.20 - 0.075 * raise_, 0.17, 0.13 - 0.02 * raise_, 0.040 * who.cheeks + 0.045 * raise_),
            (side * 0.46, 0.52, 0.12, 0.16, -0.022 - 0.015 * of(units, "26")),
            (side * 0.66, -0.35, 0.10, 0.16, -0.03),
        ]
    x, y, across, along, high = (np.asarray(column)[:, None] for column in zip(*bumps, strict=True))
    columns = np.exp(-(((_X - x) / across) ** 2)).astype(np.float32)
    rows = (high * np.exp(-(((_Y - y) / along) ** 2))).astype(np.float32)
    dome = HEAD[2] * np.sqrt(np.maximum(0.04, _ELLIPSE))
    return np.asarray(dome + rows.T @ columns, np.float32)


def shading(relief: Field, light: Light) -> Field:
    """How bright the skin is, float32 [GRID, GRID, 3], about 1 where it faces the light."""
    step = 8 * 2 / UNIT  # Sobel sums eight times the slope over two pixels' distance
    right = cv2.Sobel(relief, cv2.CV_32F, 1, 0) / step
    down = cv2.Sobel(relief, cv2.CV_32F, 0, 1) / step
    x, y, z = light.direction
    shrink = 1 / np.sqrt(1 + right * right + down * down)
    facing = np.maximum(0, (z - x * right - y * down) * shrink)
    # The halfway vector between light and camera gives the skin's sheen.
    length = float(np.sqrt(x * x + y * y + (z + 1) ** 2))
    sheen = np.maximum(0, ((z + 1) - x * right - y * down) * shrink / length) ** 24
    hollow = np.clip((relief - cv2.GaussianBlur(relief, (0, 0), 5)) * 6, -0.40, 0.10)
    base = light.ambient + (1 - light.ambient) * facing + hollow
    base += _BODY * (light.ambient + (1 - light.ambient) * z - base)
    base = np.clip(base, 0.08, 1.3)
    warm = np.log(base) * 0.12
    tint = light.warmth
    return np.stack(
        [
            base * (1 - warm + tint) + 0.12 * sheen,
            base + 0.12 * sheen,
            base * (1 + 0.6 * warm - tint) + 0.12 * sheen,
        ],
        axis=-1,
    ).astype(np.float32)


def furrows(lines: Iterable[Fold], light: Light) -> Field:
    """Gain by which the folds darken and brighten the skin, float32 [SIZE, SIZE], 1 where there is none."""
    layer: Layer = np.zeros((SIZE, SIZE), np.uint8)
    for fold in lines:
        stroke(layer, fold.line, 255 * fold.depth, fold.width)
    soft = blur(layer, 1.3).astype(np.float32) * np.float32(1 / 255)
    x, y, _ = light.direction
    right, down = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    slope = right * np.float32(x / 4) + down * np.float32(y / 4)
    return np.asarray(1 - 0.42 * soft + 0.55 * slope, np.float32)
