"""A paper's table: a TOML file of published rows, each with the run that reproduces it, next to the results of bundles.

    title = "Table 5: ..."
    paper = "Haider et al., ..."            # in full
    cite = "Haider et al. 2023, Table 5"    # in short: what a row without a source of its own is quoted from
    notes = ["..."]                         # sentences below it
    [[sections]]                            # one dataset and one set of classes each: never two in one table
    title = "FER2013"
    dataset = "fer2013"
    measured = "..."                        # how the paper measured its number, in a few words
    protocol = "random-7-3"                 # the registered protocol nearest to that; may be left out
    leak_free = ["subject-disjoint-7-3"]    # those shown next to it
    [[sections.rows]]
    label = "Training with LDA"
    published = 74.62                       # percent
    source = "..."
    [sections.rows.cell]                    # how to reproduce it; earlier work has none
    pipeline = "tlf-resnet18-table5"
    classifier = "lda"
    settings = ["sampler=uniform"]          # what the row is about, as for --set
    also = ["tlf-resnet18-svm/lda"]         # pipeline/classifier, collected where the first one has no result

Cells that differ only in the classifier are one run. Published numbers are where the paper has them; nothing is
ranked. Reads the table's own file and writes nothing.
"""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le, MinLen
from pydantic import BaseModel, ConfigDict, ValidationError

from ferbench.bundles.bundle import Result
from ferbench.components.registry import Registry
from ferbench.components.settings import parse_settings
from ferbench.errors import ParameterError, TableError
from ferbench.support.hashing import digest

