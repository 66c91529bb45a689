"""``ferbench compare``: two results side by side."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferbench.cli import options
from ferbench.errors import ParameterError

if TYPE_CHECKING:
    from ferbench.bundles.compare import ComparedSide, Comparison


@click.command()
@click.argument("first", type=options.PATH, metavar="A")
@click.argument("second", type=options.PATH, metavar="B")
@click.option(
    "--classifier",
    "classifiers",
    multiple=True,
    metavar="LABEL",
    help="Classifier to compare; give it twice for a different one in A and B.",
)
@click.option("--show", type=click.IntRange(0), default=10, show_default=True, help="Images to list on the screen.")
@click.option("--csv", "csv_file", type=options.PATH, help="Write the images on which A and B differ to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, with all images on which they differ.")
def compare(
    first: Path, second: Path, classifiers: tuple[str, ...], show: int, csv_file: Path | None, as_json: bool
) -> None:
    """Compare the bundles A and B: is the difference significant, and in which classes and images do they differ."""
    if len(classifiers) > 2:
        raise ParameterError("--classifier is given more than twice", fix="once for both, or once for each")

    from ferbench.bundles import compare as comparing
    from ferbench.support import atomic
    from ferbench.verify.verify import verified

    results = [verified(folder) for folder in (first, second)]
    sides = comparing.open_both((first, second), results, classifiers)
    comparison = comparing.compare(*sides)
    if csv_file:
        atomic.write_text(csv_file, comparison.to_csv())
    if as_json:
        names = {
            name: {"bundle": str(side.folder), "classifier": side.classifier}
            for name, side in zip(("first", "second"), sides, strict=True)
        }
        click.echo(json.dumps({**names, **comparison.to_dict()}, indent=2))
    else:
        _print(sides, comparison, show, csv_file)


def _print(sides: Sequence[ComparedSide], comparison: Comparison, show: int, csv_file: Path | None) -> None:
    from rich.markup import escape

    from ferbench.support import screen

    console = screen.console()
    for letter, side, accuracy in zip("AB", sides, comparison.accuracies, strict=True):
        console.print(
            f"[bold]{letter}[/]  {accuracy:.2%}  {escape(side.result.pipeline['name'])}, {escape(side.classifier)}, "
            f"seed {side.result.seed}  {escape(str(side.folder))}",
            soft_wrap=True,
        )
    for line in verdict(comparison):
        console.print(line, soft_wrap=True)
    console.print()
    numbers = ("images", "recall A", "recall B", "A - B", "only A right", "only B right")
    table = screen.table(("class", *numbers), numbers=numbers)
    for row in comparison.classes:
        if row.images:
            shares = [f"{right / row.images:.1%}" for right in (row.first, row.second)]
            difference = f"{(row.first - row.second) / row.images:+.1%}"
            counts = (f"{row.only_first:,}", f"{row.only_second:,}")
            table.add_row(escape(row.name), f"{row.images:,}", *shares, difference, *counts)
    console.print(table)
    console.print()
    console.print(f"they differ on {len(comparison.differing):,} images")
    if show and comparison.differing:
        table = screen.table(("image", "split", "label", "A", "B"))
        for cells in comparison.differing[:show]:
            table.add_row(*map(escape, cells))
        console.print(table)
    if csv_file:
        console.print(f"all of them: {escape(str(csv_file))}", soft_wrap=True)
    elif len(comparison.differing) > show:
        console.print("all of them: --csv FILE")
    if comparison.settings:
        console.print()
        table = screen.table(("setting", "A", "B"))
        for name, values in comparison.settings.items():
            table.add_row(escape(name), *("-" if value is None else escape(str(value)) for value in values))
        console.print(table)


def verdict(comparison: Comparison) -> list[str]:
    """Whether the two differ significantly, in two lines."""
    only_first, only_second = comparison.only_first, comparison.only_second
    test = f"p = {comparison.p_value:.2g}" if only_first + only_second else "nothing to test"
    counts = f"only A is right on {only_first:,} images, only B on {only_second:,}: McNemar, exact, {test}"
    difference = f"{comparison.difference:+.2%}"
    units = f"{comparison.units:,} {comparison.unit}s"
    if comparison.interval is None:
        return [f"difference {difference}; {units} are too few for an interval", counts]
    low, high = comparison.interval
    significant = "the difference is significant" if low > 0 or high < 0 else "the difference is not significant"
    interval = f"95% interval {low:+.2%} to {high:+.2%}, paired bootstrap over {units}"
    return [f"difference [bold]{difference}[/]  ({interval}): [bold]{significant}[/]", counts]
