"""Who stands where in a drawn scene: people of all sizes, the nearer ones in front of the others.

The nearest are placed first, so that how much of a face is hidden is known as soon as it has its place: it is the share
of the face's hull that the outlines of nearer people cover. Each scene has its own seed, made of (seed, number).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench_datasets.synthfaces.action_units import CLASSES
from ferbench_datasets.synthfaces.clips import still
from ferbench_datasets.synthfaces.pose import Pose, project
from ferbench_datasets.synthfaces.relief import Light
from ferbench_datasets.synthfaces.render import Shot, face_box, face_points
from ferbench_datasets.synthfaces.strokes import UNIT, Layer, Points, curve, ellipse

SIZES = ((640, 480), (720, 540), (800, 600))
"""Width and height of the scenes in pixels."""
SMALLEST, LARGEST = 24.0, 200.0
"""Height of a face in pixels, forehead to chin as ``face_box`` has it."""
GROUPS = (((1, 3), (0.18, 0.31)), ((2, 5), (0.14, 0.28)), ((5, 8), (0.0, 0.13)), ((3, 7), (0.04, 0.31)))
"""Kinds of scene: how many people, and their faces' heights as shares of the scene's longer side."""
CROWDED, HIDDEN = 0.4, 0.7
"""Share of the places that may be behind somebody, and how much of such a face may be hidden."""
COVERED = 0.3
"""What a hand, a scarf or a strand of hair before a face counts as hiding of it, at the least."""
HIP, FEET, SHOULDER, LEG = 6.0, 13.0, 1.6, 0.95
"""The body below the cutout, in face units from the face's middle: arms and trunk end, the feet; half-widths."""
PEOPLE = 1 << 20
ATTEMPTS = 60
_SCENE = 4
"""Of the random streams: 0 to 2 are the identity, the take and the still of ``clips``."""


@dataclass(frozen=True)
class Person:
    """One person in a scene. ``factor`` scales the cutout of ``shot``, whose corner lies at ``left``, ``top``.

    ``box`` is the face in the scene's pixels, ``hidden`` the share of it that nearer people cover, in [0, 1].
    """

    shot: Shot
    factor: float
    left: float
    top: float
    box: tuple[float, float, float, float]
    hidden: float

    @property
    def height(self) -> float:
        """Of the face, in pixels."""
        return self.box[3] - self.box[1]


@dataclass(frozen=True)
class Crowd:
    """A scene's plan: its size and where its ``floor`` begins, in pixels, its people from the farthest to the nearest,
    and the seed of the rest."""

    width: int
    height: int
    floor: int
    people: tuple[Person, ...]
    room: int


def crowd(seed: int, number: int) -> Crowd:
    """Scene ``number`` of ``seed``, with at least one person."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_SCENE, number)))
    width, height = SIZES[int(rng.integers(len(SIZES)))]
    (fewest, most), (low, high) = GROUPS[int(rng.integers(len(GROUPS)))]
    count = int(rng.integers(fewest, most + 1))
    low, high = max(SMALLEST, low * width), min(LARGEST, high * width)
    sizes = np.sort(np.exp(rng.uniform(np.log(low), np.log(high), count)))[::-1]
    floor = int(rng.uniform(0.62, 0.85) * height)
    angle, lift = rng.uniform(-1.2, 1.2), rng.uniform(-0.8, 0.0)
    taken: Layer = np.zeros((height, width), np.uint8)
    placed = []
    for size in sizes.tolist():
        shot = _shot(seed, rng, float(angle), float(lift))
        person = _place(shot, size, taken, floor, rng, limit=HIDDEN if rng.random() < CROWDED else 0.0)
        if person is not None:
            placed.append(person)
            for outline in _outlines(person):
                cv2.fillPoly(taken, [np.rint(outline).astype(np.int32)], (255,))
    return Crowd(width, height, floor, tuple(placed[::-1]), int(rng.integers(1 << 31)))


def _shot(seed: int, rng: np.random.Generator, angle: float, lift: float) -> Shot:
    """Somebody with some expression, lit from the scene's side; the head turned a little or, at times, far."""
    person, expression = int(rng.integers(PEOPLE)), CLASSES[int(rng.integers(len(CLASSES)))]
    shot = still(seed, person, expression, int(rng.integers(1 << 16)), 0)
    turn = 1.0 if rng.random() < 0.7 else 1.7
    yaw, pitch, roll = (turn * rng.standard_normal(3) * (11, 6, 7)).clip((-32, -15, -26), (32, 15, 26)).tolist()
    side, up = angle + 0.15 * rng.standard_normal(), lift + 0.1 * rng.standard_normal()
    direction = np.array([0.95 * np.sin(side), up, 0.75])
    direction /= np.linalg.norm(direction)
    light = Light((float(direction[0]), float(direction[1]), float(direction[2])), float(rng.uniform(0.4, 0.6)), 0.0)
    pose = Pose(yaw=yaw, pitch=pitch, roll=roll, scale=1.0, x=128.0, y=112.0)
    # A bar goes on beyond the cutout, and would end in the air here.
    occluder = None if shot.occluder and shot.occluder.kind == "bar" else shot.occluder
    return replace(shot, pose=pose, light=light, occluder=occluder)


