"""One picture of one face, from a description that holds all it depends on."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench_datasets.synthfaces.action_units import Activation
from ferbench_datasets.synthfaces.folds import folds
from ferbench_datasets.synthfaces.geometry import geometry
from ferbench_datasets.synthfaces.identity import Identity
from ferbench_datasets.synthfaces.paint import paint
from ferbench_datasets.synthfaces.pose import Pose, project, warp_maps
from ferbench_datasets.synthfaces.relief import Light, furrows, height, shading
from ferbench_datasets.synthfaces.scene import Camera, Occluder, background, occlude, photograph
from ferbench_datasets.synthfaces.strokes import SIZE, Points

VERSION = 2
"""Raise whenever a picture of the same description changes."""


@dataclass(frozen=True)
class Shot:
    """All that a picture depends on. ``units`` are the action units as they show; ``gaze`` as in ``geometry``."""

    who: Identity
    units: Activation
    pose: Pose
    light: Light
    camera: Camera
    room: int
    grain: int
    gaze: tuple[float, float] = (0.0, 0.0)
    occluder: Occluder | None = None


def render(shot: Shot) -> NDArray[np.uint8]:
    """The picture, RGB uint8 [SIZE, SIZE, 3]."""
    seen = cutout(shot)
    share = np.multiply(seen[..., 3], np.float32(1 / 255))
    picture = cv2.blendLinear(np.ascontiguousarray(seen[..., :3]), background(shot.room), share, 1 - share)
    return photograph(np.asarray(picture, np.uint8), shot.camera, shot.grain)


def cutout(shot: Shot) -> NDArray[np.uint8]:
    """The person alone, uint8 [SIZE, SIZE, 4]: RGB as lit, and how much of each pixel the person covers."""
    who, units = shot.who, shot.units
    shape = geometry(who, units, shot.gaze)
    painting = paint(who, units, shape)
    light = shading(height(who, units, shape), _turned(shot.light, shot.pose))
    gain = painting.gain * furrows(folds(who, units, shape), shot.light)
    lit = cv2.multiply(cv2.resize(light, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR), cv2.merge([gain] * 3))
    colour = np.asarray(cv2.multiply(painting.colour, lit, dtype=cv2.CV_8U), np.uint8)
    if shot.occluder:
        occlude(shot.occluder, who, colour, painting.alpha)
    canvas = cv2.merge([*cv2.split(colour), painting.alpha])
    across, down = warp_maps(shot.pose, who.nose_tip)
    seen = cv2.remap(canvas, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.uint8)


def face_box(shot: Shot) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of the face in pixels: from the forehead's upper third to the chin, ear to ear."""
    seen = face_points(shot)
    left, top = np.clip(seen.min(axis=0), 0, SIZE - 1).tolist()
    right, bottom = np.clip(seen.max(axis=0), 1, SIZE).tolist()
    return (left, top, right, bottom)


def face_points(shot: Shot) -> Points:
    """What ``face_box`` encloses, in pixels [N, 2]: points of the face's edge and of the forehead."""
    shape = geometry(shot.who, shot.units)
    brow = np.array([(x, 0.75 * shot.who.hairline) for x in (-0.45, 0.0, 0.45)])
    return project(shot.pose, np.concatenate([shape.outline[::3], brow]), shot.who.nose_tip)


def _turned(light: Light, pose: Pose) -> Light:
    """The light as the turned head sees it."""
    yaw, pitch = np.radians([pose.yaw, pose.pitch])
    x, y, z = light.direction
    x, z = x * np.cos(yaw) - z * np.sin(yaw), x * np.sin(yaw) + z * np.cos(yaw)
    y, z = y * np.cos(pitch) - z * np.sin(pitch), y * np.sin(pitch) + z * np.cos(pitch)
    return Light((float(x), float(y), float(z)), light.ambient, light.warmth)
