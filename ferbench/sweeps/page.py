"""A sweep's end: a row per cell, with its accuracy or what went wrong."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape

from ferbench.bundles import bundle
from ferbench.support import screen
from ferbench.sweeps.study import Cell, CellOutcome


def rows(cells: Sequence[Cell], outcomes: Sequence[CellOutcome]) -> list[dict[str, Any]]:
    """Plain values, a row per cell. Raises ``BundleError`` if a finished cell's result cannot be read."""
    table = []
    for cell, outcome in zip(cells, outcomes, strict=True):
        scores = next(iter(bundle.read(outcome.bundle).scores.values())) if outcome.bundle else None
        table.append(
            {
                "cell": cell.name,
                "pipeline": cell.plan.pipeline.name,
                "dataset": cell.plan.dataset.entry.name,
                "protocol": cell.plan.protocol.entry.name,
                "seed": cell.plan.seed,
                "accuracy": scores.accuracy if scores else None,
                **outcome.to_dict(),
            }
        )
    return table


def show(rows: Sequence[dict[str, Any]], out: Path) -> None:
    """Prints the table, the errors with their fixes, and what to type next."""
    console = screen.console()
    table = screen.table(("cell", "state", "accuracy", "seconds", "where"), numbers=("accuracy", "seconds"))
    for row in rows:
        state = row["state"] if row["state"] == "finished" else f"[red]{row['state']}[/]"
        accuracy = "" if row["accuracy"] is None else f"{row['accuracy']:.2%}"
        table.add_row(escape(row["cell"]), state, accuracy, f"{row['seconds']:,.1f}", escape(row["where"]))
    console.print(table)
    failed = [row for row in rows if row["state"] != "finished"]
    for row in failed:
        console.print(f"[red]failed:[/] {escape(row['cell'])}: {escape(row['what'])}", soft_wrap=True)
        if row["fix"]:
            console.print(f"  [green]fix:[/] {escape(row['fix'])}", soft_wrap=True)
    again = "the same command with --retry; else " if failed else ""
    console.print(f"next: {again}ferbench leaderboard --results {out} --pages {out}", soft_wrap=True)
