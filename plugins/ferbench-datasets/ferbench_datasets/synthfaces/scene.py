"""What surrounds a face: the background, what hides a part of it, and the camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench_datasets.synthfaces.identity import Identity
from ferbench_datasets.synthfaces.strokes import SIZE, Layer, curve, fill, ribbon, stroke
from ferbench_datasets.synthfaces.texture import noise

OCCLUDERS = ("hand", "scarf", "strand", "bar")


@dataclass(frozen=True)
class Occluder:
    """``kind`` is one of ``OCCLUDERS``, on ``side`` -1 (the image's left) or 1; ``reach`` in [0, 1]: how far in."""

    kind: str
    side: int
    reach: float


@dataclass(frozen=True)
class Camera:
    """``blur`` and ``noise`` are standard deviations in pixels and gray levels; ``exposure`` is a factor."""

    blur: float
    noise: float
    exposure: float
    contrast: float


def background(seed: int) -> NDArray[np.uint8]:
    """A wall, a shelf or a blurred room, uint8 [SIZE, SIZE, 3]."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(50, 215) + rng.uniform(-18, 18, 3)
    cells = int(rng.integers(2, 7))
    bright = rng.uniform(4, 34) * rng.standard_normal((cells, cells, 1))
    coarse = base + bright + 6 * rng.standard_normal((cells, cells, 3))
    small = np.clip(coarse, 0, 255).astype(np.uint8)
    room = cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    for _ in range(int(rng.integers(0, 4))):
        left, top = rng.integers(0, SIZE, 2).tolist()
        wide, high = rng.integers(8, 90, 2).tolist()
        tone = (base + rng.uniform(-50, 50)).clip(0, 255).tolist()
        cv2.rectangle(room, (left, top), (left + wide, top + high), tone, -1)
    return np.asarray(cv2.blur(room, (7, 7)), np.uint8)


def occlude(what: Occluder, who: Identity, colour: NDArray[np.uint8], alpha: Layer) -> None:
    """Draws ``what`` over the lit face, in its own even light."""
    side, reach = what.side, what.reach
    if what.kind == "hand":
        skin = np.asarray(who.skin) * 0.80
        for finger in range(4):
            y = 0.62 + 0.125 * finger
            tip = side * (0.36 - 0.24 * reach + 0.05 * abs(finger - 1.3))
            line = curve([(side * 1.05, y + 0.28), (side * 0.72, y + 0.06), (tip, y - 0.03)])
            for tone, thick in ((skin * 0.55, 0.135), (skin * 0.88, 0.115), (skin, 0.075)):
                stroke(colour, line, tone, thick)
            stroke(alpha, line, 255, 0.135)
        corners = [(0.72, 0.55), (1.25, 0.75), (1.3, 1.6), (0.75, 1.55), (0.62, 1.0)]
        palm = curve([(side * x, y) for x, y in corners], closed=True)
        fill(colour, palm, skin * 0.92)
        fill(alpha, palm, 255)
    elif what.kind == "scarf":
        top = 0.98 - 0.30 * reach
        cloth = curve(
            [
                (-0.95, top - 0.25),
                (-0.4, top),
                (0.0, top + 0.05),
                (0.4, top),
                (0.95, top - 0.25),
                (1.0, 1.5),
                (0.0, 1.7),
                (-1.0, 1.5),
            ],
            closed=True,
        )
        tone = np.asarray(who.clothes[::-1])
        fill(colour, cloth, tone)
        fill(alpha, cloth, 255)
        for row in range(4):
            y = top + 0.10 + 0.12 * row
            stroke(colour, curve([(-0.9, y - 0.22), (0.0, y + 0.05), (0.9, y - 0.22)]), tone * 0.75, 0.02)
    elif what.kind == "strand":
        line = curve(
            [
                (side * 0.15, -1.0),
                (side * (0.50 - 0.2 * reach), -0.60),
                (side * (0.55 - 0.25 * reach), -0.15),
                (side * 0.66, 0.35),
            ]
        )
        lock = ribbon(line, [0.16, 0.15, 0.12, 0.03])
        fill(colour, lock, np.asarray(who.hair) * 0.9)
        fill(alpha, lock, 255)
    else:
        x = side * (0.78 - 0.38 * reach)
        bar = np.array([(x - 0.07, -2.0), (x + 0.07, -2.0), (x + 0.07, 2.0), (x - 0.07, 2.0)])
        fill(colour, bar, (92, 94, 98))
        fill(alpha, bar, 255)


def photograph(picture: NDArray[np.uint8], camera: Camera, seed: int) -> NDArray[np.uint8]:
    """The picture as the camera takes it: lens blur, exposure, contrast, sensor noise; uint8 [SIZE, SIZE, 3]."""
    if camera.blur > 0.2:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), camera.blur), np.uint8)
    gain = camera.exposure * camera.contrast
    grain = noise("grain", seed) * np.float32(camera.noise) + np.float32(128 * (1 - camera.contrast))
    return np.asarray(cv2.addWeighted(picture, gain, cv2.merge([grain] * 3), 1.0, 0, dtype=cv2.CV_8U), np.uint8)
