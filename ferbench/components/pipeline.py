"""A pipeline: a TOML file that names the components and their parameters, checked whole before any work starts.

    name = "tlf-resnet18-svm"
    paper = "..."                       # shown by ``ferbench show``
    [detector]                          # each component: a name, and parameters of its factory
    name = "retinaface"
    [faces]                             # the face step's own parameters
    size = 48
    [embedder] / [loss] / [sampler]     # loss and sampler only for embedders that are trained
    [[classifiers]]                     # any number, all on the same embeddings; the first one's scores are the result
    name = "svm"
    label = "svm-rbf"                   # what it is called here; by default its name
    kernel = "rbf"
    [monitor]                           # how often the epochs are scored, and by which of the classifiers
    [on.fer2013.embedder]               # what differs on one dataset
    epochs = 300

``--set COMPONENT.PARAMETER=VALUE`` changes one value, ``--set COMPONENT=NAME`` replaces a component by another one
(with its defaults).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ValidationError

from ferbench.components.registry import PLURALS, Entry, Registry
from ferbench.components.settings import Settings, parse_settings
from ferbench.components.signature import check_without_import, checked_parameters, signature_of
from ferbench.components.steps import EpochScoring, FaceStep
from ferbench.errors import DataError, ParameterError, PipelineError, WeightsError, did_you_mean
from ferbench.support.naming import FOLDER_NAME

if TYPE_CHECKING:
    from ferbench.interfaces import Detector

COMPONENTS = ("detector", "embedder", "loss", "sampler")
"""The kinds that a pipeline has one of."""
WEIGHTS_SUFFIXES = (".caffemodel", ".onnx", ".pt", ".pth", ".safetensors", ".task", ".tflite", ".xml")
"""A parameter ``weights`` that ends so is a file; other texts may be a name, such as ``imagenet``."""
STEPS: dict[str, Any] = {"faces": FaceStep, "monitor": EpochScoring}
Table = dict[str, Any]


class PipelineFile(BaseModel, extra="forbid"):
    """The file's sections. Only the pipeline of a bundle that needed no detector has ``None`` there."""

    name: str
    summary: str = ""
    paper: str = ""
    notes: str = ""
    detector: Table | None
    faces: Table = {}
    embedder: Table
    loss: Table | None = None
    sampler: Table | None = None
    classifiers: list[Table] = []
    monitor: Table = {}
    on: dict[str, dict[str, Table]] = {}

    @property
    def labels(self) -> list[str]:
        """What each classifier is called."""
        return [str(table.get("label", table.get("name"))) for table in self.classifiers]

    def tables(self) -> list[tuple[str, Table]]:
        """(kind, table) of every component."""
        single = [(kind, getattr(self, kind)) for kind in COMPONENTS if getattr(self, kind) is not None]
        return single + [("classifier", table) for table in self.classifiers]

    def change(self, section: str, values: Table, where: str) -> None:
        """Changes ``values`` of a component, a step, the first classifier, or the classifier of that label.

        Another ``name`` replaces the component, whose parameters are forgotten. Raises ``ParameterError``.
        """
        if section in (*COMPONENTS, *STEPS):
            table = getattr(self, section) or {}
            setattr(self, section, table)
        elif section in self.labels:
            table = self.classifiers[self.labels.index(section)]
        elif section in ("classifier", "classifiers") and self.classifiers:
            table = self.classifiers[0]
        else:
            names = [*COMPONENTS, *STEPS, "classifier", *self.labels]
            raise ParameterError(
                f"{where}: this pipeline has no component '{section}'",
                fix=f"{did_you_mean(section, names)}it has: {', '.join(names)}",
            )
        if "name" in values and (len(values) == 1 or values["name"] != table.get("name")):
            kept = {"label": table["label"]} if "label" in table else {}
            table.clear()
            table.update(kept)
        table.update(values)


