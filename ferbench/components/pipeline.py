"""A pipeline: a TOML file that names the parts and their parameters, checked whole before any work starts.

    name = "tlf-resnet18-svm"
    paper = "..."                       # shown by ``ferbench show``
    [detector]                          # each part: a name, and parameters of its factory
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

``--set PART.PARAMETER=VALUE`` changes one value, ``--set PART=NAME`` puts another part (with its defaults) there.
"""

from __future__ import annotations

import copy
import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferbench.components import signature
from ferbench.components.registry import Entry, Registry
from ferbench.components.steps import EpochScoring, FaceStep
from ferbench.errors import ParameterError, PipelineError
from ferbench.support.naming import FOLDER_NAME

PARTS = ("detector", "embedder", "loss", "sampler")
STEPS: dict[str, Any] = {"faces": FaceStep, "monitor": EpochScoring}
TEXTS = ("name", "summary", "paper", "notes")


@dataclass(frozen=True)
class Component:
    """A registered part with every parameter resolved."""

    entry: Entry
    parameters: dict[str, Any]
    label: str

    def build(self) -> Any:
        """A new instance."""
        return self.entry.load()(**self.parameters)

    def to_dict(self) -> dict[str, Any]:
        """Name, owner and parameters, for results and hashes."""
        owner = f"{self.entry.distribution} {self.entry.version}".strip()
        return {"name": self.entry.name, "distribution": owner, "parameters": self.parameters}


@dataclass(frozen=True)
class Pipeline:
    """Every name and parameter of a pipeline, resolved for one dataset."""

    name: str
    texts: dict[str, str]
    detector: Component
    faces: FaceStep
    embedder: Component
    loss: Component | None
    sampler: Component | None
    classifiers: tuple[Component, ...]
    monitor: EpochScoring
    changed: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """All that the predictions depend on, as plain values."""
        return {
            "name": self.name,
            "detector": self.detector.to_dict(),
            "faces": self.faces.to_dict(),
            "embedder": self.embedder.to_dict(),
            "loss": self.loss and self.loss.to_dict(),
            "sampler": self.sampler and self.sampler.to_dict(),
            "classifiers": {part.label: part.to_dict() for part in self.classifiers},
            "monitor": self.monitor.to_dict(),
            "changed": self.changed,
        }


def read(name: str, registry: Registry) -> dict[str, Any]:
    """A pipeline's TOML by registered name or by path. Raises ``UnknownNameError`` or ``PipelineError``."""
    text, place = source(name, registry)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PipelineError(f"{place} is not valid TOML: {error}", fix="mend that line") from error
    raw.setdefault("name", Path(name).stem)
    return raw


def source(name: str, registry: Registry) -> tuple[str, str]:
    """The text of a pipeline file, comments and all, and where it lies. Raises as ``read`` does."""
    path = Path(name)
    if path.suffix != ".toml":
        entry = registry.get("pipeline", name)
        return entry.text(), entry.target
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        raise PipelineError(f"pipeline file {path} cannot be read: {error}", fix="check the path") from error


def resolve(
    raw: Mapping[str, Any], registry: Registry, *, dataset: str, settings: Sequence[str] = (), device: str | None = None
) -> Pipeline:
    """Checks every name and parameter and fills in the defaults. Builds nothing.

    ``settings`` are the texts of ``--set``; ``device`` is given to every part that has a parameter of that name.
    Raises ``PipelineError``, ``ParameterError`` or ``UnknownNameError``.
    """
    tables = copy.deepcopy(dict(raw))
    overrides = tables.pop("on", {})
    _check_keys(tables)
    for section, values in overrides.get(dataset, {}).items():
        _merge(_table(tables, section, f"on.{dataset}"), values)
    changed = {}
    for setting in settings:
        key, value = _apply(tables, setting)
        changed[key] = value
    _check_names(tables, registry)
    parts = {kind: _part(kind, tables[kind], registry, device) for kind in PARTS if kind in tables}
    for kind in ("detector", "embedder"):
        if kind not in parts:
            raise PipelineError(f"pipeline '{raw['name']}' has no [{kind}]", fix=f"see: ferbench list {kind}s")
    classifiers = tuple(_part("classifier", table, registry, device) for table in tables.get("classifiers", []))
    labels = [part.label for part in classifiers]
    if not labels or len(set(labels)) < len(labels):
        raise PipelineError(
            f"pipeline '{raw['name']}' needs one or more [[classifiers]] with different labels, has {labels}",
            fix='give each a name = "..." and a label = "..."',
        )
    steps = {
        name: step(**signature.checked_parameters(step, tables.get(name, {}), f"section [{name}]"))
        for name, step in STEPS.items()
    }
    check_monitored(steps["monitor"], labels)
    check_names(tables["name"], *labels)
    return Pipeline(
        name=tables["name"],
        texts={key: str(tables.get(key, "")) for key in TEXTS},
        detector=parts["detector"],
        faces=steps["faces"],
        embedder=parts["embedder"],
        loss=parts.get("loss"),
        sampler=parts.get("sampler"),
        classifiers=classifiers,
        monitor=steps["monitor"],
        changed=changed,
    )


