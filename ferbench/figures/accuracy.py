"""The accuracy of each classifier on each dataset (Haider et al. 2023, Figure 10)."""

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from ferbench.bundles.bundle import Result
from ferbench.figures import style
from ferbench.support.colours import COLOURS

MIN_WIDTH = 2
"""Width of a group in marks, at least: that of the name below it."""


def draw(results: list[Result]) -> Figure:
    """A group per result, a mark per classifier: test accuracy and 95% interval. Each classifier keeps its mark."""
    labels = list(dict.fromkeys(label for result in results for label in result.scores))
    marks = sum(max(len(result.scores), MIN_WIDTH) for result in results)
    figure = Figure(figsize=(max(style.PANEL, min(2 * style.PANEL, 0.5 * marks + 1.2)), 2.9), layout="constrained")
    panel = figure.subplots()
    position = 0.0
    centres = []
    for result in results:
        width = max(len(result.scores), MIN_WIDTH)
        centres.append(position + (width - 1) / 2)
        position += (width - len(result.scores)) / 2
        for label, scores in result.scores.items():
            low, high = scores.interval
            number = labels.index(label)
            panel.errorbar(
                position,
                scores.accuracy,
                [[scores.accuracy - low], [high - scores.accuracy]],
                marker=style.MARKERS[number % len(style.MARKERS)],
                color=COLOURS[number % len(COLOURS)],
                markersize=5,
                capsize=2.5,
                linestyle="none",
                label=label,
            )
            panel.annotate(
                f"{scores.accuracy:.1%}", (position, high), (0, 3), textcoords="offset points", ha="center", fontsize=7
            )
            position += 1
        position = centres[-1] + (width + 1) / 2 + 0.6
    panel.margins(x=0.08 if marks > 3 else 0.25, y=0.15)
    panel.set_xticks(centres, [style.title(result).replace(", ", ",\n") for result in results])
    panel.tick_params(axis="x", length=0)
    panel.yaxis.set_major_formatter(PercentFormatter(1))
    panel.set_ylabel("test accuracy, 95% interval")
    panel.grid(axis="y")
    handles = dict(zip(*reversed(panel.get_legend_handles_labels()), strict=True))
    figure.legend(list(handles.values()), list(handles), loc="outside upper center", ncols=3)
    return figure
