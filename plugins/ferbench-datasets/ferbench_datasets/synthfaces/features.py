"""The parts of a face, painted in even light onto ``colour`` uint8 [SIZE, SIZE, 3].

``dark`` uint8 [SIZE, SIZE] collects the soft dark lines (nostrils, lid lines, the mouth's seam); the caller blurs it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ferbench_datasets.synthfaces.action_units import Activation, of
from ferbench_datasets.synthfaces.geometry import Eye, Geometry
from ferbench_datasets.synthfaces.identity import Identity, dimmed
from ferbench_datasets.synthfaces.strokes import (
    SIZE,
    Layer,
    blend,
    blur,
    curve,
    ellipse,
    fill,
    ribbon,
    stroke,
    window,
)
from ferbench_datasets.synthfaces.texture import noise

_DARK = (26.0, 18.0, 18.0)


def nose(shape: Geometry, dark: Layer) -> None:
    """The nostrils, the wings and the shadow below the tip, into ``dark``."""
    tip = shape.nose[0]
    for side, ala in zip((-1.0, 1.0), shape.nose[1:], strict=True):
        x, y = float(ala[0]), float(ala[1])
        hole = ellipse(0.52 * x, 0.4 * y + 0.6 * float(tip[1]) + 0.042, 0.034, 0.018)
        fill(dark, hole, 215)
        wing = curve([(x * 0.92, y - 0.065), (x + side * 0.025, y - 0.015), (x * 0.90, y + 0.035)])
        stroke(dark, wing, 85, 0.022)
    base = curve(
        [
            (0.75 * float(shape.nose[1, 0]), float(tip[1]) + 0.050),
            (0.0, float(tip[1]) + 0.068),
            (0.75 * float(shape.nose[2, 0]), float(tip[1]) + 0.050),
        ]
    )
    stroke(dark, base, 60, 0.034)


def eye(who: Identity, eye: Eye, colour: NDArray[np.uint8], dark: Layer) -> None:
    """The eyeball, the iris, the lashes; lid lines into ``dark``."""
    edge = np.concatenate([eye.upper, eye.lower[::-1]])
    mask: Layer = np.zeros((SIZE, SIZE), np.uint8)
    fill(mask, edge, 255)
    ball = colour.copy()
    fill(ball, edge, (226, 220, 214))
    x, y = (float(value) for value in eye.centre[:2])
    radius = 0.49 * who.eye_width
    fill(ball, ellipse(x, y, radius, radius), dimmed(who.iris, 0.55))
    fill(ball, ellipse(x, y, radius * 0.84, radius * 0.84), who.iris)
    fill(ball, ellipse(x, y, radius * 0.42, radius * 0.42), (12, 10, 10))
    fill(ball, ellipse(x - 0.022, y - 0.026, 0.013, 0.013), (250, 250, 250))
    stroke(ball, eye.upper + np.array([0.0, 0.018]), (128, 116, 112), 0.030)  # the lid's shadow
    place = window(edge, 6)
    blend(colour[place], ball[place], mask[place])
    outer = np.linspace(0.6, 1.0, len(eye.upper)) if eye.side > 0 else np.linspace(1.0, 0.6, len(eye.upper))
    fill(colour, ribbon(eye.upper, 0.024 * outer), _DARK)
    stroke(dark, eye.lower, 120, 0.013)
    crease = eye.upper[3:-2] + np.array([0.0, -0.040])
    stroke(dark, crease, 115, 0.014)


def brows(who: Identity, shape: Geometry, colour: NDArray[np.uint8]) -> None:
    """Both brows, as hairs along their centre lines."""
    mask: Layer = np.zeros((SIZE, SIZE), np.uint8)
    for line in shape.brows:
        fill(mask, ribbon(line, np.array([0.75, 1.0, 0.85, 0.30]) * (who.brow_thickness * 1.35)), 255)
    place = window(np.concatenate(shape.brows), 8)
    soft = blur(mask[place], 0.8)
    hairs = np.clip(soft * (0.86 + 0.22 * noise("hair", who.texture + 2)[place]), 0, 255).astype(np.uint8)
    blend(colour[place], dimmed(who.hair, 0.75), hairs, who.brow_darkness)


def mouth(who: Identity, units: Activation, shape: Geometry, colour: NDArray[np.uint8], dark: Layer) -> None:
    """Lips and, where they part, teeth and tongue; seam and corners into ``dark``."""
    lips = shape.mouth
    red = np.asarray((178.0, 74.0, 78.0))
    skin = np.asarray(who.skin)
    tone = skin * 0.80 * (1 - 0.6 * who.lip_redness) + 0.6 * who.lip_redness * np.minimum(red, skin) * 0.95
    tone = tone * np.array([1.02, 0.86, 0.86])
    upper = np.concatenate([lips.upper_outer, lips.upper_inner[::-1]])
    lower = np.concatenate([lips.lower_inner, lips.lower_outer[::-1]])
    place = window(np.concatenate([upper, lower]), 8)
    for points, factor in ((upper, 0.86), (lower, 1.0)):
        mask: Layer = np.zeros((SIZE, SIZE), np.uint8)
        fill(mask, points, 255)
        blend(colour[place], tone * factor, blur(mask[place], 1.0), 0.92)
    if lips.gap > 0.012:
        inside = np.concatenate([lips.upper_inner, lips.lower_inner[::-1]])
        mask = np.zeros((SIZE, SIZE), np.uint8)
        fill(mask, inside, 255)
        cavity = colour.copy()
        fill(cavity, inside, (54, 22, 24))
        jaw, smile = of(units, "26"), of(units, "12")
        low = lips.lower_inner
        if jaw > 0.25:
            fill(cavity, ellipse(0.0, float(low[len(low) // 2, 1]) + 0.02, 0.15, 0.07 + 0.04 * jaw), (150, 72, 76))
        show = 0.030 + 0.030 * smile + 0.020 * of(units, "10") + 0.012 * of(units, "20")
        row = lips.upper_inner[4:-4]
        teeth = np.concatenate([row - np.array([0.0, 0.02]), row[::-1] + np.array([0.0, min(show, 0.85 * lips.gap)])])
        fill(cavity, teeth, (226, 219, 206))
        if of(units, "16") + of(units, "20") > 0.25 and jaw < 0.7:
            row = lips.lower_inner[6:-6]
            top = row[::-1] - np.array([0.0, min(0.03, 0.3 * lips.gap)])
            fill(cavity, np.concatenate([row, top]), (206, 198, 186))
        blend(colour[place], cavity[place], mask[place])
        stroke(dark, lips.upper_inner, 110, 0.018)
    else:
        stroke(dark, lips.upper_inner, 185, 0.018)
    for corner in (lips.upper_outer[0], lips.upper_outer[-1]):
        fill(dark, ellipse(float(corner[0]), float(corner[1]), 0.024, 0.020), 150)
    bottom = lips.lower_outer[8:-8] + np.array([0.0, 0.018])
    stroke(dark, bottom, 55, 0.030)


def beard(who: Identity, shape: Geometry, colour: NDArray[np.uint8]) -> None:
    """Stubble or beard below the cheeks, around the mouth."""
    mask: Layer = np.zeros((SIZE, SIZE), np.uint8)
    rim = shape.outline
    low = rim[rim[:, 1] > 0.10]
    inner = curve([(0.66, 0.10), (0.52, 0.42), (0.32, 0.40), (0.0, 0.37), (-0.32, 0.40), (-0.52, 0.42), (-0.66, 0.10)])
    fill(mask, np.concatenate([low, inner]), 255)
    grain = np.clip(0.8 + 0.25 * noise("skin", who.texture + 3), 0, 1.2)
    soft = np.clip(blur(mask, 3.5) * grain, 0, 255).astype(np.uint8)
    place = window(low, 10)
    blend(colour[place], dimmed(who.hair, 0.9), soft[place], 0.75 * who.beard)


def glasses(who: Identity, colour: NDArray[np.uint8]) -> None:
    """Frames: heavy (1) or of wire (2)."""
    tone = (30, 28, 30) if who.glasses == 1 else (120, 96, 70)
    thickness = 0.030 if who.glasses == 1 else 0.014
    y = who.eye_y + 0.03
    for side in (-1, 1):
        x = side * (who.eye_x + 0.005)
        wide, high = 0.215, 0.155
        lens = curve(
            [
                (x - wide, y - 0.6 * high),
                (x - 0.6 * wide, y - high),
                (x + 0.6 * wide, y - high),
                (x + wide, y - 0.6 * high),
                (x + wide, y + 0.4 * high),
                (x + 0.5 * wide, y + high),
                (x - 0.5 * wide, y + high),
                (x - wide, y + 0.4 * high),
            ],
            closed=True,
        )
        stroke(colour, np.concatenate([lens, lens[:1]]), tone, thickness)
        stroke(colour, np.array([(side * (who.eye_x + 0.22), y - 0.08), (side * who.width, y - 0.11)]), tone, thickness)
    bridge = who.eye_x - 0.21
    stroke(colour, curve([(-bridge, y - 0.04), (0.0, y - 0.07), (bridge, y - 0.04)]), tone, thickness)
