"""How every figure looks and is written: legible at a paper's width, for the colour-blind, reproducible."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ferbench.bundles.bundle import Result
from ferbench.errors import FigureError
from ferbench.support.atomic import replacing

DASHES = ("-", "--", "-.", ":")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
FORMATS = (".png", ".svg")
PANEL = 3.4
"""Inches: a panel is as wide as a column of a two-column page; up to two stand side by side."""

RULES: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "legend.fontsize": 7,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.3,
    "legend.frameon": False,
    "savefig.dpi": 200,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "ferbench",  # the same ids each time
}


def panels(count: int, *, height: float) -> tuple[Figure, list[Axes]]:
    """A figure with ``count`` panels, up to two per row; ``height`` is a panel's, in inches."""
    across = min(count, 2)
    down = -(-count // across)
    figure = Figure(figsize=(PANEL * across, height * down), layout="constrained")
    axes = list(figure.subplots(down, across, squeeze=False).flat)
    for unused in axes[count:]:
        unused.remove()
    return figure, axes[:count]


def title(result: Result) -> str:
    """Which result a panel shows, in two lines, with the components that were replaced."""
    mark = " (optimistic)" if result.protocol["optimistic"] else ""
    replaced = "".join(f", {key}={value}" for key, value in result.pipeline["changed"].items() if "." not in key)
    return f"{result.dataset['name']}, {result.protocol['name']}{mark}\n{result.pipeline['name']}{replaced}"


def write(draw: Callable[[], Figure], out: Path) -> list[Path]:
    """Draws and writes ``out``: one file if it ends in .png or .svg, else both. Gives the paths.

    The same figure gives the same bytes: no date, no random ids. Raises ``FigureError`` or ``StorageError``.
    """
    if out.suffix not in ("", *FORMATS):
        raise FigureError(f"{out} is neither .png nor .svg", fix="--out NAME.png, NAME.svg, or NAME for both")
    targets = [out] if out.suffix else [out.with_suffix(suffix) for suffix in FORMATS]
    with mpl.rc_context({**mpl.rcParamsDefault, "backend": "agg", **RULES}):
        figure = draw()
        for target in targets:
            metadata: dict[str, Any] = {"Date": None} if target.suffix == ".svg" else {"Software": None}
            with replacing(target) as fresh:
                figure.savefig(fresh, format=target.suffix[1:], metadata=metadata)
    return targets
