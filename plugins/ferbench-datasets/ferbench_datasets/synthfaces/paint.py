"""The colours of a face, before any light falls on it: hair, skin, eyes, brows, lips, teeth, glasses, beard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench_datasets.synthfaces.action_units import Activation, of
from ferbench_datasets.synthfaces.geometry import Eye, Geometry
from ferbench_datasets.synthfaces.identity import Identity
from ferbench_datasets.synthfaces.strokes import (
    SIZE,
    Field,
    Layer,
    Points,
    blend,
    blur,
    curve,
    fill,
    pixels,
    ribbon,
    stroke,
    window,
)
from ferbench_datasets.synthfaces.texture import noise

_DARK = (26.0, 18.0, 18.0)


@dataclass(frozen=True)
class Painting:
    """``colour`` uint8 [SIZE, SIZE, 3]; ``alpha`` uint8 [SIZE, SIZE], what is not background; ``gain`` float32, grain."""

    colour: NDArray[np.uint8]
    alpha: Layer
    gain: Field


def paint(who: Identity, units: Activation, shape: Geometry) -> Painting:
    """The face of ``who`` in even light."""
    colour = np.empty((SIZE, SIZE, 3), np.uint8)
    colour[:] = np.asarray(who.hair if who.hair_style else who.skin).astype(np.uint8)
    colour[int(pixels(np.array([0.0, 1.25]))[1]) :] = np.asarray(who.clothes).astype(np.uint8)
    alpha: Layer = np.zeros((SIZE, SIZE), np.uint8)
    hair: Layer = np.zeros((SIZE, SIZE), np.uint8)
    _head(who, shape, colour, alpha, hair)
    colour = blur(colour, 1.0)
    hair = blur(hair, 1.2)
    dark: Layer = np.zeros((SIZE, SIZE), np.uint8)
    _nose(shape, dark)
    if who.beard:
        _beard(who, shape, colour)
    _mouth(who, units, shape, colour, dark)
    for eye in shape.eyes:
        _eye(who, eye, colour, dark)
    _brows(who, shape, colour)
    if who.glasses:
        _glasses(who, colour)
    gain = 1 + np.float32(0.022) * noise("skin", who.texture)
    gain += hair * np.float32(0.20 / 255) * noise("hair", who.texture + 1)
    gain -= blur(dark, 0.9) * np.float32(0.75 / 255)
    return Painting(colour, alpha, gain)


def _ellipse(x: float, y: float, across: float, along: float) -> Points:
    angle = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return np.stack([x + across * np.cos(angle), y + along * np.sin(angle)], axis=1)


def _times(colour: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    red, green, blue = (min(255.0, value * factor) for value in colour)
    return (red, green, blue)


def _head(who: Identity, shape: Geometry, colour: NDArray[np.uint8], alpha: Layer, hair: Layer) -> None:
    style, width = who.hair_style, who.width
    crown = _ellipse(0.0, -0.36, width + (0.03, 0.05, 0.09, 0.13, 0.12, 0.06)[style], (0.76, 0.80, 0.85, 0.86, 0.84, 0.81)[style])
    strands: list[Points] = [crown]
    if style in (3, 4):  # to the chin, to the shoulders
        low = 0.95 if style == 3 else 1.55
        wide = width + (0.17 if style == 3 else 0.15)
        strands.append(curve([(-wide, -0.4), (-wide - 0.02, 0.3), (-wide + 0.05, low), (-0.3, low), (0.3, low),
                              (wide - 0.05, low), (wide + 0.02, 0.3), (wide, -0.4), (0.0, -0.9)], closed=True))
    neck = np.array([(-0.36, 0.5), (-0.37, 1.15), (-0.6, 1.35), (0.6, 1.35), (0.37, 1.15), (0.36, 0.5)])
    torso = curve([(-1.75, 1.8), (-1.5, 1.48), (-0.85, 1.30), (-0.42, 1.16), (0.0, 1.36), (0.42, 1.16), (0.85, 1.30),
                   (1.5, 1.48), (1.75, 1.8)])
    ears = [_ellipse(side * (width + 0.015), 0.0, 0.075, 0.17) for side in (-1, 1)]
    scalp = _times(who.skin, 0.62) if style == 0 else who.hair
    for strand in strands:
        fill(colour, strand, scalp)
        fill(hair, strand, 255 if style else 90)
        fill(alpha, strand, 255)
    for shapes, paint_ in (((neck,), _times(who.skin, 0.66)), ((torso,), who.clothes)):
        for points in shapes:
            fill(colour, points, paint_)
            fill(hair, points, 0)
            fill(alpha, points, 255)
    if style not in (3, 4):
        for ear in ears:
            fill(colour, ear, _times(who.skin, 0.86))
            fill(hair, ear, 0)
            fill(alpha, ear, 255)
    top = who.hairline
    corner = {0: 0.80, 1: 0.84, 2: 0.80, 3: 0.62, 4: 0.66, 5: 0.76}[style]
    part = {2: 0.12, 3: -0.10, 4: 0.0, 5: -0.2}.get(style, 0.0)
    line = curve([(width * 0.93, -0.45), (width * corner, top + 0.14), (part + 0.25, top + 0.03), (part, top),
                  (part - 0.25, top + 0.03), (-width * corner, top + 0.14), (-width * 0.93, -0.45)])
    face = np.concatenate([shape.outline, line[1:-1]])
    fill(colour, face, who.skin)
    fill(hair, face, 0)
    fill(alpha, face, 255)
    if style == 5:  # a fringe
        fringe = curve([(-0.62, -0.42), (-0.35, -0.56), (0.0, -0.58), (0.35, -0.54), (0.64, -0.40), (0.66, -0.75),
                        (0.0, -1.05), (-0.66, -0.75)], closed=True)
        fill(colour, fringe, who.hair)
        fill(hair, fringe, 255)


def _nose(shape: Geometry, dark: Layer) -> None:
    tip = shape.nose[0]
    for side, ala in zip((-1.0, 1.0), shape.nose[1:], strict=True):
        x, y = float(ala[0]), float(ala[1])
        hole = _ellipse(0.52 * x, 0.4 * y + 0.6 * float(tip[1]) + 0.042, 0.034, 0.018)
        fill(dark, hole, 215)
        wing = curve([(x * 0.92, y - 0.065), (x + side * 0.025, y - 0.015), (x * 0.90, y + 0.035)])
        stroke(dark, wing, 85, 0.022)
    base = curve([(0.75 * float(shape.nose[1, 0]), float(tip[1]) + 0.050), (0.0, float(tip[1]) + 0.068),
                  (0.75 * float(shape.nose[2, 0]), float(tip[1]) + 0.050)])
    stroke(dark, base, 60, 0.034)


def _eye(who: Identity, eye: Eye, colour: NDArray[np.uint8], dark: Layer) -> None:
    edge = np.concatenate([eye.upper, eye.lower[::-1]])
    mask: Layer = np.zeros((SIZE, SIZE), np.uint8)
    fill(mask, edge, 255)
    ball = colour.copy()
    fill(ball, edge + np.array([[0.0, 0.0]]), (226, 220, 214))
    x, y = (float(value) for value in eye.centre[:2])
    radius = 0.49 * who.eye_width
    fill(ball, _ellipse(x, y, radius, radius), _times(who.iris, 0.55))
    fill(ball, _ellipse(x, y, radius * 0.84, radius * 0.84), who.iris)
    fill(ball, _ellipse(x, y, radius * 0.42, radius * 0.42), (12, 10, 10))
    fill(ball, _ellipse(x - 0.022, y - 0.026, 0.013, 0.013), (250, 250, 250))
    stroke(ball, eye.upper + np.array([0.0, 0.018]), (128, 116, 112), 0.030)  # the lid's shadow
    place = window(edge, 6)
    blend(colour[place], ball[place], mask[place])
    outer = np.linspace(0.6, 1.0, len(eye.upper)) if eye.side > 0 else np.linspace(1.0, 0.6, len(eye.upper))
    fill(colour, ribbon(eye.upper, 0.024 * outer), _DARK)
    stroke(dark, eye.lower, 120, 0.013)
    crease = eye.upper[3:-2] + np.array([0.0, -0.040])
    stroke(dark, crease, 115, 0.014)


def _brows(who: Identity, shape: Geometry, colour: NDArray[np.uint8]) -> None:
    mask: Layer = np.zeros((SIZE, SIZE), np.uint8)
    for line in shape.brows:
        fill(mask, ribbon(line, np.array([0.75, 1.0, 0.85, 0.30]) * (who.brow_thickness * 1.35)), 255)
    place = window(np.concatenate(shape.brows), 8)
    soft = blur(mask[place], 0.8)
    hairs = np.clip(soft * (0.86 + 0.22 * noise("hair", who.texture + 2)[place]), 0, 255).astype(np.uint8)
    blend(colour[place], _times(who.hair, 0.75), hairs, who.brow_darkness)


def _mouth(who: Identity, units: Activation, shape: Geometry, colour: NDArray[np.uint8], dark: Layer) -> None:
    mouth = shape.mouth
    red = np.asarray((178.0, 74.0, 78.0))
    skin = np.asarray(who.skin)
    tone = skin * 0.80 * (1 - 0.6 * who.lip_redness) + 0.6 * who.lip_redness * np.minimum(red, skin) * 0.95
    tone = tone * np.array([1.02, 0.86, 0.86])
    upper = np.concatenate([mouth.upper_outer, mouth.upper_inner[::-1]])
    lower = np.concatenate([mouth.lower_inner, mouth.lower_outer[::-1]])
    place = window(np.concatenate([upper, lower]), 8)
    for points, factor in ((upper, 0.86), (lower, 1.0)):
        mask: Layer = np.zeros((SIZE, SIZE), np.uint8)
        fill(mask, points, 255)
        blend(colour[place], tone * factor, blur(mask[place], 1.0), 0.92)
    if mouth.gap > 0.012:
        inside = np.concatenate([mouth.upper_inner, mouth.lower_inner[::-1]])
        mask = np.zeros((SIZE, SIZE), np.uint8)
        fill(mask, inside, 255)
        cavity = colour.copy()
        fill(cavity, inside, (54, 22, 24))
        jaw, smile = of(units, "26"), of(units, "12")
        low = mouth.lower_inner
        if jaw > 0.25:
            fill(cavity, _ellipse(0.0, float(low[len(low) // 2, 1]) + 0.02, 0.15, 0.07 + 0.04 * jaw), (150, 72, 76))
        show = 0.030 + 0.030 * smile + 0.020 * of(units, "10") + 0.012 * of(units, "20")
        row = mouth.upper_inner[4:-4]
        teeth = np.concatenate([row - np.array([0.0, 0.02]), row[::-1] + np.array([0.0, min(show, 0.85 * mouth.gap)])])
        fill(cavity, teeth, (226, 219, 206))
        if of(units, "16") + of(units, "20") > 0.25 and jaw < 0.7:
            row = mouth.lower_inner[6:-6]
            fill(cavity, np.concatenate([row, row[::-1] - np.array([0.0, min(0.03, 0.3 * mouth.gap)])]), (206, 198, 186))
        blend(colour[place], cavity[place], mask[place])
        stroke(dark, mouth.upper_inner, 110, 0.018)
    else:
        stroke(dark, mouth.upper_inner, 185, 0.018)
    for corner in (mouth.upper_outer[0], mouth.upper_outer[-1]):
        fill(dark, _ellipse(float(corner[0]), float(corner[1]), 0.024, 0.020), 150)
    bottom = mouth.lower_outer[8:-8] + np.array([0.0, 0.018])
    stroke(dark, bottom, 55, 0.030)


def _beard(who: Identity, shape: Geometry, colour: NDArray[np.uint8]) -> None:
    mask: Layer = np.zeros((SIZE, SIZE), np.uint8)
    rim = shape.outline
    low = rim[rim[:, 1] > 0.10]
    inner = curve([(0.66, 0.10), (0.52, 0.42), (0.32, 0.40), (0.0, 0.37), (-0.32, 0.40), (-0.52, 0.42), (-0.66, 0.10)])
    fill(mask, np.concatenate([low, inner]), 255)
    grain = np.clip(0.8 + 0.25 * noise("skin", who.texture + 3), 0, 1.2)
    soft = np.clip(blur(mask, 3.5) * grain, 0, 255).astype(np.uint8)
    place = window(low, 10)
    blend(colour[place], _times(who.hair, 0.9), soft[place], 0.75 * who.beard)


def _glasses(who: Identity, colour: NDArray[np.uint8]) -> None:
    tone = (30, 28, 30) if who.glasses == 1 else (120, 96, 70)
    thickness = 0.030 if who.glasses == 1 else 0.014
    y = who.eye_y + 0.03
    for side in (-1, 1):
        x = side * (who.eye_x + 0.005)
        wide, high = 0.215, 0.155
        lens = curve([(x - wide, y - 0.6 * high), (x - 0.6 * wide, y - high), (x + 0.6 * wide, y - high),
                      (x + wide, y - 0.6 * high), (x + wide, y + 0.4 * high), (x + 0.5 * wide, y + high),
                      (x - 0.5 * wide, y + high), (x - wide, y + 0.4 * high)], closed=True)
        stroke(colour, np.concatenate([lens, lens[:1]]), tone, thickness)
        stroke(colour, np.array([(side * (who.eye_x + 0.22), y - 0.08), (side * who.width, y - 0.11)]), tone, thickness)
    bridge = who.eye_x - 0.21
    stroke(colour, curve([(-bridge, y - 0.04), (0.0, y - 0.07), (bridge, y - 0.04)]), tone, thickness)
