"""The frames of one clip, as the dataset chose them (Haider et al. 2023, Figure 5)."""

import difflib
import os

import numpy as np
from matplotlib.figure import Figure

from ferbench.data import Samples
from ferbench.errors import FigureError

PICTURES_PER_ROW = 5


def draw(samples: Samples, clip: str) -> Figure:
    """Every sample of ``clip`` in the dataset's order, five per row, as it is on disk. Raises ``FigureError``."""
    if samples.clips is None:
        raise FigureError("this dataset has no clips", fix="choose one of videos or sequences")
    rows = np.flatnonzero(samples.clips == clip)
    if not len(rows):
        near = difflib.get_close_matches(clip, np.unique(samples.clips).tolist(), n=1, cutoff=0.0)
        raise FigureError(f"there is no clip '{clip}'", fix=f"--clip: for example {near[0]}")
    down = -(-len(rows) // PICTURES_PER_ROW)
    across = min(PICTURES_PER_ROW, len(rows))
    pictures = [samples.images.read(int(row)) for row in rows]
    height, width = pictures[0].shape[:2]
    figure = Figure(figsize=(1.35 * across, (1.35 * height / width + 0.2) * down + 0.3), layout="constrained")
    axes = list(figure.subplots(down, across, squeeze=False).flat)
    names = samples.ids[rows].tolist()
    shared = os.path.commonprefix(names)  # noqa: RUF071 - of characters, not of folders
    prefix = 1 + max(shared.rfind(separator) for separator in "-_/")
    for panel, picture, name in zip(axes, pictures, names, strict=False):
        panel.imshow(picture, cmap="gray", vmin=0, vmax=255)
        panel.set_title(name[prefix:] or name, fontsize=7, pad=2)
    for panel in axes:
        panel.set_axis_off()
    figure.suptitle(f"{clip}: {samples.classes[int(samples.labels[rows[0]])]}", fontsize=8)
    return figure
