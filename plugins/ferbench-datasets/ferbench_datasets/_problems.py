"""Everything that is wrong with a copy of a dataset, gathered so that one error names it all."""

from __future__ import annotations

from ferbench.errors import DataError
from ferbench_datasets._archives import printable

SHOWN = 50


class Problems:
    """Collects what is wrong, each with its place; the first ``SHOWN`` are kept in words, the rest are counted."""

    def __init__(self) -> None:
        self.count = 0
        self._lines: list[str] = []

    def add(self, where: str, what: str) -> None:
        """Notes one problem: ``where`` is a file (and line or member), ``what`` says what is wrong there."""
        self.count += 1
        if self.count <= SHOWN:
            self._lines.append(printable(f"  {where}: {what}"))

    def check(self, data: object, *, fix: str) -> None:
        """Raises one ``DataError`` that names every problem of ``data``, if there is any."""
        if not self.count:
            return
        lines = list(self._lines)
        if self.count > SHOWN:
            lines.append(f"  and {self.count - SHOWN:,} more")
        plural = "problem" if self.count == 1 else "problems"
        raise DataError("\n".join([f"{data} has {self.count:,} {plural}:", *lines]), fix=fix)
