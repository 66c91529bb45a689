"""Confusion matrices (Haider et al. 2023, Figure 15)."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ferbench.bundles import bundle
from ferbench.bundles.bundle import Result
from ferbench.figures import style


def draw(bundles: list[tuple[Path, Result]], classifier: str | None) -> Figure:
    """A panel per bundle: rows are the true classes, cells the share of the row in percent.

    An image without a detected face is in no cell, so a row may sum to less than 100.
    """
    figure, axes = style.panels(len(bundles), height=3.3)
    for panel, (folder, result) in zip(axes, bundles, strict=True):
        label = result.chosen_label(classifier)
        scores = result.scores[label]
        truth = bundle.predictions(folder, result, label).labels
        totals = np.bincount(truth, minlength=len(result.classes))
        shares = np.array(scores.confusion) / np.maximum(totals, 1)[:, None]
        panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        names = list(result.classes)
        positions = range(len(names))
        panel.set_xticks(positions, names, rotation=45, ha="right", rotation_mode="anchor")
        panel.set_yticks(positions, names)
        for row in positions:
            for column in positions:
                shown = f"{shares[row, column]:.0%}".rstrip("%") if totals[row] else ""
                ink = "white" if shares[row, column] > 0.65 else "black"
                panel.text(column, row, shown, ha="center", va="center", color=ink, fontsize=7)
        panel.spines[:].set_visible(False)
        panel.tick_params(length=0)
        panel.set_xlabel("predicted, in % of the true class")
        panel.set_ylabel("true")
        panel.set_title(f"{style.title(result)}, {label}: {scores.accuracy:.2%}")
    return figure
