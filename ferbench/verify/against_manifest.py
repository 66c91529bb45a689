"""A bundle's ids, labels, subjects and splits against the dataset's manifest, with the protocol that is installed."""

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
from ferbench.verify import manifest as manifests


@dataclass
class ManifestCheck:
    """Reasons against a bundle, a ``sentence`` on what it was compared with, and whether it ``matches`` a manifest."""

    reasons: list[str] = field(default_factory=list)
    sentence: str = ""
    matches: bool = False


def compare(folder: Path, result: Result, predictions: Predictions) -> ManifestCheck:
    """Compares everything that a manifest holds.

    What cannot be compared is reported, and is not a reason against the bundle unless the bundle has no excuse: the
    known release's name and parameters with another fingerprint.
    """
    registry = discovery.installed().registry
    name = result.dataset["name"]
    protocol, reasons = _installed_protocol(result, registry)
    reasons += _disguises(result, registry)
    if reasons:
        return ManifestCheck(reasons)
    try:
        manifest = manifests.load_manifest(registry.get("dataset", name))
    except UnknownNameError:
        manifest = None
    except FerbenchError as error:  # two plugins with a dataset of that name, or a broken manifest
        return ManifestCheck([error.what])
    if manifest is None:
        return ManifestCheck(sentence=f"there is no manifest of {name}: ids and labels not checked")
    if result.dataset["parameters"] != manifest.facts.parameters:
        return ManifestCheck(sentence=f"the manifest of {name} is for other parameters: ids and labels not checked")
    if protocol is None:
        sentence = f"protocol '{result.protocol['name']}' is not installed here: ids and labels not checked"
        return ManifestCheck(sentence=sentence)
    differences = [f"{folder}: {one}" for one in _differences(folder, result, predictions, manifest.samples, protocol)]
    if result.dataset["fingerprint"] == manifest.facts.fingerprint:
        sentence = f"ids, labels and splits compared with the manifest of {name}"
        return ManifestCheck(differences, sentence, matches=not differences)
    if not manifest.facts.differs and result.dataset["release"] == "known":
        reason = f"{folder}: the dataset's fingerprint is not that of {name}, but its release is called the known one"
        return ManifestCheck([reason])
    if differences:
        return ManifestCheck(sentence=f"unknown copy of {name}: ids and labels not checked")
    sentence = f"another copy of {name}, with the ids, labels and splits of its manifest"
    return ManifestCheck(sentence=sentence, matches=True)


def _disguises(result: Result, registry: Registry) -> Iterator[str]:
    """A known dataset's content under another name, or with other parameters, so that nothing would be compared."""
    dataset = result.dataset
    for entry in registry:
        facts = manifests.load_facts(entry) if entry.kind == "dataset" else None
        if facts is None or facts.fingerprint != dataset["fingerprint"]:
            continue
        if (entry.name, facts.parameters) != (dataset["name"], dataset["parameters"]):
            yield f"the dataset's fingerprint is that of {entry.name}, with other parameters or by another name"


def _installed_protocol(result: Result, registry: Registry) -> tuple[EvaluationProtocol | None, list[str]]:
    """The protocol that the result names, or ``None`` if its distribution is not installed; reasons against it."""
    facts = result.protocol
    owner = facts["distribution"].split(" ")[0]
    if {"name", "label"} & set(facts["parameters"]):
        return None, ["a parameter of the protocol cannot be called name or label"]
    try:
        component = pipeline.resolve_component("protocol", facts["name"], registry, facts["parameters"])
        protocol: EvaluationProtocol = component.build()
    except UnknownNameError:
        installed = any(entry.distribution == owner for entry in registry)
        return None, [f"{owner} has no protocol '{facts['name']}'"] if installed else []
    except FerbenchError as error:
        return None, [error.what]
    if component.entry.distribution != owner:
        return None, [f"protocol '{facts['name']}' is of {component.entry.distribution}, not of {owner}"]
    if protocol.selection != facts["selection"]:
        return None, [f"the protocol selects on {protocol.selection}, the result says {facts['selection']}"]
    if protocol.selection == "test" and not facts["optimistic"]:
        return None, ["the epoch is chosen on the scored set, and the result does not say that it is optimistic"]
    return protocol, []


def _differences(
    folder: Path, result: Result, predictions: Predictions, samples: Samples, protocol: EvaluationProtocol
) -> Iterator[str]:
    """What differs from the manifest's ``samples``, and from the splits that they give."""
    if tuple(result.classes) != samples.classes:
        yield f"the classes are {result.classes}, not {list(samples.classes)}"
        return
    counts = np.bincount(samples.labels, minlength=len(samples.classes)).tolist()
    if list(result.dataset["counts"].values()) != counts:
        yield f"dataset.counts are not the dataset's: {dict(zip(samples.classes, counts, strict=True))}"
    order = np.argsort(samples.ids)
    position = np.searchsorted(samples.ids, predictions.ids, sorter=order).clip(max=len(order) - 1)
    rows = order[position]
    unknown = samples.ids[rows] != predictions.ids
    if unknown.any():
        yield f"{int(unknown.sum()):,} ids are not of this dataset, such as {predictions.ids[unknown][0]}"
        return
    altered = samples.labels[rows] != predictions.labels
    if altered.any():
        row = int(altered.argmax())
        stated = samples.classes[predictions.labels[row]]
        true = samples.classes[samples.labels[rows[row]]]
        yield (
            f"{int(altered.sum()):,} true labels are altered, such as {predictions.ids[row]}: {stated}, it is {true}"
        )
    if samples.subjects is not None:
        yield from _subjects(folder, predictions.ids, samples.subjects[rows])
    yield from _splits(result, predictions, samples, protocol)


def _subjects(folder: Path, ids: Strings, subjects: Strings) -> Iterator[str]:
    stated = bundle.read_subjects(folder)
    if stated is None:
        return
    pairs = zip(ids.tolist(), subjects.tolist(), strict=True)
    wrong = [sample for sample, subject in pairs if stated.get(sample) != subject]
    if wrong:
        yield f"subjects.csv names other subjects than the dataset for {len(wrong):,} images, such as {wrong[0]}"


def _splits(result: Result, predictions: Predictions, samples: Samples, protocol: EvaluationProtocol) -> Iterator[str]:
    """Differences from the splits that this protocol gives with its parameters and the seed."""
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
        facts = stated[split.name]
        tested = predictions.ids[predictions.splits == split.name]
        if facts["digest"] != split.digest(samples.ids):
            yield f"split '{split.name}' has another digest than the protocol gives for seed {result.seed}"
        if set(tested.tolist()) != set(samples.ids[split.test].tolist()):
            yield f"split '{split.name}' does not test the images that the protocol gives for seed {result.seed}"
        for side in ("train", "validation", "test"):
            if facts[side] != len(getattr(split, side)):
                yield f"split '{split.name}' has {len(getattr(split, side)):,} images in {side}, not {facts[side]:,}"
