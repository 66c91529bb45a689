"""A bundle's ids, labels, subjects and splits against the dataset's manifest, with the protocol that is installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ferbench.bundles import bundle
from ferbench.bundles.bundle import Result
from ferbench.components import discovery, pipeline
from ferbench.components.registry import Registry
from ferbench.data import Predictions, Samples, Strings
from ferbench.errors import FerbenchError, UnknownNameError
from ferbench.interfaces import EvaluationProtocol
from ferbench.verify import manifest
from ferbench.verify.manifest import Manifest


@dataclass
class Comparison:
    """Reasons against a bundle, what it was compared with in a sentence, and whether it is as the manifest says."""

    reasons: list[str] = field(default_factory=list)
    compared: str = ""
    known: bool = False


def compare(folder: Path, result: Result, predictions: Predictions) -> Comparison:
    """Compares all that a manifest knows of. What cannot be compared is said, and is no reason against the bundle,
    unless the bundle has no excuse: the known release's name and parameters with another fingerprint."""
    registry, name = discovery.installed().registry, result.dataset["name"]
    protocol, reasons = _protocol(result, registry)
    try:
        known = manifest.of(registry.get("dataset", name))
    except UnknownNameError:
        known = None
    reasons += _disguise(result, registry)
    if reasons:
        return Comparison(reasons)
    if known is None:
        return Comparison(compared=f"there is no manifest of {name}: ids and labels not checked")
    if result.dataset["parameters"] != known.facts.parameters:
        return Comparison(compared=f"the manifest of {name} is for other parameters: ids and labels not checked")
    if protocol is None:
        said = f"protocol '{result.protocol['name']}' is not installed here: ids and labels not checked"
        return Comparison(compared=said)
    against = [f"{folder}: {one}" for one in _against(folder, result, predictions, known, protocol)]
    if result.dataset["fingerprint"] == known.facts.fingerprint:
        return Comparison(against, f"ids, labels and splits compared with the manifest of {name}", not against)
    if not (known.facts.differs or manifest.another_copy(result.notes)):
        return Comparison([f"{folder}: the dataset's fingerprint is not that of {name}, and no note says why"])
    if against:
        return Comparison(compared=f"unknown copy of {name}: ids and labels not checked")
    return Comparison(compared=f"another copy of {name}, with the ids, labels and splits of its manifest", known=True)


def _disguise(result: Result, registry: Registry) -> Iterator[str]:
    """A known dataset's content under another name, or with other parameters, so that nothing would be compared."""
    stated = result.dataset
    for entry in (one for one in registry if one.kind == "dataset"):
        facts = manifest.facts_of(entry)
        if facts is None or facts.fingerprint != stated["fingerprint"]:
            continue
        if (entry.name, facts.parameters) != (stated["name"], stated["parameters"]):
            yield f"the dataset's fingerprint is that of {entry.name}, with other parameters or by another name"


def _protocol(result: Result, registry: Registry) -> tuple[EvaluationProtocol | None, list[str]]:
    """The installed protocol that the result names, or ``None`` if its distribution is not here; reasons against it."""
    facts = result.protocol
    owner = facts["distribution"].split(" ")[0]
    if {"name", "label"} & set(facts["parameters"]):
        return None, ["a parameter of the protocol cannot be called name or label"]
    try:
        part = pipeline.resolve_component("protocol", facts["name"], registry, facts["parameters"])
        protocol: EvaluationProtocol = part.build()
    except UnknownNameError:
        installed = any(entry.distribution == owner for entry in registry)
        return None, [f"{owner} has no protocol '{facts['name']}'"] if installed else []
    except FerbenchError as error:
        return None, [error.what]
    if part.entry.distribution != owner:
        return None, [f"protocol '{facts['name']}' is of {part.entry.distribution}, not of {owner}"]
    if protocol.selection != facts["selection"]:
        return None, [f"the protocol selects on {protocol.selection}, the result says {facts['selection']}"]
    if protocol.selection == "test" and not facts["optimistic"]:
        return None, ["the epoch is chosen on the scored set, and the result does not say that it is optimistic"]
    return protocol, []


def _against(
    folder: Path, result: Result, predictions: Predictions, known: Manifest, protocol: EvaluationProtocol
) -> Iterator[str]:
    """What differs from the manifest, and from the splits that it gives."""
    samples = known.samples
    if tuple(result.classes) != samples.classes:
        yield f"the classes are {result.classes}, not {list(samples.classes)}"
        return
    counts = np.bincount(samples.labels, minlength=len(samples.classes)).tolist()
    if list(result.dataset["counts"].values()) != counts:
        yield f"dataset.counts are not the dataset's: {dict(zip(samples.classes, counts, strict=True))}"
    order = np.argsort(samples.ids)
    place = np.searchsorted(samples.ids, predictions.ids, sorter=order).clip(max=len(order) - 1)
    rows = order[place]
    strange = samples.ids[rows] != predictions.ids
    if strange.any():
        yield f"{int(strange.sum()):,} ids are not of this dataset, such as {predictions.ids[strange][0]}"
        return
    wrong = samples.labels[rows] != predictions.labels
    if wrong.any():
        row = int(wrong.argmax())
        stated, true = (samples.classes[code[row]] for code in (predictions.labels, samples.labels[rows]))
        yield f"{int(wrong.sum()):,} true labels are altered, such as {predictions.ids[row]}: {stated}, it is {true}"
    if samples.subjects is not None:
        yield from _subjects(folder, predictions.ids, samples.subjects[rows])
    yield from _splits(result, predictions, samples, protocol)


def _subjects(folder: Path, ids: Strings, subjects: Strings) -> Iterator[str]:
    stated = bundle.read_subjects(folder)
    if stated is not None:
        wrong = [one for one, who in zip(ids.tolist(), subjects.tolist(), strict=True) if stated.get(one) != who]
        if wrong:
            yield f"subjects.csv names other subjects than the dataset for {len(wrong):,} images, such as {wrong[0]}"


def _splits(result: Result, predictions: Predictions, samples: Samples, protocol: EvaluationProtocol) -> Iterator[str]:
    """The splits of this protocol, its parameters and the seed, computed anew."""
    try:
        splits = protocol.splits(samples, result.seed)
        optimistic = protocol.why_optimistic(samples)
    except FerbenchError as error:
        yield f"the splits cannot be computed: {error.what}"
        return
    if bool(optimistic) != bool(result.protocol["optimistic"]):
        yield f"the protocol's scores are optimistic ({optimistic}), the result says {result.protocol['optimistic']}"
    stated = {split["split"]: split for split in result.splits}
    if list(stated) != [split.name for split in splits]:
        yield f"the splits are {list(stated)}, the protocol's are {[split.name for split in splits]}"
        return
    for split in splits:
        facts, tested = stated[split.name], predictions.ids[predictions.splits == split.name]
        if facts["digest"] != split.digest(samples.ids):
            yield f"split '{split.name}' has another digest than the protocol gives for seed {result.seed}"
        if set(tested.tolist()) != set(samples.ids[split.test].tolist()):
            yield f"split '{split.name}' does not test the images that the protocol gives for seed {result.seed}"
        for side in ("train", "validation", "test"):
            if facts[side] != len(getattr(split, side)):
                yield f"split '{split.name}' has {len(getattr(split, side)):,} images in {side}, not {facts[side]:,}"
