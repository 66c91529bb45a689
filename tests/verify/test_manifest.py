"""Manifests: made, read once, and fit to what they were made of."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from ferbench.errors import DataError, PluginError
from ferbench.verify import manifest
from tests.conftest import TOY

Call = Callable[..., Result]


def test_a_manifest_is_made_and_is_the_one_that_is_kept(call: Call, tmp_path: Path) -> None:
    ran = call("data", "manifest", "toy", "--out", tmp_path / "toy.csv")
    assert "140 samples of 7 classes" in ran.stdout
    for name in ("toy.csv", "toy.json"):
        assert (tmp_path / name).read_text() == (TOY / "ferbench_toy_parts" / name).read_text()


def test_columns_that_a_dataset_lacks_are_absent(call: Call, tmp_path: Path) -> None:
    words = ("--set", "dataset.partitions=true", "--set", "dataset.named=false", "--differs", "drawn again")
    call("data", "manifest", "toy", *words, "--out", tmp_path / "toy.csv")
    with (tmp_path / "toy.csv").open(encoding="utf-8") as file:
        header, first, *_ = csv.reader(file)
    assert header == ["id", "label", "part", "sha256"]
    assert first[:3] == ["p00-angry", "angry", "train"]
    assert json.loads((tmp_path / "toy.json").read_text())["differs"] == "drawn again"


def test_a_manifest_gives_samples_without_pixels(registry: Any) -> None:
    entry = registry.get("dataset", "toy")
    found = manifest.load_manifest(entry)
    samples = entry.load()().load(None)
    assert found is manifest.load_manifest(entry)  # read once
    for name in ("ids", "labels", "subjects"):
        assert np.array_equal(getattr(found.samples, name), getattr(samples, name))
    assert found.samples.partitions is None
    assert found.hashes[7] == manifest.pixels_hash(samples, 7)
    with pytest.raises(DataError, match="no pixels"):
        found.samples.images.read(0)


def test_a_broken_manifest_names_its_distribution(registry: Any) -> None:
    entry = replace(registry.get("dataset", "toy"), manifest="ferbench_toy_parts:toy.toml")
    with pytest.raises(PluginError, match="ferbench-toy"):
        manifest.load_manifest(entry)
    assert manifest.load_manifest(replace(entry, manifest="")) is None
