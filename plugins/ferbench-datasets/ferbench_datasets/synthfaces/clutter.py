"""The room behind a crowd: walls, windows, shelves, and round or skin-coloured things that a poor detector takes for
faces: clocks, balls, balloons, sockets, portraits without a face."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Colour = tuple[float, float, float]
_SKIN = ((236, 196, 170), (206, 158, 124), (150, 106, 80), (112, 78, 58))


def room(width: int, height: int, floor: int, rng: np.random.Generator) -> Picture:
    """An empty room whose floor begins at row ``floor``, RGB uint8 [height, width, 3], a little out of focus."""
    wall = rng.uniform(70, 215) + rng.uniform(-22, 22, 3)
    coarse = wall + rng.uniform(6, 22) * rng.standard_normal((5, 6, 1)) + 5 * rng.standard_normal((5, 6, 3))
    small = np.clip(coarse, 0, 255).astype(np.uint8)
    picture: Picture = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    tone = np.clip(wall * rng.uniform(0.45, 0.8) + rng.uniform(-15, 15, 3), 0, 255)
    cv2.rectangle(picture, (0, floor), (width, height), tone.tolist(), -1)
    cv2.rectangle(picture, (0, floor - 6), (width, floor), np.clip(wall * 1.12, 0, 255).tolist(), -1)
    kinds = (_window, _shelf, _frame, _clock, _plant, _lamp, _ball, _socket, _sign, _balloons)
    for _ in range(int(rng.integers(7, 15))):
        side = float(np.exp(rng.uniform(np.log(0.06), np.log(0.30)))) * height
        x, y = float(rng.uniform(0, width)), float(rng.uniform(0, 0.9 * height))
        kinds[int(rng.integers(len(kinds)))](picture, x, y, side, rng)
    grain = 3.0 * cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), 1.2)
    blurred = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.6, 2.4)))
    return np.asarray(cv2.add(blurred, cv2.merge([grain * 2] * 3), dtype=cv2.CV_8U), np.uint8)


def _window(picture: Picture, x: float, y: float, side: float, rng: np.random.Generator) -> None:
    bright = rng.uniform(190, 255) + rng.uniform(-12, 12, 3)
    _box(picture, x, y, 1.2 * side, 1.6 * side, np.clip(bright, 0, 255))
    for share in (-0.5, 0.0, 0.5):
        _box(picture, x + share * 1.2 * side, y, 0.06 * side, 1.6 * side, bright * 0.45)
        _box(picture, x, y + share * 1.6 * side, 1.2 * side, 0.06 * side, bright * 0.45)


def _shelf(picture: Picture, x: float, y: float, side: float, rng: np.random.Generator) -> None:
    wood = np.array([120, 86, 56]) * rng.uniform(0.5, 1.5)
    _box(picture, x, y, 2 * side, 1.1 * side, wood * 0.5)
    at = x - 0.95 * side
    while at < x + 0.9 * side:
        wide, tall = rng.uniform(0.05, 0.16) * side, rng.uniform(0.6, 0.95) * side
        _box(picture, at + wide / 2, y + 0.5 * (side - tall), wide, tall, rng.uniform(20, 230, 3))
        at += wide + rng.uniform(0, 0.03) * side
    _box(picture, x, y + 0.55 * side, 2.1 * side, 0.1 * side, wood)


def _frame(picture: Picture, x: float, y: float, side: float, rng: np.random.Generator) -> None:
    """A picture on the wall: a landscape, or a portrait that is only an oval."""
    _box(picture, x, y, side, 1.25 * side, rng.uniform(20, 110, 3))
    _box(picture, x, y, 0.86 * side, 1.11 * side, rng.uniform(90, 230, 3))
    if rng.random() < 0.5:
        _oval(picture, x, y + 0.35 * side, 0.36 * side, 0.22 * side, rng.uniform(30, 120, 3))
        _oval(picture, x, y - 0.05 * side, 0.2 * side, 0.27 * side, np.array(_SKIN[int(rng.integers(len(_SKIN)))]))
    else:
        _box(picture, x, y + 0.3 * side, 0.86 * side, 0.5 * side, np.array([70, 110, 60]) * rng.uniform(0.6, 1.4))


def _clock(picture: Picture, x: float, y: float, side: float, rng: np.random.Generator) -> None:
    """A round face with two dots and two hands."""
    _oval(picture, x, y, 0.5 * side, 0.5 * side, rng.uniform(20, 90, 3))
    _oval(picture, x, y, 0.44 * side, 0.44 * side, rng.uniform(205, 250, 3))
    for angle in np.arange(12) * np.pi / 6:
        _oval(picture, x + 0.37 * side * np.cos(angle), y + 0.37 * side * np.sin(angle), 0.025 * side, 0.025 * side)
    for length, angle in zip((0.2, 0.32), rng.uniform(0, 2 * np.pi, 2), strict=True):
        tip = (x + length * side * np.cos(angle), y + length * side * np.sin(angle))
        cv2.line(picture, _point(x, y), _point(*tip), (20, 20, 20), max(1, round(0.04 * side)), cv2.LINE_AA)


def _plant(picture: Picture, x: float, y: float, side: float, rng: np.random.Generator) -> None:
    _box(picture, x, y + 0.9 * side, 0.4 * side, 0.5 * side, np.array([150, 90, 60]) * rng.uniform(0.6, 1.3))
    for _ in range(24):
        dx, dy = rng.normal(0, 0.32 * side, 2)
        green = np.array([46, 96, 48]) * rng.uniform(0.5, 1.6)
        _oval(picture, x + dx, y + dy, 0.07 * side, 0.2 * side, green, angle=float(rng.uniform(0, 180)))


def _lamp(picture: Picture, x: float, y: float, side: float, rng: np.random.Generator) -> None:
    cv2.line(picture, _point(x, 0), _point(x, y), (60, 60, 60), max(1, round(0.03 * side)), cv2.LINE_AA)
    _oval(picture, x, y, 0.36 * side, 0.26 * side, np.array([255, 236, 196]) * rng.uniform(0.85, 1.0))


def _ball(picture: Picture, x: float, y: float, side: float, rng: np.random.Generator) -> None:
    """A ball of skin's colour, lit from above, with two darker spots."""
    tone = np.array(_SKIN[int(rng.integers(len(_SKIN)))])
    for share in np.linspace(1.0, 0.2, 8):
        shade = tone * (1.12 - 0.35 * share)
        radius = 0.45 * side * share
        _oval(picture, x - 0.1 * side * (1 - share), y - 0.12 * side * (1 - share), radius, radius, shade)
    for _ in range(2):
        dx, dy = rng.uniform(-0.25, 0.25, 2) * side
        _oval(picture, x + dx, y + dy, 0.06 * side, 0.05 * side, tone * 0.5)