def resolve_component(kind: str, name: str, registry: Registry, given: Mapping[str, Any] | None = None) -> Component:
    """One part by itself, such as a run's dataset or protocol."""
    return _part(kind, {"name": name, **(given or {})}, registry, None)


def _part(kind: str, table: Mapping[str, Any], registry: Registry, device: str | None) -> Component:
    given = dict(table)
    name = given.pop("name", None)
    label = given.pop("label", name)
    if not isinstance(name, str) or not isinstance(label, str):
        raise PipelineError(f"a pipeline's {kind} needs a name", fix=f'name = "..."; see: ferbench list {kind}s')
    entry = registry.get(kind, name)
    factory = entry.load()
    owner = f"{kind} '{name}'"
    if device is not None and any(parameter.name == "device" for parameter in signature.signature_of(factory, owner)):
        given["device"] = device
    return Component(entry, signature.checked_parameters(factory, given, owner), label)


def _check_names(tables: Mapping[str, Any], registry: Registry) -> None:
    """All names before the first import: a mistyped one is answered without waiting for a framework."""
    named = [(kind, tables[kind]) for kind in PARTS if kind in tables]
    for kind, table in named + [("classifier", table) for table in tables.get("classifiers", [])]:
        registry.get(kind, str(table.get("name")))


def check_names(*names: str) -> None:
    """Raises ``PipelineError`` if a pipeline's name or a classifier's label could not name a folder or a file."""
    for name in names:
        if not re.fullmatch(FOLDER_NAME, name):
            raise PipelineError(
                f"a pipeline or a classifier cannot be called {name!r}: it names a folder or a file",
                fix="use letters, digits, spaces and . _ + = - alone, a letter or a digit first, 100 at most",
            )


def check_monitored(monitor: EpochScoring, labels: Sequence[str]) -> None:
    """Raises ``PipelineError`` if the monitor names a classifier that is not among ``labels``."""
    for label in monitor.classifiers or []:
        if label not in labels:
            near = difflib.get_close_matches(label, labels, n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise PipelineError(
                f"section [monitor] names a classifier '{label}' that this pipeline does not have",
                fix=f"{hint}it has: {', '.join(labels)}",
            )


def _check_keys(tables: Mapping[str, Any]) -> None:
    known = (*TEXTS, *PARTS, *STEPS, "classifiers")
    for key in tables:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
            hint = f"did you mean '{near[0]}'? " if near else ""
            raise PipelineError(f"a pipeline has no section '{key}'", fix=f"{hint}it has: {', '.join(known)}, on")


def parse_setting(setting: str) -> tuple[str, Any]:
    """("loss.margin", 0.5) for "loss.margin=0.5"; a value that is no TOML is text. Raises ``ParameterError``."""
    key, equals, text = (part.strip() for part in setting.partition("="))
    if not equals or not key.partition(".")[0]:
        raise ParameterError(f"--set {setting} is not PART.PARAMETER=VALUE", fix="for example --set loss.margin=0.5")
    try:
        return key, tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return key, text


def settings_of(settings: Sequence[str], part: str) -> dict[str, Any]:
    """Of the texts of ``--set``, the parameters of ``part``."""
    return {
        key.partition(".")[2]: value
        for key, value in (parse_setting(one) for one in settings if one.startswith(f"{part}."))
    }


def _apply(tables: dict[str, Any], setting: str) -> tuple[str, Any]:
    key, value = parse_setting(setting)
    section, _, parameter = key.partition(".")
    table = _table(tables, section, "--set")
    if parameter in ("", "name"):
        if section in STEPS:
            raise ParameterError(
                f"--set {setting}: [{section}] is no part that could be replaced", fix="set a parameter"
            )
        label = table.get("label")
        table.clear()
        table["name"] = str(value)
        if label is not None:
            table["label"] = label
    else:
        table[parameter] = value
    return key, value


def _table(tables: dict[str, Any], section: str, where: str) -> dict[str, Any]:
    """The table of a part, a step, the first classifier, or the classifier of that label."""
    if section in PARTS or section in STEPS:
        found: dict[str, Any] = tables.setdefault(section, {})
        return found
    classifiers: list[dict[str, Any]] = tables.get("classifiers", [])
    labels = [str(table.get("label", table.get("name"))) for table in classifiers]
    if section in labels:
        return classifiers[labels.index(section)]
    if section in ("classifier", "classifiers") and classifiers:
        return classifiers[0]
    known = [*PARTS, *STEPS, "classifier", *labels]
    near = difflib.get_close_matches(section, known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'? " if near else ""
    raise ParameterError(f"{where}: this pipeline has no part '{section}'", fix=f"{hint}it has: {', '.join(known)}")


def _merge(table: dict[str, Any], values: Mapping[str, Any]) -> None:
    if "name" in values and values["name"] != table.get("name"):
        table.clear()
    table.update(values)
