"""Numbers typed from papers, as they stand below a leaderboard: never ranked.

They come from the registered tables, and of these from the ones whose page lies in ``tables/`` beside the leaderboards:
so the pages depend on the folder they lie in, and not on which plugins a machine has.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ferbench.boards import paper_table
from ferbench.boards.paper_table import PaperTable
from ferbench.components.discovery import installed
from ferbench.errors import TableError
from ferbench.support.markdown import safe

FOLDER = "tables"


def read(pages: Path) -> dict[str, PaperTable]:
    """The tables with a page below ``pages``, by name. Raises ``TableError`` where one is not installed."""
    registry = installed().registry
    known = {entry.name for entry in registry if entry.kind == "table"}
    names = sorted(file.stem for file in (pages / FOLDER).glob("*.md"))
    for name in names:
        if name not in known:
            raise TableError(
                f"{pages / FOLDER / name}.md is the page of a table that no installed plugin has",
                fix="install the plugin that it was written with, or remove the page",
            )
    return {name: paper_table.read_table(name, registry) for name in names}


def lines(read_tables: dict[str, PaperTable], dataset: str, protocol: str) -> list[str]:
    """The Markdown of every published number on ``dataset`` that its table sets beside ``protocol``, each once."""
    rows: dict[tuple[str, float, str, str], str] = {}
    for name, table in read_tables.items():
        for section in table.sections:
            if section.dataset == dataset and protocol in section.protocols:
                for row in section.rows:
                    if row.published is not None:
                        key = (row.label, row.published, row.source or table.cite, section.measured if row.cell else "")
                        rows.setdefault(key, name)
    if not rows:
        return []
    said = [
        f"| {safe(label)} | {share:.2f}% | {safe(source)} | {safe(measured) or '-'} "
        f"| [{safe(name)}](../{FOLDER}/{name}.md) |"
        for (label, share, source, measured), name in rows.items()
    ]
    return ["", "## Published, not ranked", "", *_INTRODUCTION, "", *_HEAD, *said]


_INTRODUCTION: Sequence[str] = (
    "Typed from papers, not measured here: a paper may have split, chosen its epoch and cleaned its images otherwise.",
)
_HEAD: Sequence[str] = ("| method | accuracy | source | measured | table |", "|---|---|---|---|---|")