Text = Annotated[str, MinLen(1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PaperCell(_Strict):
    """How a row is reproduced: a pipeline's classifier, with the settings that the row is about."""

    pipeline: Text
    classifier: Text
    settings: list[str] = []
    also: list[str] = []

    @property
    def about(self) -> dict[str, Any]:
        """``settings`` as keys and values."""
        return parse_settings(self.settings)

    @property
    def sources(self) -> list[tuple[str, str]]:
        """(pipeline, classifier) in the order in which results are looked for."""
        also = [source.rpartition("/") for source in self.also]
        return [(self.pipeline, self.classifier), *((pipeline, classifier) for pipeline, _, classifier in also)]


class PaperRow(_Strict):
    """One line of the paper's table; ``published`` in percent."""

    label: Text
    published: Annotated[float, Ge(0), Le(100)] | None = None
    source: str = ""
    cell: PaperCell | None = None


class PaperSection(_Strict):
    """The rows on one dataset."""

    title: Text
    dataset: Text
    measured: str = ""
    protocol: str = ""
    leak_free: list[str] = []
    rows: Annotated[list[PaperRow], MinLen(1)]

    @property
    def protocols(self) -> list[str]:
        """The paper's own, where it is registered, and the leak-free ones."""
        return [name for name in (self.protocol, *self.leak_free) if name]


class PaperTable(_Strict):
    """The whole file."""

    title: Text
    paper: Text
    cite: Text
    notes: list[str] = []
    sections: Annotated[list[PaperSection], MinLen(1)]

    @property
    def variables(self) -> set[str]:
        """The settings that tell rows apart. A bundle belongs to a cell only where it agrees on all of them."""
        cells = [row.cell for section in self.sections for row in section.rows if row.cell]
        return {key for cell in cells for key in cell.about}


@dataclass(frozen=True)
class TableCell:
    """A row that can be reproduced, under one protocol."""

    section: PaperSection
    row: PaperRow
    run: PaperCell
    protocol: str


@dataclass(frozen=True)
class MissingRun:
    """One run that a table lacks; ``settings`` are texts as for ``--set``."""

    pipeline: str
    settings: tuple[str, ...]
    dataset: str
    protocol: str
    seed: int


@dataclass(frozen=True)
class CellResults:
    """A cell's results with the same settings, one per seed; ``settings`` are those beyond the row's own."""

    classifier: str
    settings: dict[str, Any]
    results: tuple[tuple[Path, Result], ...]


Bundles = Sequence[tuple[Path, Result]]


def full_name(name: str, registry: Registry) -> str:
    """The registered table that ``name`` means: a whole name, or a number if only one table ends in it.

    Raises ``ParameterError`` if several do; other unknown names are left to the registry.
    """
    names = sorted({entry.name for entry in registry if entry.kind == "table"})
    ending = [candidate for candidate in names if candidate.endswith(f"-{name}")]
    if name in names or not ending:
        return name
    if len(ending) > 1:
        raise ParameterError(f"'{name}' is the table of several papers", fix=f"choose one: {', '.join(ending)}")
    return ending[0]


def read_table(name: str, registry: Registry) -> PaperTable:
    """A table by its registered name or by path. Raises ``UnknownNameError`` or ``TableError`` with every problem."""
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8") if path.suffix == ".toml" else registry.get("table", name).text()
        return PaperTable.model_validate(tomllib.loads(text), strict=True)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise TableError(f"table file {path} cannot be read: {reason}", fix="check the path") from error
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"table {name} is not valid TOML: {error}", fix="fix that line") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise TableError(f"table {name} has mistakes: {problems}", fix="see: ferbench list tables") from error


def missing_runs(
    table: PaperTable, bundles: Bundles, seeds: Sequence[int], settings: Sequence[str] = ()
) -> list[MissingRun]:
    """The runs that the table lacks, each once; cells that share a training share it.

    Without ``settings`` a result with any settings will do; with them it must have exactly those.
    """
    runs: dict[MissingRun, None] = {}
    for cell in cells(table):
        groups = cell_results(table, cell, bundles, settings)
        done = {result.seed for group in groups for _, result in group.results}
        for seed in seeds:
            if seed not in done:
                changed = (*cell.run.settings, *settings)
                runs[MissingRun(cell.run.pipeline, changed, cell.section.dataset, cell.protocol, seed)] = None
    return list(runs)


def cells(table: PaperTable) -> Iterator[TableCell]:
    """Each row that can be reproduced, once per protocol."""
    for section in table.sections:
        for row in section.rows:
            if row.cell:
                yield from (TableCell(section, row, row.cell, protocol) for protocol in section.protocols)


def cell_results(
    table: PaperTable, cell: TableCell, bundles: Bundles, settings: Sequence[str] = ()
) -> list[CellResults]:
    """A cell's results, grouped by what may be averaged together; see ``missing_runs`` for ``settings``."""
    wanted = parse_settings(settings)
    for pipeline, classifier in cell.run.sources:
        groups: dict[str, list[tuple[Path, Result]]] = {}
        for folder, result in bundles:
            names = (result.pipeline["name"], result.dataset["name"], result.protocol["name"])
            if names != (pipeline, cell.section.dataset, cell.protocol) or classifier not in result.scores:
                continue
            changed = result.pipeline["changed"]
            if {key: changed[key] for key in changed if key in table.variables} != cell.run.about:
                continue
            if wanted and not _has(result, wanted, _beyond(table, result)):
                continue
            same = digest([result.dataset, result.classes, result.protocol, result.pipeline])
            groups.setdefault(same, []).append((folder, result))
        if groups:
            results = []
            for group in groups.values():
                group.sort(key=lambda pair: pair[1].seed)
                results.append(CellResults(classifier, _beyond(table, group[0][1]), tuple(group)))
            return sorted(results, key=lambda result: (digest(result.settings), result.results[0][0]))
    return []


def _beyond(table: PaperTable, result: Result) -> dict[str, Any]:
    """What was set beyond the pipeline's file and the row's own settings."""
    return {key: value for key, value in result.pipeline["changed"].items() if key not in table.variables}


def _has(result: Result, wanted: Mapping[str, Any], beyond: Mapping[str, Any]) -> bool:
    """Whether a result was made with exactly the settings ``wanted``, a dataset's and a protocol's among them."""
    own = {"dataset": result.dataset["parameters"], "protocol": result.protocol["parameters"]}
    others = {}
    for key, value in wanted.items():
        component, _, parameter = key.partition(".")
        if component not in own:
            others[key] = value
        elif own[component].get(parameter) != value:
            return False
    return others == dict(beyond)
