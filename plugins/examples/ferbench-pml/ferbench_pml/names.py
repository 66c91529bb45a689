"""What the installed pytorch-metric-learning offers, read from its source: listing must not import it."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

OTHERS = {
    "BaseLossWrapper",
    "BaseMetricLossFunction",
    "BaseMiner",
    "CrossBatchMemory",
    "EmbeddingRegularizerMixin",
    "EmbeddingsAlreadyPackagedAsTriplets",
    "GenericPairLoss",
    "ManifoldLoss",
    "MultipleLosses",
    "SelfSupervisedLoss",
    "ThresholdConsistentMarginLoss",
    "VICRegLoss",
    "WeightRegularizerMixin",
}
"""Bases, wrappers around other losses, what wants pairs of views: no losses of embeddings and labels by themselves."""


def losses() -> list[str]:
    """The names of the loss classes."""
    return _classes("losses")


def miners() -> list[str]:
    """The names of the miner classes."""
    return _classes("miners")


def _classes(package: str) -> list[str]:
    spec = find_spec("pytorch_metric_learning")
    if spec is None or spec.origin is None:
        raise ImportError("pytorch-metric-learning is not installed")
    tree = ast.parse((Path(spec.origin).parent / package / "__init__.py").read_text(encoding="utf-8"))
    found = {alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    return sorted(found - OTHERS)