def _place(shot: Shot, size: float, taken: Layer, floor: int, rng: np.random.Generator, limit: float) -> Person | None:
    """The person at a place where no more than ``limit`` of the face is hidden; ``None`` if none was found."""
    height, width = taken.shape
    left, top, right, bottom = face_box(shot)
    factor = size / (bottom - top)
    half, hull = 0.5 * factor * (right - left), cv2.convexHull(face_points(shot).astype(np.float32))[:, 0]
    feet = factor * (FEET * UNIT + shot.pose.y - (top + bottom) / 2)
    highest = max(0.85 * size, floor + 0.05 * height - feet)  # nobody floats
    lowest = max(highest + 1, min(0.72 * height, height - 0.6 * size))
    for _ in range(ATTEMPTS):
        x = rng.uniform(1.25 * half, width - 1.25 * half)
        y = rng.uniform(highest, lowest)
        at_x, at_y = x - factor * (left + right) / 2, y - factor * (top + bottom) / 2
        hidden = _covered(taken, np.rint(hull * factor + (at_x, at_y)).astype(np.int32))
        if hidden <= limit:
            box = (at_x + factor * left, at_y + factor * top, at_x + factor * right, at_y + factor * bottom)
            return Person(shot, factor, at_x, at_y, box, max(hidden, COVERED) if shot.occluder else hidden)
    return None


def _covered(taken: Layer, hull: NDArray[np.int32]) -> float:
    """The share, in [0, 1], of the pixels within ``hull`` [N, 2] that are taken."""
    low = np.maximum(hull.min(axis=0), 0)
    window = taken[low[1] : hull[:, 1].max() + 1, low[0] : hull[:, 0].max() + 1]
    mask: Layer = np.zeros_like(window)
    cv2.fillConvexPoly(mask, hull - low, (255,))
    return float(window[mask > 0].mean() / 255)


def _outlines(person: Person) -> list[Points]:
    """What a person covers in the scene: hair and head, trunk and arms, legs; pixels [N, 2] each."""
    who, pose = person.shot.who, person.shot.pose
    head = ellipse(0.0, -0.30, who.width + 0.10, 0.90)
    left = [(-SHOULDER, 1.55), (-0.85, 1.30), (-0.42, 1.16), (-0.36, 0.6)]
    chest = curve([*left, *((-x, y) for x, y in left[::-1])])
    upright = np.array([pose.x, pose.y])  # the body below the cutout does not turn with the head
    trunk = UNIT * np.array([(SHOULDER, 1.8), (SHOULDER, HIP), (-SHOULDER, HIP), (-SHOULDER, 1.8)]) + upright
    legs = UNIT * np.array([(LEG, HIP), (LEG, FEET), (-LEG, FEET), (-LEG, HIP)]) + upright
    shoulders = project(pose, chest, who.nose_tip)
    shapes = (project(pose, head, who.nose_tip), np.concatenate([shoulders, trunk]), legs)
    return [points * person.factor + (person.left, person.top) for points in shapes]
