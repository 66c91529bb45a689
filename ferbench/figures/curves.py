"""Training curves of the classifiers (Haider et al. 2023, Figures 11-14 and 17-20)."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from ferbench.bundles.bundle import Result
from ferbench.errors import FigureError
from ferbench.figures import style
from ferbench.support.colours import COLOURS


def draw(bundles: list[tuple[Path, Result]]) -> Figure:
    """A panel per bundle: accuracy on what the protocol selects by, for each classifier fitted at an epoch.

    With several splits, the mean over them; panels of one dataset share their scale. Raises ``FigureError`` for a
    bundle whose embedder was not trained.
    """
    figure, axes = style.panels(len(bundles), height=2.6)
    for panel, (folder, result) in zip(axes, bundles, strict=True):
        epochs, accuracies = series(result, folder)
        for number, (label, values) in enumerate(accuracies.items()):
            panel.plot(
                epochs,
                values,
                style.DASHES[number % len(style.DASHES)],
                marker=style.MARKERS[number % len(style.MARKERS)],
                markersize=3,
                markevery=max(1, len(epochs) // 12),
                color=COLOURS[number % len(COLOURS)],
                label=label,
            )
        if len(result.best_epochs) == 1 and result.protocol["selection"] != "last":
            (best,) = result.best_epochs.values()
            panel.axvline(best, color="#999999", linewidth=0.8, zorder=0, label=f"chosen: epoch {best}")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
        panel.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        panel.set_xlabel("epoch")
        chosen = "test" if result.protocol["selection"] == "test" else "validation"
        panel.set_ylabel(f"{chosen} accuracy")
        panel.grid()
        panel.legend(loc="lower right", frameon=True, framealpha=0.9, edgecolor="none")
        panel.set_title(style.title(result))
    if len({result.dataset["fingerprint"] for _, result in bundles}) == 1:
        limits = [panel.get_ylim() for panel in axes]
        for panel in axes:
            panel.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
    return figure


def series(result: Result, folder: Path) -> tuple[list[int], dict[str, list[float]]]:
    """The scored epochs, and each classifier's accuracy at them, the mean over the splits. Raises ``FigureError``."""
    rows: dict[int, list[dict[str, float]]] = {}
    for curve in result.curves.values():
        for row in curve:
            if row["validation"]:
                rows.setdefault(row["epoch"], []).append(row["validation"])
    if not rows:
        raise FigureError(
            f"{folder} has no training curve",
            fix="give a bundle whose embedder was trained and scored at its epochs",
        )
    epochs = sorted(rows)
    labels = list(rows[epochs[0]][0])
    return epochs, {
        label: [float(np.mean([scores[label] for scores in rows[epoch]])) for epoch in epochs] for label in labels
    }
