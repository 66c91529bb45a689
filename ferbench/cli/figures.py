"""``ferbench figure``: the paper's figures from bundles, as PNG and SVG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferbench.cli import options
from ferbench.components.discovery import installed

if TYPE_CHECKING:
    from ferbench.bundles.bundle import Result

out = click.option("--out", type=options.PATH, required=True, help="NAME.png, NAME.svg, or NAME for both.")
bundles = click.argument("bundles", nargs=-1, required=True, type=options.PATH, metavar="BUNDLE...")
classifier = click.option(
    "--classifier", metavar="LABEL", help="The classifier whose predictions are drawn; by default the first."
)


@click.group()
def figure() -> None:
    """Draw the figures of a paper from bundles, as PNG and SVG; one panel per bundle."""


@figure.command()
@bundles
@out
def classes(bundles: tuple[Path, ...], out: Path) -> None:
    """Images per class (Figures 8 and 9 of Haider and others 2023)."""
    from ferbench.figures import classes

    results = [result for _, result in _read(bundles)]
    _write(lambda: classes.draw(results), out)


@figure.command()
@bundles
@out
def curves(bundles: tuple[Path, ...], out: Path) -> None:
    """Training curves of the classifiers (Figures 11-14 and 17-20)."""
    from ferbench.figures import curves

    _write(lambda: curves.draw(_read(bundles)), out)


@figure.command()
@bundles
@classifier
@out
def confusion(bundles: tuple[Path, ...], classifier: str | None, out: Path) -> None:
    """Confusion matrix (Figure 15)."""
    from ferbench.figures import confusion

    _write(lambda: confusion.draw(_read(bundles), classifier), out)


@figure.command()
@bundles
@classifier
@out
def roc(bundles: tuple[Path, ...], classifier: str | None, out: Path) -> None:
    """One-vs-rest ROC curves with their areas (Figure 16)."""
    from ferbench.figures import roc

    _write(lambda: roc.draw(_read(bundles), classifier), out)


@figure.command()
@bundles
@out
def accuracy(bundles: tuple[Path, ...], out: Path) -> None:
    """The accuracy of each classifier on each dataset (Figure 10)."""
    from ferbench.figures import accuracy

    results = [result for _, result in _read(bundles)]
    _write(lambda: accuracy.draw(results), out)


@figure.command()
@click.argument("bundle", type=options.PATH)
@options.data
@click.option("--thumbnails", is_flag=True, help="Faces instead of points.")
@click.option("--limit", type=click.IntRange(4), default=3000, show_default=True, help="At most this many test images.")
@out
def tsne(bundle: Path, data: Path | None, thumbnails: bool, limit: int, out: Path) -> None:
    """t-SNE of the test embeddings (Figure 2), from the weights that the run kept."""
    from ferbench.figures import tsne
    from ferbench.support.progress import Reporter

    ((folder, result),) = _read((bundle,))
    shown = tsne.embedded(folder, result, data, installed().registry, Reporter(), limit=limit)
    _write(lambda: tsne.draw(result, shown, thumbnails=thumbnails), out)


@figure.command()
@click.option("--dataset", required=True, help="Name (ferbench list datasets).")
@options.data
@click.option("--clip", required=True, help="The clip, as the dataset names it.")
@options.settings("dataset")
@out
def frames(dataset: str, data: Path | None, clip: str, settings: tuple[str, ...], out: Path) -> None:
    """The frames of one clip, as the dataset chose them (Figure 5)."""
    from ferbench.components.pipeline import resolve_component
    from ferbench.components.settings import parameters_by_component
    from ferbench.figures import frames
    from ferbench.support import data_paths

    parameters = parameters_by_component(settings, ["dataset"])["dataset"]
    source = resolve_component("dataset", dataset, installed().registry, parameters)
    samples = data_paths.load(source.build(), dataset, data)
    _write(lambda: frames.draw(samples, clip), out)


def _read(folders: tuple[Path, ...]) -> list[tuple[Path, Result]]:
    """Each bundle, its scores recomputed before anything is drawn from them."""
    from ferbench.verify.verify import verified

    return [(folder, verified(folder)) for folder in folders]


def _write(draw: Callable[[], Any], out: Path) -> None:
    from ferbench.figures import style

    for path in style.write(draw, out):
        click.echo(str(path))
