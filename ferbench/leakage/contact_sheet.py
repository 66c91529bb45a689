"""A contact sheet: the most similar pairs of an audit side by side, with ids and labels below them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ferbench.data import ImageRows, Samples
from ferbench.leakage.audit import Audit
from ferbench.support.atomic import replacing

CROP_PIXELS = 120
TEXT_PIXELS = 58
"""Height of the lines below a crop."""
GAP_PIXELS = 10
PAIRS_PER_ROW = 5
MAX_PAIRS = 50


@dataclass(frozen=True)
class Pair:
    """Two duplicates: rows of ``Samples`` on the ``earlier`` and the ``later`` side."""

    kind: str
    earlier: str
    later: str
    first: int
    second: int
    likeness: float


def worst_pairs(audit: Audit) -> list[Pair]:
    """The pairs that matter most: in the test set first, then with other labels, then the most similar."""
    ranked = []
    for between in audit.between:
        for kind in ("exact", "near"):
            finding = between.findings[kind]
            assert finding is not None  # only groups may be unknown
            columns = (finding.partners.tolist(), finding.rows.tolist(), finding.likeness.tolist())
            for first, second, likeness, disagree in zip(*columns, finding.disagree.tolist(), strict=True):
                pair = Pair(kind, between.earlier, between.later, first, second, likeness)
                ranked.append(((between.later != "test", not disagree, -likeness, *vars(pair).values()), pair))
    return [pair for _, pair in sorted(ranked, key=lambda item: item[0])[:MAX_PAIRS]]


def draw(audit: Audit, samples: Samples, images: ImageRows, file: Path) -> None:
    """Writes the PNG of the worst pairs; no file if there is none. Raises ``StorageError``."""
    pairs = worst_pairs(audit)
    if not pairs:
        return
    width = 2 * CROP_PIXELS + GAP_PIXELS
    height = CROP_PIXELS + TEXT_PIXELS
    sheet = Image.new("L", (PAIRS_PER_ROW * width, -(-len(pairs) // PAIRS_PER_ROW) * height), 255)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(11)
    for number, pair in enumerate(pairs):
        left = number % PAIRS_PER_ROW * width
        top = number // PAIRS_PER_ROW * height
        for x, side, row in ((left, pair.earlier, pair.first), (left + CROP_PIXELS, pair.later, pair.second)):
            crop = Image.fromarray(np.asarray(images[np.array([row])][0]))
            sheet.paste(crop.resize((CROP_PIXELS, CROP_PIXELS), Image.Resampling.NEAREST), (x, top))
            text = f"{side}: {samples.classes[samples.labels[row]]}\n{str(samples.ids[row])[:20]}"
            pen.multiline_text((x + 2, top + CROP_PIXELS + 2), text, fill=0, font=font, spacing=2)
        caption = f"{pair.kind}, correlation {pair.likeness:.3f}"
        pen.text((left + 2, top + CROP_PIXELS + 34), caption, fill=90, font=font)
    with replacing(file) as fresh:
        sheet.save(fresh, format="PNG")
