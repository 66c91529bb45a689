"""A bundle run again: its settings as data, its parts only those that are installed here.

The bundle may be anybody's. Names are looked up in the registry, parameters go through the parts' signatures, and a
text that could be a path is refused, so that no file is opened that the bundle names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ferbench import __version__
from ferbench.bundles import bundle, files
from ferbench.bundles.bundle import Result
from ferbench.components import pipeline, signature
from ferbench.components.pipeline import Component, Pipeline
from ferbench.components.registry import Entry, Registry
from ferbench.errors import BundleError, DataError, UnknownNameError
from ferbench.interfaces import Detector
from ferbench.running import run
from ferbench.support import data_paths
from ferbench.support.atomic import write_json
from ferbench.support.progress import Reporter
from ferbench.verify import agreement
from ferbench.verify.agreement import Agreement
from ferbench.verify.verify import verified


def no_detector() -> Detector:
    """Stands where the bundle's run had no detector, as its dataset shipped crops or boxes. Raises ``DataError``."""
    raise DataError(
        "the bundle's dataset shipped face crops or boxes, this copy of it does not",
        fix="bring the copy of the dataset that the bundle was made of",
    )


NONE = Component(
    Entry(
        "none", "ferbench.running.rerun:no_detector", "nothing to detect", distribution="ferbench", version=__version__
    ),
    {},
    "none",
)


@dataclass(frozen=True)
class Rerun:
    """What came of it: the new bundle, and how each classifier agrees."""

    folder: Path
    agreements: list[Agreement]

    @property
    def holds(self) -> bool:
        return all(one.holds for one in self.agreements)


def plan(
    folder: Path, registry: Registry, *, data: Path | None, out: Path, init: Path | None, workers: int
) -> tuple[Result, run.Plan]:
    """The verified result of ``folder``, and the plan of the same run.

    Raises ``BundleError`` if it cannot be believed or run again, and the registry's and the parameters' errors.
    """
    result = verified(folder)
    if folder.resolve().is_relative_to(out.resolve()):
        raise BundleError(f"{folder} lies in {out}, where the new run goes", fix="--out another folder")
    if (result.transfer is None) != (init is None):
        needs = "starts from an earlier run's weights" if init is None else "starts from no earlier weights"
        raise BundleError(f"{folder} {needs}", fix="--init BUNDLE" if init is None else "leave out --init")
    part = {
        kind: _part(kind, facts, registry)
        for kind, facts in (("dataset", result.dataset), ("protocol", result.protocol))
    }
    restored = restore(result.pipeline, registry)
    return result, run.Plan(restored, part["dataset"], part["protocol"], data, result.seed, out, init, False, workers)


def restore(described: Mapping[str, Any], registry: Registry) -> Pipeline:
    """The pipeline that ``Pipeline.to_dict`` gave, of installed parts. Raises as ``plan`` does."""
    parts = {kind: described[kind] and _part(kind, described[kind], registry) for kind in pipeline.PARTS}
    classifiers = [_part("classifier", one, registry, label) for label, one in described["classifiers"].items()]
    steps = {
        name: step(**signature.checked_parameters(step, _no_paths(described[name]), f"section [{name}]"))
        for name, step in pipeline.STEPS.items()
    }
    pipeline.check_monitored(steps["monitor"], [one.label for one in classifiers])
    return Pipeline(
        name=described["name"],
        texts=dict.fromkeys(pipeline.TEXTS, ""),
        detector=parts["detector"] or NONE,
        faces=steps["faces"],
        embedder=parts["embedder"],
        loss=parts["loss"],
        sampler=parts["sampler"],
        classifiers=tuple(classifiers),
        monitor=steps["monitor"],
        changed=dict(described["changed"]),
    )


def rerun(folder: Path, result: Result, again: run.Plan, reporter: Reporter, *, unfinished: run.Unfinished) -> Rerun:
    """Runs the plan and compares. Raises the errors of a run, and ``BundleError`` if the data are others."""
    name = again.dataset.entry.name
    samples = data_paths.load(again.dataset.build(), name, again.data)
    if samples.fingerprint != result.dataset["fingerprint"]:
        raise BundleError(
            f"this copy of {name} has another fingerprint than the bundle's ({result.dataset['fingerprint'][:12]})",
            fix="bring the copy of the dataset that the bundle was made of: --data PATH",
        )
    for difference in versions(result):
        reporter.warn(difference)
    fresh = run.run(again, reporter, unfinished=unfinished)
    return Rerun(fresh, agreement.between(folder, result, fresh, bundle.read(fresh)))


def versions(result: Result) -> list[str]:
    """Which distributions differ between the bundle's environment and this one, in a sentence each."""
    here = run.environment(result.model_dump())["distributions"]
    return [
        f"{name} is {here[name]} here, the bundle was made with {stated}"
        for name, stated in result.environment["distributions"].items()
        if name in here and here[name] != stated
    ]


def promote(folder: Path, result: Result, done: Rerun) -> None:
    """Notes in the bundle that it was reproduced, atomically. Raises ``StorageError``."""
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "versions": bundle.read(done.folder).environment["distributions"],
        "accuracy": {one.label: one.accuracy for one in done.agreements},
        "same": {one.label: one.same for one in done.agreements},
    }
    write_json(folder / files.RESULT, {**result.model_dump(mode="json"), "tier": "reproduced", "rerun": facts})
    verified(folder)


def _part(kind: str, described: Mapping[str, Any], registry: Registry, label: str | None = None) -> Component:
    given = _no_paths(described["parameters"])
    if {"name", "label"} & set(given):
        raise BundleError(f"a parameter of the {kind} cannot be called name or label", fix="refuse the bundle")
    try:
        part = pipeline.resolve_component(
            kind, described["name"], registry, {**given, **({"label": label} if label else {})}
        )
    except UnknownNameError as error:
        what = f"{error.what} here; the bundle has it of {described['distribution']}"
        raise UnknownNameError(what, fix=error.fix) from error
    owner = described["distribution"].split(" ")[0]
    if part.entry.distribution != owner:
        raise BundleError(
            f"{kind} '{described['name']}' is of {part.entry.distribution} here, the bundle's is of {owner}",
            fix=f"use an environment with {owner}",
        )
    return part


def _no_paths(values: Any) -> Any:
    """``values``, if no text among them could be a file's path. Raises ``BundleError``."""
    if isinstance(values, dict | list):
        for inner in values.values() if isinstance(values, dict) else values:
            _no_paths(inner)
    elif isinstance(values, str) and ("/" in values or "\\" in values or Path(values).exists()):
        raise BundleError(f"a parameter is a path or an address: {values}", fix="rerun takes no files from a bundle")
    return values
