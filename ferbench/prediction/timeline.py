"""A video's labels over time: a line per class for the largest face, with gaps where no face was found."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferbench.data import Scale
from ferbench.figures import style
from ferbench.support.colours import COLOURS

MAX_POINTS = 2000
"""Points of a line; of more frames the means of neighbours are drawn."""


def draw(
    title: str, classes: Sequence[str], seconds: NDArray[np.float32], shares: NDArray[np.float32], scale: Scale
) -> Figure:
    """One panel for N frames: ``seconds`` [N] and ``shares`` [N, C], rows of NaN where there is no face."""
    step = max(1, -(-len(seconds) // MAX_POINTS))
    starts = range(0, len(seconds), step)
    times = [float(seconds[start : start + step].mean()) for start in starts]
    figure = Figure(figsize=(2 * style.PANEL, 0.75 * style.PANEL), layout="constrained")
    panel = figure.subplots()
    for code, name in enumerate(classes):
        values = [_mean(shares[start : start + step, code]) for start in starts]
        panel.plot(
            times,
            values,
            color=COLOURS[code % len(COLOURS)],
            linestyle=style.DASHES[code // len(COLOURS) % len(style.DASHES)],
            label=name,
        )
    panel.set(ylim=(-0.02, 1.02), xlabel="seconds", title=f"{title}: the largest face")
    panel.set_ylabel("probability" if scale == "probability" else "softmax of decision values")
    panel.grid(axis="y")
    figure.legend(loc="outside right center")
    return figure


def _mean(values: NDArray[np.float32]) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else float("nan")
