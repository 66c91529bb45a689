"""Prints what ``ferbench plugin check`` found: a table per kind, and the reasons below."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ferbench.testing.running import RuleOutcome

SIGNS = {"passed": "[green]✓[/]", "failed": "[red bold]✗[/]", "skipped": "[yellow]-[/]"}


def show(distribution: str, outcomes: Sequence[RuleOutcome]) -> None:
    """Rules by components for each kind; then every failure, and every reason for skipping, once."""
    console = Console()
    for kind in dict.fromkeys(outcome.kind for outcome in outcomes):
        console.print(_table([outcome for outcome in outcomes if outcome.kind == kind]))
        console.print()
    skipped: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.state == "failed":
            where = escape(f"{outcome.kind} {outcome.component}, {outcome.rule}")
            console.print(f"{SIGNS['failed']} [bold]{where}[/]: {escape(outcome.sentence)}", highlight=False)
            console.print(f"    {escape(outcome.reason)}", highlight=False, soft_wrap=True)
        elif outcome.state == "skipped":
            skipped.setdefault(f"{outcome.kind} {outcome.component}: {outcome.reason}", []).append(outcome.rule)
    for reason, rules in skipped.items():
        console.print(f"{SIGNS['skipped']} {escape(reason)} [dim]({', '.join(rules)})[/]", highlight=False)
    counts = Counter[str](outcome.state for outcome in outcomes)
    totals = ", ".join(f"{counts[state]} {state}" for state in SIGNS)
    console.print(f"[bold]{escape(distribution)}[/]: {len(outcomes)} rules tested: {totals}", highlight=False)


def _table(outcomes: Sequence[RuleOutcome]) -> Table:
    signs = {(outcome.rule, outcome.component): SIGNS[outcome.state] for outcome in outcomes}
    components = list(dict.fromkeys(outcome.component for outcome in outcomes))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(outcomes[0].kind, no_wrap=True)
    for component in components:
        table.add_column(component, justify="center", overflow="fold")
    for rule in dict.fromkeys(outcome.rule for outcome in outcomes):
        table.add_row(rule, *(signs[rule, component] for component in components))
    return table
