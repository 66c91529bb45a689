"""What is printed on standard output for a person: text and tables."""

from collections.abc import Collection, Iterable

from rich.console import Console
from rich.table import Table


def console() -> Console:
    """Standard output; numbers and paths are not coloured."""
    return Console(highlight=False)


def table(columns: Iterable[str], *, numbers: Collection[str] = (), whole: Collection[str] = ()) -> Table:
    """A table without lines. ``numbers`` are set to the right, ``whole`` are never wrapped."""
    grid = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        grid.add_column(name, justify="right" if name in numbers else "left", overflow="fold", no_wrap=name in whole)
    return grid
