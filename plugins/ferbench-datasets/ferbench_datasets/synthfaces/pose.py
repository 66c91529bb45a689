"""Where the head points, and where that puts its points in the picture.

The head is a relief over a plane: a turn moves each point by its height above the axis times the turn's sine, which is
right to first order and good for the moderate turns drawn here.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ferbench_datasets.synthfaces.relief import depth
from ferbench_datasets.synthfaces.strokes import SIZE, Field, Points, pixels

AXIS = 0.25
"""Height of the axis that the head turns about, in face units."""


@dataclass(frozen=True)
class Pose:
    """Turns in degrees: ``yaw`` > 0 to the image's right, ``pitch`` > 0 downwards, ``roll`` > 0 clockwise.

    ``scale`` is pixels of the picture for one of the canvas; ``x`` and ``y`` are the face's middle, in pixels.
    """

    yaw: float
    pitch: float
    roll: float
    scale: float
    x: float
    y: float


def project(pose: Pose, points: Points, nose: float) -> Points:
    """Face units [N, 2] -> pixels of the picture [N, 2]; ``nose`` is the tip's resting y."""
    turn = np.radians([pose.yaw, pose.pitch])
    seen = points
    for _ in range(4):
        seen = points * np.cos(turn) + (depth(_guess(seen, turn), nose) - AXIS)[..., None] * np.sin(turn)
    return np.asarray(seen @ _spin(pose).T + np.array([pose.x, pose.y]))


def warp_maps(pose: Pose, nose: float) -> tuple[Field, Field]:
    """Where each pixel of the picture comes from on the canvas: x and y, float32 [SIZE, SIZE], for ``cv2.remap``."""
    turn = np.radians([pose.yaw, pose.pitch])
    half = (np.arange(SIZE // 2) + 0.5) * 2
    seen = np.stack(np.meshgrid(half - pose.x, half - pose.y), axis=-1) @ np.linalg.inv(_spin(pose)).T
    drawn = (seen - (depth(_guess(seen, turn), nose) - AXIS)[..., None] * np.sin(turn)) / np.cos(turn)
    maps = cv2.resize((pixels(drawn) - 0.5).astype(np.float32), (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(maps[..., 0]), np.ascontiguousarray(maps[..., 1])


def _guess(seen: Points, turn: Points) -> Points:
    return seen - 0.4 * np.sin(turn)


def _spin(pose: Pose) -> Points:
    """Face units, turned already -> pixels around (x, y)."""
    angle = np.radians(pose.roll)
    factor = pose.scale * float(pixels(np.array([1.0, 0.0]))[0] - pixels(np.array([0.0, 0.0]))[0])
    return np.asarray(np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * factor)
