"""How many images each class has (Haider et al. 2023, Figures 8 and 9)."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from ferbench.bundles.bundle import Result
from ferbench.figures import style
from ferbench.support.colours import COLOURS


def draw(results: list[Result]) -> Figure:
    """A panel per dataset: the images per class, with those of the test set apart where there is one split."""
    unique = {
        (result.dataset["fingerprint"], tuple(result.classes), result.protocol["name"]): result for result in results
    }
    figure, axes = style.panels(len(unique), height=2.6)
    for panel, result in zip(axes, unique.values(), strict=True):
        positions = np.arange(len(result.classes))
        total = np.array([result.dataset["counts"][name] for name in result.classes])
        tested = np.array(result.scores[result.main_classifier].confusion).sum(axis=1)
        if len(result.splits) == 1:
            rest = "train and validation" if result.protocol["selection"] == "validation" else "train"
            panel.bar(positions, total - tested, color=COLOURS[0], label=rest)
            panel.bar(
                positions,
                tested,
                bottom=total - tested,
                color=COLOURS[5],
                hatch="///",
                edgecolor="white",
                linewidth=0,
                label="test",
            )
            panel.legend(loc="upper right", ncols=2)
        else:
            panel.bar(positions, total, color=COLOURS[0])
        for position, count in zip(positions, total, strict=True):
            panel.annotate(f"{count:,}", (position, count), (0, 2), textcoords="offset points", ha="center", fontsize=7)
        panel.margins(y=0.22)
        panel.set_xticks(positions, list(result.classes), rotation=30, ha="right", rotation_mode="anchor")
        panel.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        panel.set_ylabel("images")
        panel.grid(axis="y")
        panel.set_title(f"{result.dataset['name']}, {result.protocol['name']}: {total.sum():,} images")
    return figure
