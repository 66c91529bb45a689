"""The colours of a face, before any light falls on it: hair, skin, eyes, brows, lips, teeth, glasses, beard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench_datasets.synthfaces import features
from ferbench_datasets.synthfaces.action_units import Activation
from ferbench_datasets.synthfaces.geometry import Geometry
from ferbench_datasets.synthfaces.identity import Identity, dimmed
from ferbench_datasets.synthfaces.strokes import SIZE, Field, Layer, Points, blur, curve, ellipse, fill, pixels
from ferbench_datasets.synthfaces.texture import noise

_VOLUME = ((0.03, 0.76), (0.05, 0.80), (0.09, 0.85), (0.13, 0.86), (0.12, 0.84), (0.06, 0.81))
"""By hair style: how far the hair stands out at the sides, and how tall it is."""


@dataclass(frozen=True)
class Painting:
    """``colour`` uint8 [SIZE, SIZE, 3]; ``alpha`` uint8 [SIZE, SIZE], 0 is background; ``gain`` float32, grain."""

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
    features.nose(shape, dark)
    if who.beard:
        features.beard(who, shape, colour)
    features.mouth(who, units, shape, colour, dark)
    for eye in shape.eyes:
        features.eye(who, eye, colour, dark)
    features.brows(who, shape, colour)
    if who.glasses:
        features.glasses(who, colour)
    gain = 1 + np.float32(0.022) * noise("skin", who.texture)
    gain += hair * np.float32(0.20 / 255) * noise("hair", who.texture + 1)
    gain -= blur(dark, 0.9) * np.float32(0.75 / 255)
    return Painting(colour, alpha, gain)


def _head(who: Identity, shape: Geometry, colour: NDArray[np.uint8], alpha: Layer, hair: Layer) -> None:
    style, width = who.hair_style, who.width
    wider, tall = _VOLUME[style]
    crown = ellipse(0.0, -0.36, width + wider, tall)
    strands: list[Points] = [crown]
    if style in (3, 4):  # to the chin, to the shoulders
        low = 0.95 if style == 3 else 1.55
        wide = width + (0.17 if style == 3 else 0.15)
        strands.append(
            curve(
                [
                    (-wide, -0.4),
                    (-wide - 0.02, 0.3),
                    (-wide + 0.05, low),
                    (-0.3, low),
                    (0.3, low),
                    (wide - 0.05, low),
                    (wide + 0.02, 0.3),
                    (wide, -0.4),
                    (0.0, -0.9),
                ],
                closed=True,
            )
        )
    neck = np.array([(-0.36, 0.5), (-0.37, 1.15), (-0.6, 1.35), (0.6, 1.35), (0.37, 1.15), (0.36, 0.5)])
    torso = curve(
        [
            (-1.75, 1.8),
            (-1.5, 1.48),
            (-0.85, 1.30),
            (-0.42, 1.16),
            (0.0, 1.36),
            (0.42, 1.16),
            (0.85, 1.30),
            (1.5, 1.48),
            (1.75, 1.8),
        ]
    )
    ears = [ellipse(side * (width + 0.015), 0.0, 0.075, 0.17) for side in (-1, 1)]
    scalp = dimmed(who.skin, 0.62) if style == 0 else who.hair
    for strand in strands:
        fill(colour, strand, scalp)
        fill(hair, strand, 255 if style else 90)
        fill(alpha, strand, 255)
    for shapes, paint_ in (((neck,), dimmed(who.skin, 0.66)), ((torso,), who.clothes)):
        for points in shapes:
            fill(colour, points, paint_)
            fill(hair, points, 0)
            fill(alpha, points, 255)
    if style not in (3, 4):
        for ear in ears:
            fill(colour, ear, dimmed(who.skin, 0.86))
            fill(hair, ear, 0)
            fill(alpha, ear, 255)
    top = who.hairline
    corner = {0: 0.80, 1: 0.84, 2: 0.80, 3: 0.62, 4: 0.66, 5: 0.76}[style]
    part = {2: 0.12, 3: -0.10, 4: 0.0, 5: -0.2}.get(style, 0.0)
    line = curve(
        [
            (width * 0.93, -0.45),
            (width * corner, top + 0.14),
            (part + 0.25, top + 0.03),
            (part, top),
            (part - 0.25, top + 0.03),
            (-width * corner, top + 0.14),
            (-width * 0.93, -0.45),
        ]
    )
    face = np.concatenate([shape.outline, line[1:-1]])
    fill(colour, face, who.skin)
    fill(hair, face, 0)
    fill(alpha, face, 255)
    if style == 5:  # a fringe
        fringe = curve(
            [
                (-0.62, -0.42),
                (-0.35, -0.56),
                (0.0, -0.58),
                (0.35, -0.54),
                (0.64, -0.40),
                (0.66, -0.75),
                (0.0, -1.05),
                (-0.66, -0.75),
            ],
            closed=True,
        )
        fill(colour, fringe, who.hair)
        fill(hair, fringe, 255)
