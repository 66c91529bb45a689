"""The embedder that a run keeps, read back through the registry; its weights are checked first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench.bundles.bundle import Result
from ferbench.components import signature
from ferbench.components.pipeline import Component, resolve_component
from ferbench.components.registry import Registry
from ferbench.errors import ModelError
from ferbench.interfaces import Embedder, Trainable
from ferbench.running import start_weights


def read_embedder(folder: Path, result: Result, split: str, registry: Registry, device: str | None = None) -> Embedder:
    """The embedder of a bundle's split, as it was after its training; on another ``device`` if there is one.

    Raises ``ModelError`` if its weights were not kept, ``TransferError`` if they were altered.
    """
    component = kept_component("embedder", result.pipeline["embedder"], registry, device)
    embedder: Embedder = component.build()
    if not isinstance(embedder, Trainable):
        return embedder
    weights = folder / "model" / split
    if not (weights / start_weights.RECORD).exists():
        raise without_model(folder, result)
    return embedder.load(start_weights.find(weights, component.entry.name).path)


def kept_component(kind: str, described: Mapping[str, Any], registry: Registry, device: str | None = None) -> Component:
    """A component as a result describes it, on another ``device`` if there is one and it computes on one."""
    parameters = dict(described["parameters"])
    factory = registry.get(kind, described["name"]).load()
    accepted = signature.signature_of(factory, f"{kind} '{described['name']}'")
    if device and any(parameter.name == "device" for parameter in accepted):
        parameters["device"] = device
    return resolve_component(kind, described["name"], registry, parameters)


def without_model(folder: Path, result: Result) -> ModelError:
    """The error for a bundle whose model was not kept."""
    command = f"ferbench run --pipeline {result.pipeline['name']} --dataset {result.dataset['name']}"
    return ModelError(
        f"{folder} is a bundle without a model: its model/ was not kept",
        fix=f"make one, and give the folder that it prints: {command} --protocol {result.protocol['name']} "
        f"--seed {result.seed}",
    )
