"""Takes: one person showing one expression for a moment, as stills or as a clip from neutral to the apex and back.

What belongs to a take (how the expression is performed, the pose, the light, the room) is drawn once a take, so that
its stills are near duplicates, as the frames of a real recording are; only small things change from still to still.
Each draw has its own seed, made of (seed, subject, class, take, still): any picture can be made alone, in any process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ferbench_datasets.synthfaces.action_units import CLASSES, CONTEMPT, PROTOTYPES, Activation, blended, jittered
from ferbench_datasets.synthfaces.identity import Identity, draw_identity
from ferbench_datasets.synthfaces.pose import Pose
from ferbench_datasets.synthfaces.relief import Light
from ferbench_datasets.synthfaces.render import Shot, render
from ferbench_datasets.synthfaces.scene import OCCLUDERS, Camera, Occluder
from ferbench_datasets.synthfaces.strokes import Layer

WEAK = 0.02
"""Share of takes with a faint expression."""
BLEND = 0.04
"""Share of takes that mix in a second expression, nearly as strong as the first."""
OCCLUDED = 0.08
"""Share of takes in which something hides a part of the face."""
_IDENTITY, _TAKE, _STILL = range(3)


@dataclass(frozen=True)
class Take:
    """One performance of ``expression`` by ``who``; ``apex`` are its action units at full strength."""

    who: Identity
    expression: str
    apex: Activation
    pose: Pose
    light: Light
    camera: Camera
    room: int
    occluder: Occluder | None


@dataclass(frozen=True)
class Clip:
    """N frames of one take.

    ``shots`` has what each frame is drawn from, ``intensities`` float64 [N] in [0, 1]; the apex are the frames with
    ``apex[0] <= index < apex[1]``, those of intensity 1. The first and the last frame are neutral.
    """

    shots: tuple[Shot, ...]
    intensities: np.ndarray[tuple[int], np.dtype[np.float64]]
    apex: tuple[int, int]

    def __len__(self) -> int:
        return len(self.shots)

    def read(self, index: int) -> Layer:
        """Frame ``index``, RGB uint8 [256, 256, 3]."""
        return render(self.shots[index])


def identity(seed: int, subject: int) -> Identity:
    """Subject number ``subject`` of the dataset with ``seed``."""
    return draw_identity(_rng(seed, _IDENTITY, subject))


def take(seed: int, subject: int, expression: str, number: int) -> Take:
    """Take ``number`` of ``subject`` showing ``expression``."""
    classes = (*CLASSES, CONTEMPT)
    rng = _rng(seed, _TAKE, subject, classes.index(expression), number)
    variants = PROTOTYPES[expression]
    apex = jittered(variants[int(rng.integers(len(variants)))], rng, 0.15)
    kind, strength, share = rng.random(), float(rng.uniform(0.85, 1.10)), float(rng.uniform(0.40, 0.60))
    other = CLASSES[int(rng.integers(len(CLASSES) - 1))]
    if kind < WEAK:
        strength = float(rng.uniform(0.25, 0.45))
    elif kind < WEAK + BLEND:
        apex = blended(apex, PROTOTYPES[other][0], share if expression != "neutral" else 0.5 * share)
    angle, lift = rng.uniform(-1.35, 1.35), rng.uniform(-0.9, 0.2)
    direction = np.array([np.sin(angle) * 0.95, lift, 0.75])
    direction /= np.linalg.norm(direction)
    hidden = Occluder(OCCLUDERS[int(rng.integers(len(OCCLUDERS)))], int(rng.choice((-1, 1))), float(rng.random()))
    return Take(
        who=identity(seed, subject),
        expression=expression,
        apex={unit: min(1.0, value * strength) for unit, value in apex.items()},
        pose=Pose(
            yaw=_bounded(rng, 12, 22),
            pitch=_bounded(rng, 7, 13),
            roll=_bounded(rng, 9, 18),
            scale=float(rng.uniform(0.88, 1.06)),
            x=float(rng.uniform(116, 140)),
            y=float(rng.uniform(116, 134)),
        ),
        light=Light(
            (float(direction[0]), float(direction[1]), float(direction[2])),
            ambient=float(rng.uniform(0.30, 0.55)),
            warmth=float(rng.uniform(-0.03, 0.05)),
        ),
        camera=Camera(
            blur=float(rng.uniform(0.0, 1.3)),
            noise=float(rng.uniform(1.0, 7.0)),
            exposure=float(rng.uniform(0.85, 1.15)),
            contrast=float(rng.uniform(0.85, 1.1)),
        ),
        room=int(rng.integers(1 << 31)),
        occluder=hidden if rng.random() < OCCLUDED else None,
    )


def still(seed: int, subject: int, expression: str, number: int, frame: int) -> Shot:
    """Still ``frame`` of a take: near its apex, with the small changes from one moment to the next."""
    shown = take(seed, subject, expression, number)
    rng = _rng(seed, _STILL, subject, (*CLASSES, CONTEMPT).index(expression), number, frame)
    units = jittered({unit: value * float(rng.uniform(0.85, 1.0)) for unit, value in shown.apex.items()}, rng, 0.05)
    return _shot(shown, units, rng)


def clip(seed: int, subject: int, expression: str, number: int, frames: int = 48, calm: int | None = None) -> Clip:
    """A take from neutral to its apex and back in ``frames`` (at least 8) frames: onset, apex and offset a third each.

    The neutral lead-in and lead-out are ``calm`` frames each (at least one), or a twelfth of the frames.
    """
    calm = max(1, frames // 12) if calm is None else calm
    if frames < 8 or not 1 <= calm <= (frames - 6) // 2:
        raise ValueError(f"a clip has at least 8 frames, 6 of them not calm, not {frames} with {calm} calm at each end")
    shown = take(seed, subject, expression, number)
    start, end = calm + (frames - 2 * calm) // 3, frames - calm - (frames - 2 * calm) // 3
    level = np.interp(np.arange(frames), [calm - 1, start, end - 1, frames - calm], [0.0, 1.0, 1.0, 0.0])
    eased = level * level * (3 - 2 * level)
    shots = []
    for frame, intensity in enumerate(eased.tolist()):
        rng = _rng(seed, _STILL, subject, (*CLASSES, CONTEMPT).index(expression), number, 1_000_000 + frame)
        shots.append(_shot(shown, {unit: value * intensity for unit, value in shown.apex.items()}, rng, sway=0.15))
    return Clip(tuple(shots), eased, (start, end))


def _shot(shown: Take, apex: Activation, rng: np.random.Generator, sway: float = 1.0) -> Shot:
    who, pose = shown.who, shown.pose
    units = {unit: min(1.0, value * who.gains[unit]) for unit, value in apex.items()}
    for unit, value in who.rest.items():
        units[unit] = max(units.get(unit, 0.0), value)
    moved = sway * rng.standard_normal(6)
    look = np.clip(sway * rng.standard_normal(2) * (0.10, 0.04), (-0.2, -0.1), (0.2, 0.1))
    return Shot(
        who=who,
        units=units,
        pose=replace(
            pose,
            yaw=pose.yaw + 1.0 * float(moved[0]),
            pitch=pose.pitch + 0.8 * float(moved[1]),
            roll=pose.roll + 0.8 * float(moved[2]),
            x=pose.x + 1.5 * float(moved[3]),
            y=pose.y + 1.5 * float(moved[4]),
            scale=pose.scale * (1 + 0.01 * float(moved[5])),
        ),
        light=shown.light,
        camera=shown.camera,
        room=shown.room,
        grain=int(rng.integers(1 << 31)),
        gaze=(float(look[0]), float(look[1])),
        occluder=shown.occluder,
    )


def _bounded(rng: np.random.Generator, deviation: float, limit: float) -> float:
    return float(np.clip(deviation * rng.standard_normal(), -limit, limit))


def _rng(seed: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
