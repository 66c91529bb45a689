"""``ferbench compare``: two results side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ferbench.errors import ParameterError

if TYPE_CHECKING:
    from ferbench.bundles.compare import ComparedSide, Comparison


@click.command()
@click.argument("first", type=click.Path(path_type=Path), metavar="A")
@click.argument("second", type=click.Path(path_type=Path), metavar="B")
@click.option(
    "--classifier",
    "classifiers",
    multiple=True,
    metavar="LABEL",
    help="Classifier to compare; give it twice for a different one in A and B.",
)
@click.option("--show", type=click.IntRange(0), default=10, show_default=True, help="Images to list on the screen.")
@click.option(
    "--csv", "csv_file", type=click.Path(path_type=Path), help="Write the images on which A and B differ to this file."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON, with all images on which they differ.")
def compare(
    first: Path, second: Path, classifiers: tuple[str, ...], show: int, csv_file: Path | None, as_json: bool
) -> None:
    """Compare the bundles A and B: is the difference significant, and in which classes and images do they differ."""
    if len(classifiers) > 2:
        raise ParameterError("--classifier is given more than twice", fix="once for both, or once for each")

    from ferbench.bundles import compare as results_compare
    from ferbench.support import atomic
    from ferbench.verify.verify import verified

    results = [verified(folder) for folder in (first, second)]
    one, other = results_compare.open_both((first, second), results, classifiers)
    found = results_compare.compare(one, other)
    if csv_file:
        atomic.write_text(csv_file, found.to_csv())
    if as_json:
        sides = {
            name: {"bundle": str(side.folder), "classifier": side.classifier}
            for name, side in (("first", one), ("second", other))
        }
        click.echo(json.dumps({**sides, **found.to_dict()}, indent=2))
        return
    _print(one, other, found, show, csv_file)


def _print(one: ComparedSide, other: ComparedSide, found: Comparison, show: int, csv_file: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    for letter, side, accuracy in zip("AB", (one, other), found.accuracies, strict=True):
        console.print(
            f"[bold]{letter}[/]  {accuracy:.2%}  {escape(side.result.pipeline['name'])}, {escape(side.classifier)}, "
            f"seed {side.result.seed}  {escape(str(side.folder))}",
            highlight=False,
            soft_wrap=True,
        )
    for line in verdict(found):
        console.print(line, highlight=False, soft_wrap=True)
    console.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("class", "images", "recall A", "recall B", "A - B", "only A right", "only B right"):
        table.add_column(column, justify="left" if column == "class" else "right")
    for row in found.classes:
        if row.images:
            shares = [f"{right / row.images:.1%}" for right in (row.first, row.second)]
            apart = f"{(row.first - row.second) / row.images:+.1%}"
            table.add_row(
                escape(row.name), f"{row.images:,}", *shares, apart, f"{row.only_first:,}", f"{row.only_second:,}"
            )
    console.print(table)
    console.print()
    console.print(f"they differ on {len(found.differing):,} images", highlight=False)
    if show and found.differing:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("image", "split", "label", "A", "B"):
            table.add_column(column, overflow="fold")
        for cells in found.differing[:show]:
            table.add_row(*map(escape, cells))
        console.print(table)
    if csv_file:
        console.print(f"all of them: {escape(str(csv_file))}", highlight=False, soft_wrap=True)
    elif len(found.differing) > show:
        console.print("all of them: --csv FILE", highlight=False)
    if found.settings:
        console.print()
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("setting", "A", "B"):
            table.add_column(column, overflow="fold")
        for name, values in found.settings.items():
            table.add_row(escape(name), *("-" if value is None else escape(str(value)) for value in values))
        console.print(table)


def verdict(found: Comparison) -> list[str]:
    """Whether the two differ significantly, in two lines."""
    images = found.only_first + found.only_second
    said = f"only A is right on {found.only_first:,} images, only B on {found.only_second:,}: McNemar, exact, "
    said += f"p = {found.p_value:.2g}" if images else "nothing to test"
    if found.interval is None:
        return [f"difference {found.difference:+.2%}; {found.units} {found.unit}s are too few for an interval", said]
    low, high = found.interval
    apart = "the difference is significant" if low > 0 or high < 0 else "the difference is not significant"
    return [
        f"difference [bold]{found.difference:+.2%}[/]  (95% interval {low:+.2%} to {high:+.2%}, paired bootstrap over "
        f"{found.units:,} {found.unit}s): [bold]{apart}[/]",
        said,
    ]
