"""The furrows in the skin: what age leaves, and what each action unit adds.

Where they lie follows the FACS manual's description of each unit's appearance change. Face units throughout.
"""

from __future__ import annotations

from dataclasses import dataclass

from ferbench_datasets.synthfaces.action_units import Activation, of
from ferbench_datasets.synthfaces.geometry import Eye, Geometry
from ferbench_datasets.synthfaces.identity import Identity
from ferbench_datasets.synthfaces.strokes import Points, curve


@dataclass(frozen=True)
class Fold:
    """A furrow in the skin: its line [N, 2], its depth in [0, 1] and its full width."""

    line: Points
    depth: float
    width: float


def folds(who: Identity, units: Activation, shape: Geometry) -> list[Fold]:
    """All furrows of the face ``shape`` of ``who``; those too shallow to see are left out."""
    drawn = _forehead(who, units)
    for index, side in enumerate((-1, 1)):
        drawn += _frown(who, units, shape.brows[index], side)
        drawn += _around_nose(who, units, shape, side)
        drawn += _around_eye(who, units, shape.eyes[index], side)
        drawn += _mouth_corner(who, units, shape, side)
    drawn += _chin(units, shape)
    return [fold for fold in drawn if fold.depth > 0.04]


def _fold(points: list[tuple[float, float]], depth: float, width: float) -> Fold:
    return Fold(curve(points), min(1.0, depth), width)


def _forehead(who: Identity, units: Activation) -> list[Fold]:
    """Across the forehead: AU 1 and 2, and age."""
    one, two = of(units, "1"), of(units, "2")
    depth = 0.30 * max(0.0, who.age - 0.35) + 0.55 * min(one, two) + 0.15 * one
    drawn = []
    for row in range(3):
        y, wide = -0.50 - 0.085 * row - 0.02 * (one + two), 0.42 - 0.03 * row
        half, side = (0.5 * wide, y - 0.015 * two), (wide, y + 0.02)
        line = [(-side[0], side[1]), (-half[0], half[1]), (0.0, y - 0.03 * one), half, side]
        drawn.append(_fold(line, depth, 0.022))
    return drawn


def _frown(who: Identity, units: Activation, brow: Points, side: int) -> list[Fold]:
    """Upright between the brows: AU 4."""
    inner, y = abs(float(brow[0, 0])), float(brow[0, 1])
    line = [(side * (0.30 * inner + 0.02), y + 0.075), (side * 0.45 * inner, y - 0.01), (side * 0.50 * inner, y - 0.10)]
    return [_fold(line, 0.85 * of(units, "4") + 0.25 * max(0.0, who.age - 0.5), 0.022)]


def _around_nose(who: Identity, units: Activation, shape: Geometry, side: int) -> list[Fold]:
    """Beside the nose's root (AU 9), and from its wing to the mouth's corner (age, AU 9, 10, 12, 20)."""
    nine, pull = of(units, "9"), of(units, "12", side)
    root = who.eye_y + 0.07
    lower = [(side * 0.03, root - 0.02), (side * 0.075, root + 0.02), (side * 0.115, root + 0.10)]
    upper = [(side * 0.02, root - 0.08), (side * 0.07, root - 0.055), (side * 0.12, root - 0.01)]
    x, y = _corner(shape, side)
    wing, height = shape.nose[1 if side < 0 else 2].tolist()
    out = side * (abs(x) + 0.07 + 0.02 * pull)
    reach = y - 0.02 + 0.03 * (1 - pull)
    bend = (0.55 * wing + 0.45 * out + side * 0.03 * pull, 0.55 * height + 0.45 * reach - 0.03)
    deep = 0.12 + 0.30 * who.age + 0.65 * pull + 0.55 * nine + 0.55 * of(units, "10") + 0.25 * of(units, "20")
    cheek = [(wing + side * 0.025, height - 0.045), bend, (out, reach)]
    return [_fold(lower, 0.9 * nine, 0.022), _fold(upper, 0.7 * nine, 0.020), _fold(cheek, deep, 0.030)]


def _around_eye(who: Identity, units: Activation, eye: Eye, side: int) -> list[Fold]:
    """Under the eye (age, AU 6, 7, 9) and the crow's feet at its outer corner (AU 6)."""
    six = of(units, "6")
    depth = 0.18 + 0.30 * who.age + 0.45 * six + 0.30 * of(units, "7") + 0.30 * of(units, "9")
    drawn = [_fold([(float(x), float(y) + 0.052) for x, y in eye.lower[4:-3:5]], depth, 0.022)]
    x, y = eye.upper[0 if side < 0 else -1].tolist()
    for angle in (-0.55, 0.0, 0.5):
        near = (x + side * 0.035, y + 0.05 * angle)
        far = (near[0] + side * 0.095, near[1] + 0.10 * angle + 0.015)
        drawn.append(_fold([near, far], 0.65 * six + 0.15 * max(0.0, who.age - 0.5), 0.014))
    return drawn


def _mouth_corner(who: Identity, units: Activation, shape: Geometry, side: int) -> list[Fold]:
    """Beside the mouth's corner (AU 14) and below it (AU 15, age)."""
    x, y = _corner(shape, side)
    dimple = [(x + side * 0.025, y - 0.06), (x + side * 0.050, y), (x + side * 0.030, y + 0.06)]
    down = [(x + side * 0.005, y + 0.015), (x + side * 0.03, y + 0.07), (x + side * 0.02, y + 0.14)]
    deep = 0.55 * of(units, "15") + 0.2 * max(0.0, who.age - 0.4)
    return [_fold(dimple, 0.9 * of(units, "14", side), 0.026), _fold(down, deep, 0.026)]


def _chin(units: Activation, shape: Geometry) -> list[Fold]:
    """Between lip and chin: AU 17, and a little at rest."""
    lip = shape.mouth.lower_outer
    y = min(float(lip[len(lip) // 2, 1]) + 0.065, shape.chin - 0.14)
    return [_fold([(-0.15, y + 0.02), (0.0, y), (0.15, y + 0.02)], 0.22 + 0.55 * of(units, "17"), 0.034)]


def _corner(shape: Geometry, side: int) -> tuple[float, float]:
    x, y = shape.mouth.upper_outer[0 if side < 0 else -1].tolist()
    return x, y