def _socket(picture: Picture, x: float, y: float, side: float, rng: np.random.Generator) -> None:
    """Two holes over a slot, in a pale plate."""
    plate = rng.uniform(200, 250) + rng.uniform(-8, 8, 3)
    _box(picture, x, y, 0.5 * side, 0.6 * side, plate)
    for dx in (-0.1, 0.1):
        _oval(picture, x + dx * side, y - 0.08 * side, 0.035 * side, 0.035 * side)
    _box(picture, x, y + 0.12 * side, 0.16 * side, 0.04 * side, plate * 0.3)


def _sign(picture: Picture, x: float, y: float, side: float, rng: np.random.Generator) -> None:
    _box(picture, x, y, 1.6 * side, 0.6 * side, rng.uniform(40, 240, 3))
    text = "".join(chr(int(code)) for code in rng.integers(65, 91, 5))
    place = _point(x - 0.65 * side, y + 0.12 * side)
    ink = rng.uniform(0, 255, 3).tolist()
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.013 * side, ink, max(1, round(0.03 * side)))


def _balloons(picture: Picture, x: float, y: float, side: float, rng: np.random.Generator) -> None:
    for _ in range(int(rng.integers(1, 4))):
        dx, dy = rng.normal(0, 0.4 * side, 2)
        at = (x + dx, y + dy)
        cv2.line(picture, _point(*at), _point(x, y + 2 * side), (200, 200, 200), 1, cv2.LINE_AA)
        tone = rng.uniform(40, 240, 3)
        _oval(picture, *at, 0.3 * side, 0.38 * side, tone)
        _oval(picture, at[0] - 0.1 * side, at[1] - 0.14 * side, 0.05 * side, 0.08 * side, np.minimum(255, tone * 1.4))


def _box(picture: Picture, x: float, y: float, wide: float, tall: float, tone: NDArray[np.float64]) -> None:
    corners = _point(x - wide / 2, y - tall / 2), _point(x + wide / 2, y + tall / 2)
    cv2.rectangle(picture, *corners, np.clip(tone, 0, 255).tolist(), -1)


def _oval(
    picture: Picture,
    x: float,
    y: float,
    wide: float,
    tall: float,
    tone: NDArray[np.float64] | None = None,
    angle: float = 0.0,
) -> None:
    """A filled ellipse with half-axes ``wide`` and ``tall``; dark unless it has a tone."""
    colour = [25.0, 25.0, 25.0] if tone is None else np.clip(tone, 0, 255).tolist()
    axes = max(1, round(wide)), max(1, round(tall))
    cv2.ellipse(picture, _point(x, y), axes, angle, 0, 360, colour, -1, cv2.LINE_AA)


def _point(x: float, y: float) -> tuple[int, int]:
    return round(float(x)), round(float(y))