@dataclass(frozen=True)
class Component:
    """A registered component with every parameter resolved."""

    entry: Entry
    parameters: dict[str, Any]
    label: str

    def build(self) -> Any:
        return self.entry.load()(**self.parameters)

    def to_dict(self) -> dict[str, Any]:
        """Name, owner and parameters, for results and hashes."""
        owner = f"{self.entry.distribution} {self.entry.version}".strip()
        return {"name": self.entry.name, "distribution": owner, "parameters": self.parameters}


@dataclass(frozen=True)
class Pipeline:
    """Every name and parameter of a pipeline, resolved for one dataset."""

    name: str
    detector: Component | None
    faces: FaceStep
    embedder: Component
    loss: Component | None
    sampler: Component | None
    classifiers: tuple[Component, ...]
    monitor: EpochScoring
    changed: dict[str, Any]

    @property
    def components(self) -> list[Component]:
        single = (self.detector, self.embedder, self.loss, self.sampler)
        return [*(component for component in single if component), *self.classifiers]

    def build_detector(self) -> Detector:
        """A new detector. Raises ``DataError`` if the pipeline has none, as its bundle's dataset shipped the faces."""
        if self.detector is None:
            raise DataError(
                "the bundle's dataset shipped face crops or boxes, this copy of it does not",
                fix="use the copy of the dataset that the bundle was made from",
            )
        return cast("Detector", self.detector.build())

    def to_dict(self) -> dict[str, Any]:
        """All that the predictions depend on, as plain values."""
        return {
            "name": self.name,
            "detector": self.detector and self.detector.to_dict(),
            "faces": asdict(self.faces),
            "embedder": self.embedder.to_dict(),
            "loss": self.loss and self.loss.to_dict(),
            "sampler": self.sampler and self.sampler.to_dict(),
            "classifiers": {classifier.label: classifier.to_dict() for classifier in self.classifiers},
            "monitor": asdict(self.monitor),
            "changed": self.changed,
        }


def read(name: str, registry: Registry) -> dict[str, Any]:
    """A pipeline's TOML by registered name or by path. Raises ``UnknownNameError`` or ``PipelineError``."""
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8") if path.suffix == ".toml" else registry.get("pipeline", name).text()
        raw = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PipelineError(f"pipeline file {path} cannot be read: {reason}", fix="check the path") from error
    except tomllib.TOMLDecodeError as error:
        raise PipelineError(f"pipeline {name} is not valid TOML: {error}", fix="fix that line") from error
    raw.setdefault("name", path.stem)
    return raw


def resolve(
    raw: Mapping[str, Any], registry: Registry, *, dataset: str, settings: Settings = (), device: str | None = None
) -> Pipeline:
    """Checks every name and parameter and fills in the defaults. Builds nothing.

    ``settings`` are those of ``--set``; ``device`` is given to every component that has a parameter of that name.
    What can be checked without importing a component is checked first.
    Raises ``PipelineError``, ``ParameterError`` or ``UnknownNameError``.
    """
    file = _validated(raw)
    for section, values in file.on.get(dataset, {}).items():
        file.change(section, values, f"on.{dataset}")
    changed = parse_settings(settings)
    for key, value in changed.items():
        _apply(file, key, value)
    _check_names(file.name, *file.labels)
    if not file.labels or len(set(file.labels)) < len(file.labels):
        raise PipelineError(
            f"pipeline '{file.name}' needs one or more [[classifiers]] with different labels, has {file.labels}",
            fix='give each a name = "..." and a label = "..."',
        )
    faces = FaceStep(**checked_parameters(FaceStep, file.faces, "section [faces]"))
    monitor = EpochScoring(**checked_parameters(EpochScoring, file.monitor, "section [monitor]"))
    _check_monitored(monitor, file.labels)
    for kind, table in file.tables():
        check_early(kind, table, registry)
    components = [_component(kind, table, registry, device) for kind, table in file.tables()]
    single = {component.entry.kind: component for component in components}
    return Pipeline(
        name=file.name,
        detector=single.get("detector"),
        faces=faces,
        embedder=single["embedder"],
        loss=single.get("loss"),
        sampler=single.get("sampler"),
        classifiers=tuple(component for component in components if component.entry.kind == "classifier"),
        monitor=monitor,
        changed=changed,
    )


