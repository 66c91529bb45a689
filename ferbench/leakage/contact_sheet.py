"""A contact sheet: the most alike pairs of an audit side by side, ids and labels written under them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ferbench.data import ImageRows, Samples
from ferbench.leakage.audit import Audit
from ferbench.support.atomic import replacing

SIDE, TEXT, COLUMNS, GAP = 120, 58, 5, 10
"""Pixels of a crop and of the lines under it, pairs a row, pixels between pairs."""


def pairs(audit: Audit, most: int) -> list[tuple[str, str, str, int, int, float]]:
    """The worst pairs: kind, the two sides, the two rows, likeness. Disagreeing labels first, then the most alike."""
    found = []
    for one in audit.between:
        for kind in ("exact", "near"):
            finding = one.findings[kind]
            assert finding is not None  # only groups may be unknown
            for row in range(len(finding.rows)):
                first, second = int(finding.partners[row]), int(finding.rows[row])
                rank = (one.later != "test", not finding.disagree[row], -float(finding.likeness[row]))
                found.append((rank, (kind, one.earlier, one.later, first, second, float(finding.likeness[row]))))
    return [pair for _, pair in sorted(found)[:most]]


def draw(audit: Audit, samples: Samples, images: ImageRows, file: Path, most: int = 50) -> bool:
    """Writes the PNG of at most ``most`` pairs; False, and no file, if there is none. Raises ``StorageError``."""
    chosen = pairs(audit, most)
    if not chosen:
        return False
    width, height = 2 * SIDE + GAP, SIDE + TEXT
    sheet = Image.new("L", (COLUMNS * width, -(-len(chosen) // COLUMNS) * height), 255)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(11)
    for number, (kind, earlier, later, first, second, likeness) in enumerate(chosen):
        left, top = number % COLUMNS * width, number // COLUMNS * height
        for place, (side, row) in enumerate(((earlier, first), (later, second))):
            crop = Image.fromarray(np.asarray(images[np.array([row])][0]))
            sheet.paste(crop.resize((SIDE, SIDE), Image.Resampling.NEAREST), (left + place * SIDE, top))
            label = samples.classes[samples.labels[row]]
            words = f"{side}: {label}\n{str(samples.ids[row])[:20]}"
            pen.multiline_text((left + place * SIDE + 2, top + SIDE + 2), words, fill=0, font=font, spacing=2)
        pen.text((left + 2, top + SIDE + 34), f"{kind}, correlation {likeness:.3f}", fill=90, font=font)
    with replacing(file) as fresh:
        sheet.save(fresh, format="PNG")
    return True
