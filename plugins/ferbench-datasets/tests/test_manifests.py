"""The manifests that this plugin publishes fit the datasets that it reads."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferbench.components import discovery, pipeline
from ferbench.verify import manifest
from ferbench_datasets.synthfaces.dataset import SynthFaces

SHARED = Path(__file__).parents[4] / "shared"
KEPT = {"fer2013": 35_887, "ferplus": 31_412, "synthfaces": 3_640}


def known(name: str) -> Any:
    return manifest.load_manifest(discovery.installed().registry.get("dataset", name))


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_manifest_is_whole(name: str) -> None:
    found = known(name)
    part = pipeline.resolve_component("dataset", name, discovery.installed().registry)
    assert len(found.samples) == KEPT[name]
    assert found.facts.parameters == part.parameters
    assert all(len(one) == manifest.HASH_DIGITS for one in found.hashes.tolist())


def test_the_manifest_of_synthfaces_is_stale_when_the_drawing_changes() -> None:
    found = known("synthfaces")
    assert found.facts.fingerprint == SynthFaces()._fingerprint()
    samples = SynthFaces(subjects=2).load(None)  # the first two of all the people
    for name in ("ids", "labels", "subjects", "clips"):
        assert np.array_equal(getattr(found.samples, name)[: len(samples)], getattr(samples, name))
    assert found.samples.partitions is None
    for row in range(0, len(samples), 11):
        assert found.hashes[row] == manifest.pixels_hash(samples, row)


def test_ferplus_and_fer2013_mean_the_same_images() -> None:
    original, voted = known("fer2013"), known("ferplus")
    of = dict(zip(original.samples.ids.tolist(), original.hashes.tolist(), strict=True))
    assert [of[name] for name in voted.samples.ids.tolist()] == voted.hashes.tolist()


def test_fer2013s_hashes_are_of_its_pixels() -> None:
    file = SHARED / "data" / "fer2013" / "fer2013.npz"
    if not file.exists():
        pytest.skip(f"there is no {file}")
    with np.load(file) as arrays:
        pixels, labels = arrays["pix"], arrays["lab"]
    found = known("fer2013")
    assert np.array_equal(found.samples.labels, labels)
    for row in range(0, len(pixels), 997):
        content = b"(48, 48)" + pixels[row].tobytes()
        assert hashlib.sha256(content).hexdigest()[: manifest.HASH_DIGITS] == found.hashes[row]
