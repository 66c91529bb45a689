"""Manifests: the facts of a dataset's samples without its files, so that results can be checked on any machine.

A manifest is a CSV (id, label, part, subject, clip, sha256; without the columns that the dataset does not have) and,
next to it, a JSON of the same name: the dataset's parameters, classes and fingerprint. ``sha256`` is the beginning of
a hash over the pixels, by which a person can check that an image is the one that is meant.

Licence: a manifest holds file names or row numbers, class names and hashes; no pixels, and nothing from which pixels
could be reconstructed. FER2013's ids are row numbers of a public competition, FER+'s labels are published under the
MIT licence, drawn faces are our own. For datasets that only their owners hand out, on terms that cover the annotations
too (AffectNet, RAF-DB, MMI, CK+, JAFFE), there is no manifest, and a result's check reports what was not compared.
"""

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from ferbench.bundles.csv_table import to_csv
from ferbench.components.pipeline import Component
from ferbench.components.registry import Entry
from ferbench.data import Images, Samples, Strings
from ferbench.errors import DataError, PluginError

GROUPS = {"part": "partitions", "subject": "subjects", "clip": "clips"}
"""Columns, and the fields of ``Samples`` that they hold."""
HASH_DIGITS = 16


class ManifestFacts(BaseModel, extra="forbid", frozen=True):
    """The JSON next to the CSV. ``differs`` says how the copy it was made from differs from the release, if it does."""

    parameters: dict[str, Any]
    classes: tuple[str, ...]
    fingerprint: str
    differs: str = ""


@dataclass(frozen=True)
class Manifest:
    """A dataset's samples without pixels, and ``hashes`` [N], the first hex digits of each sample's."""

    facts: ManifestFacts
    samples: Samples
    hashes: Strings


class NoImages:
    """Stands for the pixels of a manifest's samples, of which there are none."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> Images:
        """Raises ``DataError``."""
        raise DataError("a manifest has no pixels", fix="use the dataset's files")


@cache  # read once for many bundles; an entry never changes
def load_facts(entry: Entry) -> ManifestFacts | None:
    """The facts of a dataset's manifest, ``None`` if it has none. Raises ``PluginError``."""
    if not entry.manifest:
        return None
    try:
        return ManifestFacts.model_validate_json(entry.text(entry.manifest.removesuffix(".csv") + ".json"))
    except ValidationError as error:
        raise _broken(entry, error) from error


@cache
def load_manifest(entry: Entry) -> Manifest | None:
    """The manifest of a dataset's entry, ``None`` if it has none. Raises ``PluginError``."""
    facts = load_facts(entry)
    if facts is None:
        return None
    try:
        return _read(facts, entry.text(entry.manifest))
    except (ValueError, KeyError, csv.Error) as error:
        raise _broken(entry, error) from error


def make(
    component: Component, samples: Samples, differs: str, progress: Callable[[int, int, str], None]
) -> tuple[ManifestFacts, str]:
    """The facts and the CSV of ``samples``; reads every image once.

    ``differs`` says how they differ from the release; by default the dataset's notes do, where they are not the known
    release.
    """
    if not differs and samples.release != "known":
        differs = "; ".join(samples.notes)
    facts = ManifestFacts(
        parameters=component.parameters, classes=samples.classes, fingerprint=samples.fingerprint, differs=differs
    )
    groups = {name: getattr(samples, field) for name, field in GROUPS.items()}
    groups = {name: values.tolist() for name, values in groups.items() if values is not None}
    rows = [["id", "label", *groups, "sha256"]]
    for row, name in enumerate(samples.ids.tolist()):
        label = samples.classes[samples.labels[row]]
        rows.append([name, label, *(values[row] for values in groups.values()), pixels_hash(samples, row)])
        progress(row + 1, len(samples), "images")
    return facts, to_csv(rows)


def pixels_hash(samples: Samples, row: int) -> str:
    """The first hex digits of the SHA-256 over an image's shape and pixels."""
    pixels = samples.images.read(row)
    return hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest()[:HASH_DIGITS]


def _broken(entry: Entry, error: Exception) -> PluginError:
    return PluginError(
        f"the manifest {entry.manifest} of {entry.distribution} is broken: {error}",
        fix=f"make it again: ferbench data manifest {entry.name}",
    )


def _read(facts: ManifestFacts, text: str) -> Manifest:
    header, *rows = csv.reader(text.splitlines(), strict=True)
    columns = dict(zip(header, zip(*rows, strict=True), strict=True))
    codes = {name: code for code, name in enumerate(facts.classes)}
    groups = {name: np.array(columns[name]) for name in GROUPS if name in columns}
    samples = Samples(
        ids=np.array(columns["id"]),
        labels=np.array([codes[name] for name in columns["label"]], np.int64),
        classes=facts.classes,
        images=NoImages(len(rows)),
        fingerprint=facts.fingerprint,
        partitions=groups.get("part"),
        subjects=groups.get("subject"),
        clips=groups.get("clip"),
    )
    return Manifest(facts, samples, np.array(columns["sha256"]))
