"""The ten hooks: everything that a plugin can add.

A plugin is a distribution with an entry point in the group ``ferbench`` that names a module. The module implements any
of these with ``@ferbench.hookimpl`` and returns entries; each names its component as a lazy ``"module:attribute"``, so
that declaring a component imports neither it nor its framework. ``ferbench.interfaces`` says what a component must do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from ferbench.components.registry import Entry

hookspec = pluggy.HookspecMarker("ferbench")
hookimpl = pluggy.HookimplMarker("ferbench")


@hookspec
def register_datasets() -> Iterable[Entry]:
    """Datasets: targets give a ``Dataset``, which turns the owner's files into ``Samples``."""
    return ()


@hookspec
def register_protocols() -> Iterable[Entry]:
    """Protocols: targets give an ``EvaluationProtocol``, which says which samples may be used for what."""
    return ()


@hookspec
def register_detectors() -> Iterable[Entry]:
    """Detectors: targets give a ``Detector``, from an image uint8 [H, W, 3] to faces with boxes in pixels."""
    return ()


@hookspec
def register_scenes() -> Iterable[Entry]:
    """Scenes: targets give a ``SceneSet``: pictures with several annotated faces, on which detectors are scored."""
    return ()


@hookspec
def register_embedders() -> Iterable[Entry]:
    """Embedders: targets give an ``Embedder``, from crops uint8 [N, S, S] to embeddings float32 [N, D]."""
    return ()


@hookspec
def register_losses() -> Iterable[Entry]:
    """Losses: targets give a ``Loss``, from embeddings [B, D] and labels [B] to a scalar with a gradient."""
    return ()


@hookspec
def register_samplers() -> Iterable[Entry]:
    """Samplers: targets give a ``Sampler``, from labels int64 [N] to batches of indices."""
    return ()


@hookspec
def register_classifiers() -> Iterable[Entry]:
    """Classifiers: targets give a scikit-learn classifier, from embeddings [N, D] to labels."""
    return ()


@hookspec
def register_pipelines() -> Iterable[Entry]:
    """Pipelines: targets are ``"package:file.toml"``, a list of named components with their parameters."""
    return ()


@hookspec
def register_tables() -> Iterable[Entry]:
    """Tables of a paper: targets are ``"package:file.toml"``, published rows and the runs that reproduce them."""
    return ()
