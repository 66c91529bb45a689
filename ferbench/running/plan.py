"""What one run depends on, resolved and checked before any framework is imported. Imports nothing heavy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferbench.components import discovery
from ferbench.components import pipeline as pipelines
from ferbench.components.pipeline import Component, Pipeline
from ferbench.components.registry import Entry, Registry
from ferbench.components.settings import Settings, parameters_by_component, parse_settings
from ferbench.errors import DataError, ParameterError, StorageError, TransferError
from ferbench.support import data_paths
from ferbench.support.processes import usable_cores


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that one run depends on: ``ferbench.plan`` makes one, ``ferbench.run`` runs it.

    ``data`` is where the dataset's files are, ``out`` the root folder of the results. ``init`` are weights to start
    from (``ferbench.running.start_weights``); with ``allow_overlap`` the run goes on, and the result is marked, even if
    they were trained on images that are tested. ``workers`` processes share the face step; the result is the same for
    any number.
    """

    pipeline: Pipeline
    dataset: Component
    protocol: Component
    data: Path | None
    seed: int
    out: Path
    init: Path | None = None
    allow_overlap: bool = False
    workers: int = 1

    @property
    def components(self) -> list[Component]:
        """All that the run needs."""
        return [self.dataset, self.protocol, *self.pipeline.components]


def plan(
    pipeline: str | Path | Mapping[str, Any],
    *,
    dataset: str,
    data: str | Path | None = None,
    protocol: str | None = None,
    settings: Settings = (),
    seed: int = 0,
    init: str | Path | None = None,
    allow_overlap: bool = False,
    device: str | None = None,
    workers: int | None = None,
    out: str | Path = "runs",
    registry: Registry | None = None,
) -> Plan:
    """A run of ``pipeline`` on ``dataset``: every name, parameter and path checked, nothing built or read.

    Args:
        pipeline: a registered name, the path of a .toml file, or its content as a dict (``components.pipeline``).
        dataset: a registered name.
        data: the dataset's files; by default the path given to ``ferbench data add``.
        protocol: a registered name; by default the dataset's own choice.
        settings: ``{"embedder.epochs": 30, "dataset.subjects": 24}``, or the texts of ``--set``.
        seed: of the split and the training, >= 0.
        init: a bundle or a file of weights from which the embedder starts.
        allow_overlap: run even if ``init`` was trained on test images; the result is marked as optimistic.
        device: for every component that computes on one: "auto", "cpu", "cuda", "cuda:1".
        workers: processes for the face step; by default one per usable core.
        out: root folder of the results.
        registry: where names are looked up; by default what is installed.

    Raises ``UnknownNameError``, ``PipelineError``, ``ParameterError``, ``DataError``, ``TransferError`` or
    ``StorageError``.
    """
    if type(seed) is not int or seed < 0:
        raise ParameterError(f"the seed {seed!r} is not a whole number from 0 on", fix="for example seed=0")
    registry = registry or discovery.installed().registry
    source = registry.get("dataset", dataset)
    changed = parse_settings(settings)
    own = {key: value for key, value in changed.items() if key.startswith(("dataset.", "protocol."))}
    others = {key: value for key, value in changed.items() if key not in own}
    parameters = parameters_by_component(own, ("dataset", "protocol"))
    pipelines.check_early("dataset", {**parameters["dataset"], "name": dataset}, registry)
    if protocol:
        pipelines.check_early("protocol", {**parameters["protocol"], "name": protocol}, registry)
    raw = pipeline if isinstance(pipeline, Mapping) else pipelines.read(str(pipeline), registry)
    data = None if data is None else Path(data).expanduser()
    _check_data(source, data)
    _check_out(Path(out))
    if init is not None and not Path(init).exists():
        raise TransferError(f"there is no {init}", fix="give a bundle of an earlier run, or a file of weights")
    resolved = pipelines.resolve(raw, registry, dataset=dataset, settings=others, device=device)
    samples = pipelines.resolve_component("dataset", dataset, registry, parameters["dataset"])
    chosen = protocol or source.load().default_protocol
    return Plan(
        pipeline=resolved,
        dataset=samples,
        protocol=pipelines.resolve_component("protocol", chosen, registry, parameters["protocol"]),
        data=data,
        seed=seed,
        out=Path(out),
        init=None if init is None else Path(init),
        allow_overlap=allow_overlap,
        workers=workers or usable_cores(),
    )


def _check_data(source: Entry, data: Path | None) -> None:
    path = data or data_paths.remembered_paths().get(source.name)
    if source.generated or (path is not None and path.exists()):
        return
    where = f" from {source.homepage}" if source.homepage else ""
    fix = f"get its files{where} ({source.licence or 'no licence is named'}); then --data PATH, or once and for all: "
    raise DataError(
        f"where the data of {source.name} is is not known" if path is None else f"{source.name}: there is no {path}",
        fix=f"{fix}ferbench data add {source.name} PATH",
    )


def _check_out(out: Path) -> None:
    folder = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        reason = "is not a folder" if not folder.is_dir() else "may not be written to"
        raise StorageError(f"{out} cannot be written: {folder} {reason}", fix="choose another folder: --out DIR")
