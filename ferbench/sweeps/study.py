"""A study: pipelines x datasets x protocols x seeds as a TOML file, resolved whole before any work starts.

    seeds = [0, 1, 2]
    pipelines = ["raw-pixels-svm", { name = "tlf-resnet18-svm", set = ["loss.margin=0.5", "loss=triplet"] }]
    datasets = ["synthfaces", { name = "fer2013", data = "~/fer2013.csv" }]     # by default synthfaces
    protocols = [{ name = "subject-disjoint-7-3", parameters = { test = 0.2 } }]    # by default the dataset's own

A pipeline is a registered name or a .toml file, and ``set`` is as ``ferbench run --set``. Paths count from the study's
folder. A cell is one run of one pipeline on one dataset under one protocol with one seed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Len
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from ferbench.components import pipeline as pipelines
from ferbench.components.pipeline import Component
from ferbench.components.registry import Entry, Registry
from ferbench.errors import StudyError
from ferbench.running.run import Plan
from ferbench.support.hashing import digest


def _table(value: Any) -> Any:
    """A name alone is a table with nothing but the name."""
    return {"name": value} if isinstance(value, str) else value


class Named(BaseModel):
    """A dataset or protocol, and what differs from its defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    parameters: dict[str, Any] = {}


class Source(Named):
    """A dataset, and where its files lie; by default as ``ferbench data add`` was told."""

    data: Path | None = None


class Changed(BaseModel):
    """A pipeline, and what differs from its file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    set: list[str] = []


class Study(BaseModel):
    """The study's file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pipelines: Annotated[list[Annotated[Changed, BeforeValidator(_table)]], Len(1)]
    datasets: Annotated[list[Annotated[Source, BeforeValidator(_table)]], Len(1)] = [Source(name="synthfaces")]
    protocols: list[Annotated[Named, BeforeValidator(_table)]] = []
    seeds: Annotated[list[Annotated[int, Ge(0)]], Len(1)] = [0]
    device: str | None = None


@dataclass(frozen=True)
class Cell:
    """One run of a study. ``key`` names it in files: it covers all that is known of the run before its data is read."""

    name: str
    key: str
    plan: Plan

    def entries(self) -> list[Entry]:
        """The parts that it needs."""
        pipeline = self.plan.pipeline
        parts = [self.plan.dataset, self.plan.protocol, pipeline.detector, pipeline.embedder, *pipeline.classifiers]
        return [part.entry for part in [*parts, pipeline.loss, pipeline.sampler] if part]


def cells(file: Path, registry: Registry, out: Path) -> list[Cell]:
    """The cells of the study ``file``, whose bundles lie under ``out``: every name and parameter is checked.

    Raises ``StudyError``, ``PipelineError``, ``ParameterError`` or ``UnknownNameError``.
    """
    study = _read(file)
    found: dict[str, Cell] = {}
    for cell in _cells(study, file.parent, registry, out):
        if cell.key in found:
            raise StudyError(f"{file} asks for the same run twice: {cell.name}", fix="remove one of the two")
        found[cell.key] = cell
    return list(found.values())


def _cells(study: Study, folder: Path, registry: Registry, out: Path) -> Iterator[Cell]:
    for changed in study.pipelines:
        near = folder / changed.name
        raw = pipelines.read(str(near) if near.suffix == ".toml" else changed.name, registry)
        for source in study.datasets:
            dataset = pipelines.resolve_component("dataset", source.name, registry, source.parameters)
            pipeline = pipelines.resolve(raw, registry, dataset=source.name, settings=changed.set, device=study.device)
            data = None if source.data is None else folder / source.data.expanduser()
            for named in study.protocols or [Named(name=dataset.entry.load().default_protocol)]:
                protocol = pipelines.resolve_component("protocol", named.name, registry, named.parameters)
                for seed in study.seeds:
                    plan = Plan(pipeline, dataset, protocol, data, seed, out)
                    yield Cell(_name(changed, source, named, seed), _key(plan), plan)


def _name(changed: Changed, source: Source, named: Named, seed: int) -> str:
    steps = [" ".join([changed.name, *changed.set]), *(_told(one) for one in (source, named)), f"seed {seed}"]
    return ", ".join(steps)


def _told(named: Named) -> str:
    return " ".join([named.name, *(f"{key}={value}" for key, value in named.parameters.items())])


def _key(plan: Plan) -> str:
    parts: list[Component] = [plan.dataset, plan.protocol]
    return digest([plan.pipeline.to_dict(), *(part.to_dict() for part in parts), plan.seed])[:16]


def _read(file: Path) -> Study:
    try:
        return Study.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"the study {file} cannot be read: {error}", fix="check the path") from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{file} is not valid TOML: {error}", fix="mend that line") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise StudyError(
            f"{file}: {place}: {first['msg']}",
            fix='a study has pipelines, datasets, protocols, seeds, device; for example pipelines = ["raw-pixels-svm"]',
        ) from error
