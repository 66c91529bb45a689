"""A crowd's picture: the room, the people before it from the farthest to the nearest, and the camera."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench_datasets.synthfaces.clutter import room
from ferbench_datasets.synthfaces.crowd import FEET, HIP, LEG, SHOULDER, Crowd, Person
from ferbench_datasets.synthfaces.render import Shot, cutout
from ferbench_datasets.synthfaces.strokes import SIZE, UNIT

Picture = NDArray[np.uint8]


def draw(plan: Crowd) -> Picture:
    """The picture, RGB uint8 [H, W, 3]."""
    rng = np.random.default_rng(plan.room)
    picture = room(plan.width, plan.height, plan.floor, rng)
    # One light falls on the room and on all people; the far ones are paler, as through air.
    tint = rng.uniform(0.82, 1.08) * (1 + rng.uniform(-0.06, 0.06, 3))
    air = picture.mean(axis=(0, 1))
    for person in plan.people:
        haze = 0.25 * float(np.clip(1 - person.height / 90, 0, 1))
        _paste(picture, person, tint * (1 - haze), air * haze)
    return _photograph(picture, rng)


def _photograph(picture: Picture, rng: np.random.Generator) -> Picture:
    """The picture as a camera takes it: out of focus, underexposed and noisy as cameras are, seldom all at once."""
    blurred = cv2.GaussianBlur(picture, (0, 0), 0.3 + 2.0 * float(rng.beta(1, 3)))
    exposure = 1.1 - 0.75 * float(rng.beta(1, 3))
    gray, colour = 1 + 14 * float(rng.beta(1, 3)), 1 + 4 * float(rng.random())
    height, width = picture.shape[:2]
    grain = gray * rng.standard_normal((height, width, 1), np.float32)
    grain = grain + colour * rng.standard_normal((height, width, 3), np.float32)
    return np.clip(blurred * np.float32(exposure) + grain, 0, 255).astype(np.uint8)


def _paste(picture: Picture, person: Person, gain: NDArray[np.float64], veil: NDArray[np.float64]) -> None:
    """Draws the person into ``picture``, from the hair down to the feet or the lower edge."""
    height, width = picture.shape[:2]
    factor = person.factor
    whole = _whole(person.shot, rows=int(np.ceil((height - person.top) / factor)))
    tall = whole.shape[0]
    # The picture's pixel (x, y) shows the cutout's ((x - left) / factor, (y - top) / factor).
    if factor < 1:  # first to the nearest size by area, so that nothing flickers, then to its place
        side = max(1, round(SIZE * factor)), max(1, round(whole.shape[0] * factor))
        whole = np.asarray(cv2.resize(whole, side, interpolation=cv2.INTER_AREA), np.uint8)
    across, down = (SIZE * factor / whole.shape[1], tall * factor / whole.shape[0])
    place = np.array([[across, 0, person.left + 0.5 * across - 0.5], [0, down, person.top + 0.5 * down - 0.5]])
    seen = cv2.warpAffine(whole, place, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    share = seen[..., 3:].astype(np.float32) / 255
    lit = seen[..., :3] * gain.astype(np.float32) + veil.astype(np.float32)
    picture[:] = np.clip(picture * (1 - share) + lit * share + 0.5, 0, 255).astype(np.uint8)


def _whole(shot: Shot, rows: int) -> Picture:
    """The cutout with a body below it, uint8 [rows or to the feet, SIZE, 4]: trunk and arms, trousers, shoes."""
    bust, who = cutout(shot), shot.who
    middle = shot.pose.y
    below = max(0, min(rows, int(middle + FEET * UNIT)) - SIZE)
    if not below:
        return bust
    cloth = np.median(bust[-1, :, :3], axis=0)
    body = np.zeros((below, SIZE, 4), np.uint8)

    def part(points: list[tuple[float, float]], tone: NDArray[np.float64]) -> None:
        corners = np.rint(np.array(points) * UNIT + (shot.pose.x, middle - SIZE)).astype(np.int32)
        cv2.fillPoly(body, [corners], (*np.clip(tone, 0, 255).tolist(), 255), cv2.LINE_AA)

    trousers = 0.25 * cloth + 0.45 * np.asarray(who.clothes[::-1])
    for side in (-1, 1):
        part([(0, HIP - 0.6), (side * LEG, HIP - 0.6), (side * 0.8 * LEG, FEET), (side * 0.25, FEET)], trousers)
        part(
            [(side * 0.15, FEET - 0.3), (side * LEG, FEET - 0.3), (side * LEG, FEET), (side * 0.15, FEET)], cloth * 0.2
        )
        hand = [(side * 1.2, HIP - 0.6), (side * 1.55, HIP - 0.6), (side * 1.5, HIP), (side * 1.25, HIP)]
        part(hand, np.asarray(who.skin) * 0.75)
    part([(-SHOULDER, 1), (SHOULDER, 1), (SHOULDER, HIP - 0.5), (-SHOULDER, HIP - 0.5)], cloth)
    for side in (-1, 1):
        part([(side * 1.0, 2.4), (side * 1.12, 2.6), (side * 1.1, HIP - 0.5), (side * 1.0, HIP - 0.5)], cloth * 0.6)
    across = np.abs(np.arange(SIZE) + 0.5 - shot.pose.x) / (SHOULDER * UNIT)
    body[..., :3] = (body[..., :3] * (1 - 0.3 * np.minimum(1, across) ** 3)[:, None]).astype(np.uint8)
    return np.concatenate([bust, body])
