"""Boxes and labels on pictures."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

from ferbench.data import Images, Scale
from ferbench.prediction.records import FaceRecord
from ferbench.support.colours import COLOURS


def draw_labels(picture: Images, records: Sequence[FaceRecord], classes: Sequence[str], scale: Scale) -> Images:
    """A copy of RGB uint8 [H, W, 3] with each face's box, label and share, in the colour of its class.

    A probability is written in per cent; a softmax, which is not one, as a plain number.
    """
    image = Image.fromarray(picture)
    draw = ImageDraw.Draw(image)
    line = max(2, round(max(picture.shape[:2]) / 360))
    font = _font(max(10, round(max(picture.shape[:2]) / 40)))
    for record in records:
        if record.box is None:
            continue
        colour = COLOURS[list(classes).index(record.label) % len(COLOURS)]
        share = f"{record.best_share:.0%}" if scale == "probability" else f"{record.best_share:.2f}"
        text = f"{record.label} {share}"
        left, top, right, bottom = record.box
        draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), outline=colour, width=line)
        width, height = (value + 2 * line for value in draw.textbbox((0, 0), text, font)[2:])
        corner = (min(max(0, left), max(0, picture.shape[1] - width)), top - height if top >= height else top)
        draw.rectangle((*corner, corner[0] + width, corner[1] + height), fill=colour)
        draw.text((corner[0] + line, corner[1] + line), text, fill=_readable(colour), font=font)
    return np.asarray(image)


@lru_cache(maxsize=8)
def _font(size: int) -> Any:
    return ImageFont.load_default(size)


def _readable(colour: str) -> str:
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "white"
