"""A study: pipelines x datasets x protocols x seeds as a TOML file, resolved whole before any work starts.

    seeds = [0, 1, 2]
    pipelines = ["raw-pixels-svm", { name = "tlf-resnet18-svm", set = ["loss.margin=0.5", "loss=triplet"] }]
    datasets = ["synthfaces", { name = "fer2013", data = "~/fer2013.csv" }]     # by default synthfaces
    protocols = [{ name = "subject-disjoint-7-3", parameters = { test = 0.2 } }]    # by default the dataset's own

A pipeline is a registered name or a .toml file, and ``set`` is as ``ferbench run --set``. Paths count from the study's
folder. A cell is one run of one pipeline on one dataset under one protocol with one seed.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Len
from pydantic import BaseModel, BeforeValidator, ValidationError

from ferbench.components import pipeline as pipelines
from ferbench.components.registry import Registry
from ferbench.components.settings import parse_settings
from ferbench.errors import StudyError, first_problem
from ferbench.running.plan import Plan, plan
from ferbench.support.hashing import digest

State = Literal["finished", "failed", "failed before"]


def _table(value: Any) -> Any:
    """A name alone is a table with only that name."""
    return {"name": value} if isinstance(value, str) else value


class StudyProtocol(BaseModel, extra="forbid", frozen=True):
    """A protocol (or a dataset), and what differs from its defaults."""

    name: str
    parameters: dict[str, Any] = {}


class StudyDataset(StudyProtocol, extra="forbid", frozen=True):
    """A dataset, and where its files are; by default the path given to ``ferbench data add``."""

    data: Path | None = None


class StudyPipeline(BaseModel, extra="forbid", frozen=True):
    """A pipeline, and what differs from its file."""

    name: str
    set: list[str] = []


class Study(BaseModel, extra="forbid", frozen=True):
    pipelines: Annotated[list[Annotated[StudyPipeline, BeforeValidator(_table)]], Len(1)]
    datasets: Annotated[list[Annotated[StudyDataset, BeforeValidator(_table)]], Len(1)] = [
        StudyDataset(name="synthfaces")
    ]
    protocols: list[Annotated[StudyProtocol, BeforeValidator(_table)]] = []
    seeds: Annotated[list[Annotated[int, Ge(0)]], Len(1)] = [0]
    device: str | None = None


@dataclass(frozen=True)
class Cell:
    """One run of a study. ``key`` names it in files: it covers all that is known of the run before its data is read."""

    name: str
    key: str
    plan: Plan


@dataclass(frozen=True)
class CellOutcome:
    """How a cell ended: its bundle, or what was wrong; ``trace`` is a faulty component's, ``seconds`` are wall time."""

    key: str
    state: State
    bundle: Path | None = None
    what: str = ""
    fix: str = ""
    where: str = ""
    trace: str = ""
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "bundle": str(self.bundle) if self.bundle else None}


def cells(file: Path, registry: Registry, out: Path) -> list[Cell]:
    """The cells of the study ``file``, whose bundles go under ``out``: every name, parameter and path is checked.

    Raises ``StudyError`` and the errors of ``ferbench.plan``.
    """
    study = _read(file)
    by_key: dict[str, Cell] = {}
    for cell in _cells(study, file.parent, registry, out):
        if cell.key in by_key:
            raise StudyError(f"{file} has the same run twice: {cell.name}", fix="remove one of the two")
        by_key[cell.key] = cell
    return list(by_key.values())


def _cells(study: Study, folder: Path, registry: Registry, out: Path) -> Iterator[Cell]:
    protocols: list[StudyProtocol | None] = [*study.protocols] or [None]
    for changed in study.pipelines:
        near = folder / changed.name
        raw = pipelines.read(str(near) if near.suffix == ".toml" else changed.name, registry)
        for source in study.datasets:
            for named in protocols:
                first = plan(
                    raw,
                    dataset=source.name,
                    data=None if source.data is None else folder / source.data.expanduser(),
                    protocol=named.name if named else None,
                    settings=_settings(changed, source, named),
                    device=study.device,
                    workers=1,
                    out=out,
                    registry=registry,
                )
                for seed in study.seeds:
                    seeded = replace(first, seed=seed)
                    yield Cell(_name(changed, source, seeded, named), _key(seeded), seeded)


def _settings(changed: StudyPipeline, source: StudyDataset, named: StudyProtocol | None) -> dict[str, Any]:
    dataset = {f"dataset.{key}": value for key, value in source.parameters.items()}
    protocol = {f"protocol.{key}": value for key, value in named.parameters.items()} if named else {}
    return {**parse_settings(changed.set), **dataset, **protocol}


def _name(changed: StudyPipeline, source: StudyDataset, plan: Plan, named: StudyProtocol | None) -> str:
    rule = named or StudyProtocol(name=plan.protocol.entry.name)
    return ", ".join([" ".join([changed.name, *changed.set]), _text(source), _text(rule), f"seed {plan.seed}"])


def _text(named: StudyProtocol) -> str:
    return " ".join([named.name, *(f"{key}={value}" for key, value in named.parameters.items())])


def _key(plan: Plan) -> str:
    facts = [plan.pipeline.to_dict(), plan.dataset.to_dict(), plan.protocol.to_dict(), plan.seed]
    return digest(facts)[:16]


def _read(file: Path) -> Study:
    try:
        return Study.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudyError(f"the study {file} cannot be read: {reason}", fix="check the path") from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{file} is not valid TOML: {error}", fix="fix that line") from error
    except ValidationError as error:
        raise StudyError(
            f"{file}: {first_problem(error)}",
            fix='a study has pipelines, datasets, protocols, seeds, device; for example pipelines = ["raw-pixels-svm"]',
        ) from error
