"""Prints what ``ferbench plugin check`` found: a table a kind, and the reasons below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ferbench.testing.running import RuleOutcome

SIGNS = {"passed": "[green]✓[/]", "failed": "[red bold]✗[/]", "skipped": "[yellow]-[/]"}


def show(distribution: str, outcomes: Sequence[RuleOutcome]) -> None:
    """Rules by parts for each kind; then every failure, and every reason for skipping, once."""
    console = Console()
    for kind in dict.fromkeys(one.kind for one in outcomes):
        console.print(_table([one for one in outcomes if one.kind == kind]))
        console.print()
    skipped: dict[str, list[str]] = {}
    for one in outcomes:
        if one.state == "failed":
            where = escape(f"{one.kind} {one.part}, {one.rule}")
            console.print(f"{SIGNS['failed']} [bold]{where}[/]: {escape(one.sentence)}", highlight=False)
            console.print(f"    {escape(one.reason)}", highlight=False, soft_wrap=True)
        elif one.state == "skipped":
            skipped.setdefault(f"{one.kind} {one.part}: {one.reason}", []).append(one.rule)
    for reason, rules in skipped.items():
        console.print(f"{SIGNS['skipped']} {escape(reason)} [dim]({', '.join(rules)})[/]", highlight=False)
    counts = Counter[str](one.state for one in outcomes)
    said = ", ".join(f"{counts[state]} {state}" for state in SIGNS)
    console.print(f"[bold]{escape(distribution)}[/]: {len(outcomes)} rules tried on parts: {said}", highlight=False)


def _table(outcomes: Sequence[RuleOutcome]) -> Table:
    found = {(one.rule, one.part): SIGNS[one.state] for one in outcomes}
    parts = list(dict.fromkeys(one.part for one in outcomes))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(outcomes[0].kind, no_wrap=True)
    for part in parts:
        table.add_column(part, justify="center", overflow="fold")
    for rule in dict.fromkeys(one.rule for one in outcomes):
        table.add_row(rule, *(found[rule, part] for part in parts))
    return table
