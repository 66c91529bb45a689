"""One-vs-rest ROC curves with their areas (Haider et al. 2023, Figure 16)."""

from pathlib import Path

from matplotlib.figure import Figure
from sklearn.metrics import auc, roc_curve

from ferbench.bundles import bundle
from ferbench.bundles.bundle import Result
from ferbench.data import Predictions
from ferbench.figures import style
from ferbench.support.colours import COLOURS


def areas(predictions: Predictions) -> dict[str, float]:
    """The area under each class's one-vs-rest curve, in [0, 1]; classes without a test image are left out.

    Scores may be probabilities or decision values: the curve depends only on their order.
    """
    return {name: float(auc(false, true)) for name, (false, true) in _curves(predictions).items()}


def draw(bundles: list[tuple[Path, Result]], classifier: str | None) -> Figure:
    """A panel per bundle, from its predictions. Raises ``BundleError`` or ``FigureError``."""
    figure, axes = style.panels(len(bundles), height=3.6)
    for panel, (folder, result) in zip(axes, bundles, strict=True):
        label = result.chosen_label(classifier)
        predictions = bundle.predictions(folder, result, label)
        area = areas(predictions)
        for name, (false, true) in _curves(predictions).items():
            code = result.classes.index(name)
            panel.plot(
                false,
                true,
                style.DASHES[code // 2 % len(style.DASHES)],
                color=COLOURS[code % len(COLOURS)],
                label=f"{name}, AUC {area[name]:.3f}",
            )
        panel.plot([0, 1], [0, 1], color="#BBBBBB", linewidth=0.8, zorder=0)
        panel.set(xlim=(-0.01, 1), ylim=(0, 1.01), aspect="equal")
        panel.set_xlabel("false positive rate")
        panel.set_ylabel("true positive rate")
        panel.legend(loc="lower right", handlelength=2.6)
        panel.grid()
        panel.set_title(f"{style.title(result)}, {label}")
    return figure


def _curves(predictions: Predictions) -> dict[str, tuple[list[float], list[float]]]:
    curves = {}
    for code, name in enumerate(predictions.classes):
        positive = predictions.labels == code
        if positive.any() and not positive.all():
            false, true, _ = roc_curve(positive, predictions.scores[:, code])
            curves[name] = (false.tolist(), true.tolist())
    return curves
