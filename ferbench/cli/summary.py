"""Prints a result for a person: scores, confusion matrix, time, and what to type next."""

from pathlib import Path
from typing import Any

from rich.table import Table

from ferbench.bundles import intervals, transfer
from ferbench.bundles.bundle import Result
from ferbench.support import screen


def show(result: Result, folder: Path) -> None:
    """The main facts of ``result``, on standard output."""
    console = screen.console()
    label = result.main_classifier
    scores = result.scores[label]
    low, high = scores.interval
    console.print()
    console.print(
        f"[bold]{result.pipeline['name']}[/] on [bold]{result.dataset['name']}[/] "
        f"({len(result.classes)} classes, {result.protocol['name']}, seed {result.seed})",
    )
    console.print(
        f"accuracy [bold]{scores.accuracy:.2%}[/]  (95% interval {low:.1%} - {high:.1%}, {scores.count:,} test images)"
        f"   macro-F1 {scores.macro_f1:.3f}   UAR {scores.uar:.3f}",
    )
    leak_free = result.leak_free[label]
    accuracy = "-" if leak_free.accuracy is None else f"{leak_free.accuracy:.2%}"
    console.print(
        f"leak-free [bold]{accuracy}[/]  ({leak_free.count:,} test images share nothing with training)",
    )
    if result.protocol["optimistic"]:
        console.print(f"[yellow]optimistic:[/] {result.protocol['optimistic']}")
    if result.transfer:
        console.print(f"started from weights of {transfer.sources(result.transfer)}", soft_wrap=True)
        if leak := transfer.why_leaking(result.transfer):
            console.print(f"[yellow]optimistic:[/] {leak}")
    faces = result.faces
    console.print(
        f"faces: {faces['source']}; {faces['coverage']:.1%} found, {faces['missed']} missed "
        f"({scores.missed} in the test set); {faces['rule']}",
    )
    chosen = {"validation": "chosen on the validation set", "test": "chosen on the scored set", "last": "the last"}
    if epochs := "/".join(map(str, result.best_epochs.values())):
        last = max(curve[-1]["epoch"] for curve in result.curves.values())
        console.print(f"epoch {epochs} of {last}, {chosen[result.protocol['selection']]}")
    console.print()
    console.print(_confusion(result, label))
    if len(result.scores) > 1:
        console.print()
        console.print(_classifiers(result))
    console.print()
    stages = screen.table(("stage", "seconds"), numbers=("seconds",))
    for name, seconds in result.stages.items():
        stages.add_row(name, f"{seconds:,.1f}")
    console.print(stages)
    console.print(f"peak memory {result.peak_memory_mb:,.0f} MB")
    for note in result.notes:
        console.print(f"[yellow]note:[/] {note}")
    console.print()
    console.print(f"bundle: {folder}", soft_wrap=True)
    root = folder.parents[3]
    console.print(f"next:   ferbench verify {folder}", soft_wrap=True)
    console.print(f"        ferbench leaderboard --results {root} --pages {root}", soft_wrap=True)


def show_seeds(results: list[Result]) -> None:
    """Mean, standard deviation and intervals over several seeds."""
    console = screen.console()
    console.print()
    for label, scores in over_seeds(results).items():
        accuracy = scores["accuracy"]
        low, high = accuracy["interval"]
        images = scores["test_images"]
        images_low, images_high = images["interval"]
        console.print(
            f"{label}: accuracy [bold]{accuracy['mean']:.2%}[/] ± {accuracy['deviation']:.2%} over "
            f"{accuracy['count']} seeds (95% interval of the mean {low:.1%} - {high:.1%}; of {images['count']:,} test "
            f"images {images_low:.1%} - {images_high:.1%})",
            soft_wrap=True,
        )


def over_seeds(results: list[Result]) -> dict[str, dict[str, Any]]:
    """For each classifier: accuracy, macro-F1 and UAR over the seeds, and the interval by the number of test images."""
    summary: dict[str, dict[str, Any]] = {}
    for label, first in results[0].scores.items():
        rows = [result.scores[label] for result in results]
        repeats = {
            name: vars(intervals.over_seeds([getattr(row, name) for row in rows]))
            for name in ("accuracy", "macro_f1", "uar")
        }
        correct = round(repeats["accuracy"]["mean"] * first.count)
        interval = intervals.accuracy_interval(correct, first.count)
        summary[label] = {**repeats, "test_images": {"count": first.count, "interval": interval}}
    return summary


def _confusion(result: Result, label: str) -> Table:
    scores = result.scores[label]
    table = Table(title=f"confusion matrix of {label}: rows true, columns predicted", title_justify="left")
    table.add_column("")
    for name in result.classes:
        table.add_column(name[:9], justify="right")
    table.add_column("recall", justify="right")
    for name, row, recall in zip(result.classes, scores.confusion, scores.recall, strict=True):
        cells = [
            f"[bold]{count}[/]" if column == name else str(count)
            for column, count in zip(result.classes, row, strict=True)
        ]
        table.add_row(name, *cells, "-" if recall is None else f"{recall:.1%}")
    return table


def _classifiers(result: Result) -> Table:
    numbers = ("accuracy", "macro-F1", "UAR")
    table = screen.table(("classifier", *numbers), numbers=numbers)
    for label, scores in result.scores.items():
        table.add_row(label, f"{scores.accuracy:.2%}", f"{scores.macro_f1:.3f}", f"{scores.uar:.3f}")
    return table
