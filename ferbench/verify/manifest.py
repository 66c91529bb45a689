"""Manifests: what is known of a dataset's samples without its files, so that a result's ids, labels and splits can be
checked anywhere.

A manifest is a CSV (id, label, part, subject, clip, sha256; without the columns that the dataset does not have) and,
beside it, a JSON of the same name: the dataset's parameters, classes and fingerprint. ``sha256`` is the beginning of a
hash over the pixels, by which a person can tell whether an image is the one that is meant.

Licence: a manifest holds file names or row numbers, class names and hashes; no pixel, and nothing that one could be
made of. FER2013's ids are row numbers of a public competition, FER+'s labels are published under the MIT licence, drawn
faces are our own. Of a dataset that only its owners hand out, on terms that speak of its annotations too (AffectNet,
RAF-DB, MMI, CK+, JAFFE), there is no manifest, and a result's check says what was not compared.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from ferbench.components.pipeline import Component
from ferbench.components.registry import Entry
from ferbench.data import Images, Samples, Strings
from ferbench.errors import DataError, PluginError

GROUPS = {"part": "partitions", "subject": "subjects", "clip": "clips"}
"""Columns, and the fields of ``Samples`` that they hold."""
DIGITS = 16
COPIES = ("partial copy", "altered copy", "differs from the official counts", "the fingerprint is another")
"""What ``Samples.notes`` say of a copy that is not the known release."""


class Facts(BaseModel):
    """The JSON beside the CSV. ``differs`` says how the copy that it was made of is not the release, or nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameters: dict[str, Any]
    classes: tuple[str, ...]
    fingerprint: str
    differs: str = ""


@dataclass(frozen=True)
class Manifest:
    """A dataset's samples without pixels, ``hashes`` of which are the first hex digits a sample."""

    facts: Facts
    samples: Samples
    hashes: Strings


class NoImages:
    """The pixels of a manifest's samples: there are none."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> Images:
        """Raises ``DataError``."""
        raise DataError("a manifest has no pixels", fix="bring the dataset's files")


@cache  # read once for many bundles; an entry never changes
def facts_of(entry: Entry) -> Facts | None:
    """The facts of a dataset's manifest, ``None`` if it has none. Raises ``PluginError``."""
    if not entry.manifest:
        return None
    try:
        return Facts.model_validate_json(entry.text(entry.manifest.removesuffix(".csv") + ".json"))
    except ValidationError as error:
        raise _broken(entry, error) from error


@cache
def of(entry: Entry) -> Manifest | None:
    """The manifest of a dataset's entry, ``None`` if it has none. Raises ``PluginError``."""
    facts = facts_of(entry)
    if facts is None:
        return None
    try:
        return _read(facts, entry.text(entry.manifest))
    except (ValueError, KeyError) as error:
        raise _broken(entry, error) from error


def another_copy(notes: Sequence[str]) -> str:
    """The first of a dataset's ``notes`` that says that a copy is not the known release, or nothing."""
    return next((note for note in notes if any(words in note for words in COPIES)), "")


def make(
    part: Component, samples: Samples, differs: str, progress: Callable[[int, int, str], None]
) -> tuple[Facts, str]:
    """The facts and the CSV of ``samples``, every image read once. ``differs``: how they are not the release."""
    facts = Facts(
        parameters=part.parameters,
        classes=samples.classes,
        fingerprint=samples.fingerprint,
        differs=differs or another_copy(samples.notes),
    )
    groups = {name: getattr(samples, field) for name, field in GROUPS.items()}
    groups = {name: values.tolist() for name, values in groups.items() if values is not None}
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["id", "label", *groups, "sha256"])
    for row, name in enumerate(samples.ids.tolist()):
        label = samples.classes[samples.labels[row]]
        writer.writerow([name, label, *(values[row] for values in groups.values()), pixels_hash(samples, row)])
        progress(row + 1, len(samples), "images")
    return facts, buffer.getvalue()


def pixels_hash(samples: Samples, row: int) -> str:
    """The first hex digits of the SHA-256 over an image's shape and pixels."""
    pixels = samples.images.read(row)
    return hashlib.sha256(str(pixels.shape).encode() + pixels.tobytes()).hexdigest()[:DIGITS]


def _broken(entry: Entry, error: Exception) -> PluginError:
    return PluginError(
        f"the manifest {entry.manifest} of {entry.distribution} is broken: {error}",
        fix=f"make it anew: ferbench data manifest {entry.name}",
    )


def _read(facts: Facts, text: str) -> Manifest:
    table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, na_filter=False)
    codes = {name: code for code, name in enumerate(facts.classes)}
    groups = {name: table[name].to_numpy(np.str_) for name in GROUPS if name in table.columns}
    samples = Samples(
        ids=table["id"].to_numpy(np.str_),
        labels=np.array([codes[name] for name in table["label"].tolist()], np.int64),
        classes=facts.classes,
        images=NoImages(len(table)),
        fingerprint=facts.fingerprint,
        partitions=groups.get("part"),
        subjects=groups.get("subject"),
        clips=groups.get("clip"),
    )
    return Manifest(facts, samples, table["sha256"].to_numpy(np.str_))
