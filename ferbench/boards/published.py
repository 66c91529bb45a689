"""Numbers quoted from papers, shown below a leaderboard: never ranked.

They come from those registered tables whose page is in ``tables/`` next to the leaderboards: so the pages depend on
the folder that they are in, and not on which plugins a machine has.
"""

from pathlib import Path

from ferbench.boards import paper_table
from ferbench.boards.paper_table import PaperTable
from ferbench.components.discovery import installed
from ferbench.errors import TableError
from ferbench.support import markdown
from ferbench.support.markdown import safe

FOLDER = "tables"
COLUMNS = ("method", "accuracy", "source", "measured", "table")
INTRODUCTION = (
    "Quoted from papers, or from lists such as Papers with Code where the source says so; not measured here: splits, "
    "choice of the epoch and cleaning of the images may differ."
)


def read(pages: Path) -> dict[str, PaperTable]:
    """The tables with a page below ``pages``, by name. Raises ``TableError`` where one is not installed."""
    registry = installed().registry
    registered = {entry.name for entry in registry if entry.kind == "table"}
    names = sorted(file.stem for file in (pages / FOLDER).glob("*.md"))
    for name in names:
        if name not in registered:
            raise TableError(
                f"{pages / FOLDER / name}.md is the page of a table that no installed plugin has",
                fix="install the plugin that it was written with, or remove the page",
            )
    return {name: paper_table.read_table(name, registry) for name in names}


def lines(tables: dict[str, PaperTable], dataset: str, protocol: str) -> list[str]:
    """The Markdown of every published number on ``dataset`` that its table compares with ``protocol``, each once."""
    rows: dict[tuple[str, float, str, str], str] = {}
    for name, table in tables.items():
        for section in table.sections:
            if section.dataset != dataset or protocol not in section.protocols:
                continue
            for row in section.rows:
                if row.published is not None:
                    key = (row.label, row.published, row.source or table.cite, section.measured if row.cell else "")
                    rows.setdefault(key, name)
    if not rows:
        return []
    cells = [
        [safe(label), f"{share:.2f}%", safe(source), safe(measured) or "-", f"[{safe(name)}](../{FOLDER}/{name}.md)"]
        for (label, share, source, measured), name in rows.items()
    ]
    return ["", "## Published, not ranked", "", INTRODUCTION, "", *markdown.table(COLUMNS, cells)]
