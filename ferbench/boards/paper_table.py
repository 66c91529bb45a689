"""A paper's table: a TOML file of published rows, each with the run that reproduces it, beside what bundles say.

    title = "Table 5: ..."
    paper = "Haider et al., ..."            # in full
    cite = "Haider et al. 2023, Table 5"    # in short: what a row without a source of its own is quoted from
    notes = ["..."]                         # sentences to stand below it
    [[sections]]                            # one dataset and one set of classes each: never two in one table
    title = "FER2013"
    dataset = "fer2013"
    measured = "..."                        # how the paper measured its number, in a few words
    protocol = "random-7-3"                 # the registered protocol nearest to that; may be left out
    leak_free = ["subject-disjoint-7-3"]    # those to stand beside it
    [[sections.rows]]
    label = "Training with LDA"
    published = 74.62                       # percent
    source = "..."
    [sections.rows.cell]                    # how to reproduce it; earlier work has none
    pipeline = "tlf-resnet18-table5"
    classifier = "lda"
    settings = ["sampler=uniform"]          # what the row is about, as for --set
    also = ["tlf-resnet18-svm/lda"]         # pipeline/classifier, collected where the first one has no result

Cells that differ in the classifier alone are one run. Published numbers stand where the paper has them; nothing is
ranked. Reads the table's own file and writes nothing.
"""

from __future__ import annotations

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
Settings = Mapping[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(_Strict):
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
        return [
            (self.pipeline, self.classifier),
            *((one.rpartition("/")[0], one.rpartition("/")[2]) for one in self.also),
        ]


class Row(_Strict):
    """One line of the paper's table; ``published`` in percent."""

    label: Text
    published: Annotated[float, Ge(0), Le(100)] | None = None
    source: str = ""
    cell: Cell | None = None


class Section(_Strict):
    """The rows on one dataset."""

    title: Text
    dataset: Text
    measured: str = ""
    protocol: str = ""
    leak_free: list[str] = []
    rows: Annotated[list[Row], MinLen(1)]

    @property
    def protocols(self) -> list[str]:
        """The paper's own, where it is registered, and the leak-free ones."""
        return [one for one in (self.protocol, *self.leak_free) if one]


class Table(_Strict):
    """The whole file."""

    title: Text
    paper: Text
    cite: Text
    notes: list[str] = []
    sections: Annotated[list[Section], MinLen(1)]

    @property
    def variables(self) -> set[str]:
        """The settings that tell rows apart. A bundle belongs to a cell only where it agrees on all of them."""
        cells = [row.cell for section in self.sections for row in section.rows if row.cell]
        return {key for cell in cells for key in cell.about}


@dataclass(frozen=True)
class Job:
    """One run that is missing; ``settings`` are texts as for ``--set``."""

    pipeline: str
    settings: tuple[str, ...]
    dataset: str
    protocol: str
    seed: int


@dataclass(frozen=True)
class Found:
    """The results of one cell under one protocol with the same settings, one a seed; ``settings`` beyond the row's."""

    classifier: str
    settings: dict[str, Any]
    results: tuple[tuple[Path, Result], ...]


Bundles = Sequence[tuple[Path, Result]]


def choose(name: str, registry: Registry) -> str:
    """The registered table that ``name`` means: a whole name, or a number when one table alone ends in it.

    Raises ``ParameterError`` if several do; other unknown names are left to the registry.
    """
    names = sorted({entry.name for entry in registry if entry.kind == "table"})
    ending = [one for one in names if one.endswith(f"-{name}")]
    if name in names or not ending:
        return name
    if len(ending) > 1:
        raise ParameterError(f"'{name}' is the table of several papers", fix=f"name one: {', '.join(ending)}")
    return ending[0]


def read(name: str, registry: Registry) -> Table:
    """A table by its registered name or by path. Raises ``UnknownNameError`` or ``TableError`` with every problem."""
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8") if path.suffix == ".toml" else registry.get("table", name).text()
        return Table.model_validate(tomllib.loads(text), strict=True)
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"table file {path} cannot be read: {error}", fix="check the path") from error
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"table {name} is not valid TOML: {error}", fix="mend that line") from error
    except ValidationError as error:
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise TableError(f"table {name} is not as it should be: {said}", fix="see: ferbench list tables") from error


def missing(table: Table, bundles: Bundles, seeds: Sequence[int], settings: Sequence[str] = ()) -> list[Job]:
    """The runs that the table lacks, each once; cells that share a training share it.

    Without ``settings`` a result with any settings will do; with them it must have exactly those.
    """
    jobs: dict[Job, None] = {}
    for section, row, protocol in cells(table):
        assert row.cell is not None
        groups = find(table, section, row.cell, protocol, bundles, settings)
        done = {result.seed for group in groups for _, result in group.results}
        for seed in seeds:
            if seed not in done:
                job = Job(row.cell.pipeline, (*row.cell.settings, *settings), section.dataset, protocol, seed)
                jobs[job] = None
    return list(jobs)


def cells(table: Table) -> Iterator[tuple[Section, Row, str]]:
    """Each row that can be reproduced, once a protocol."""
    for section in table.sections:
        for row in section.rows:
            if row.cell:
                yield from ((section, row, protocol) for protocol in section.protocols)


def find(
    table: Table, section: Section, cell: Cell, protocol: str, bundles: Bundles, settings: Sequence[str] = ()
) -> list[Found]:
    """A cell's results under ``protocol``, those that may be averaged together; see ``missing`` for ``settings``."""
    wanted = parse_settings(settings)
    for pipeline, classifier in cell.sources:
        groups: dict[str, list[tuple[Path, Result]]] = {}
        for folder, result in bundles:
            place = (result.pipeline["name"], result.dataset["name"], result.protocol["name"])
            if place != (pipeline, section.dataset, protocol) or classifier not in result.scores:
                continue
            changed = result.pipeline["changed"]
            if {key: changed[key] for key in changed if key in table.variables} != cell.about:
                continue
            if wanted and not _has(result, wanted, _beyond(table, result)):
                continue
            same = digest([result.dataset, result.classes, result.protocol, result.pipeline])
            groups.setdefault(same, []).append((folder, result))
        if groups:
            found = [
                Found(classifier, _beyond(table, group[0][1]), tuple(sorted(group, key=lambda one: one[1].seed)))
                for group in groups.values()
            ]
            return sorted(found, key=lambda one: (digest(one.settings), one.results[0][0]))
    return []


def _beyond(table: Table, result: Result) -> dict[str, Any]:
    """What was set beyond the pipeline's file and the row's own settings."""
    return {key: value for key, value in result.pipeline["changed"].items() if key not in table.variables}


def _has(result: Result, wanted: Settings, beyond: Settings) -> bool:
    """Whether a result was made with exactly the settings ``wanted``, a dataset's and a protocol's among them."""
    parts = {"dataset": result.dataset["parameters"], "protocol": result.protocol["parameters"]}
    rest = {}
    for key, value in wanted.items():
        part, _, name = key.partition(".")
        if part not in parts:
            rest[key] = value
        elif parts[part].get(name) != value:
            return False
    return rest == dict(beyond)