def resolve_component(
    kind: str, name: str, registry: Registry, parameters: Mapping[str, Any] | None = None
) -> Component:
    """One component by itself, such as a run's dataset or protocol."""
    return _component(kind, {**(parameters or {}), "name": name}, registry, None)


def check_early(kind: str, table: Table, registry: Registry) -> None:
    """Checks what needs no import: the component's name, its parameters' names, and that a file of weights is there.

    Raises ``UnknownNameError``, ``ParameterError`` or ``WeightsError``.
    """
    entry = _entry(kind, table, registry)
    owner = f"{kind} '{entry.name}'"
    check_without_import(entry.target, table.keys() - {"name", "label"}, owner)
    weights = table.get("weights")
    if not isinstance(weights, str) or not weights:
        return
    path = Path(weights).expanduser()
    if (weights.startswith(("/", "~", ".")) or path.suffix in WEIGHTS_SUFFIXES) and not path.is_file():
        raise WeightsError(
            f"{owner}: there is no weights file {weights}",
            fix="check the path, or leave the parameter out and the weights are downloaded",
        )


def _component(kind: str, table: Table, registry: Registry, device: str | None) -> Component:
    entry = _entry(kind, table, registry)
    parameters = dict(table)
    name = parameters.pop("name")
    label = parameters.pop("label", name)
    factory = entry.load()
    owner = f"{kind} '{name}'"
    if device is not None and any(parameter.name == "device" for parameter in signature_of(factory, owner)):
        parameters["device"] = device
    return Component(entry, checked_parameters(factory, parameters, owner), str(label))


def _entry(kind: str, table: Table, registry: Registry) -> Entry:
    if not isinstance(table.get("name"), str):
        raise PipelineError(
            f"a pipeline's {kind} needs a name", fix=f'name = "..."; see: ferbench list {PLURALS[kind]}'
        )
    return registry.get(kind, table["name"])


def _validated(raw: Mapping[str, Any]) -> PipelineFile:
    try:
        return PipelineFile.model_validate(raw)
    except ValidationError as error:
        sections = list(PipelineFile.model_fields)
        problems = []
        for problem in error.errors():
            section = ".".join(map(str, problem["loc"]))
            if problem["type"] == "extra_forbidden":
                hint = did_you_mean(section, sections).strip()
                problems.append(f"there is no section '{section}'{f', {hint}' if hint else ''}")
            elif problem["type"] == "missing":
                problems.append(f"it has no [{section}]")
            else:
                problems.append(f"{section}: {problem['msg']}")
        raise PipelineError(
            f"pipeline '{raw.get('name')}': {'; '.join(problems)}", fix=f"its sections may be: {', '.join(sections)}"
        ) from error


def _apply(file: PipelineFile, key: str, value: Any) -> None:
    section, _, parameter = key.partition(".")
    if parameter not in ("", "name"):
        file.change(section, {parameter: value}, "--set")
    elif section in STEPS:
        raise ParameterError(
            f"--set {key}={value}: [{section}] is not a component that could be replaced", fix="set a parameter"
        )
    else:
        file.change(section, {"name": str(value)}, "--set")


def _check_names(*names: str) -> None:
    for name in names:
        if not re.fullmatch(FOLDER_NAME, name):
            raise PipelineError(
                f"a pipeline or a classifier cannot be called {name!r}: it names a folder or a file",
                fix="use only letters, digits, spaces and . _ + = -, a letter or a digit first, at most 100",
            )


def _check_monitored(monitor: EpochScoring, labels: Sequence[str]) -> None:
    for label in monitor.classifiers or []:
        if label not in labels:
            raise PipelineError(
                f"section [monitor] names a classifier '{label}' that this pipeline does not have",
                fix=f"{did_you_mean(label, labels)}it has: {', '.join(labels)}",
            )
