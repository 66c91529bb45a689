"""A bundle run again: its settings are data, its components only those that are installed here.

The bundle may be anybody's. Names are looked up in the registry, parameters are checked against signatures, and a
text that could be a path is refused, so that no file that the bundle names is opened.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ferbench.bundles import bundle, files
from ferbench.bundles.bundle import Result
from ferbench.components.discovery import installed
from ferbench.components.pipeline import COMPONENTS, STEPS
from ferbench.components.registry import Registry
from ferbench.errors import BundleError, UnknownNameError
from ferbench.running import run
from ferbench.running.environment import environment
from ferbench.running.plan import Plan, plan
from ferbench.support import data_paths
from ferbench.support.atomic import write_json
from ferbench.support.progress import Reporter
from ferbench.verify import agreement
from ferbench.verify.agreement import Agreement
from ferbench.verify.verify import verified


@dataclass(frozen=True)
class Rerun:
    """What came of it: the new bundle, and how each classifier agrees."""

    folder: Path
    agreements: list[Agreement]

    @property
    def holds(self) -> bool:
        """Whether every classifier agrees."""
        return all(agreement.holds for agreement in self.agreements)


def plan_rerun(
    folder: Path, *, data: Path | None, out: Path, init: Path | None, workers: int | None = None
) -> tuple[Result, Plan]:
    """The verified result of ``folder``, and the plan of the same run.

    Raises ``BundleError`` if it cannot be believed or run again, and the errors of ``ferbench.plan``.
    """
    result = verified(folder)
    if folder.resolve().is_relative_to(out.resolve()):
        raise BundleError(f"{folder} is in {out}, where the new run goes", fix="--out another folder")
    if (result.transfer is None) != (init is None):
        needs = "starts from an earlier run's weights" if init is None else "starts from no earlier weights"
        raise BundleError(f"{folder} {needs}", fix="--init BUNDLE" if init is None else "leave out --init")
    registry = installed().registry
    settings = {
        f"{kind}.{name}": value
        for kind, facts in (("dataset", result.dataset), ("protocol", result.protocol))
        for name, value in _checked(kind, facts, registry).items()
    }
    again = plan(
        _pipeline_file(result.pipeline, registry),
        dataset=result.dataset["name"],
        protocol=result.protocol["name"],
        data=data,
        settings=settings,
        seed=result.seed,
        init=init,
        workers=workers,
        out=out,
    )
    return result, replace(again, pipeline=replace(again.pipeline, changed=dict(result.pipeline["changed"])))


def _pipeline_file(pipeline: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """The pipeline file that ``Pipeline.to_dict`` was made from, of installed components."""
    file: dict[str, Any] = {"name": pipeline["name"]}
    for kind in COMPONENTS:
        facts = pipeline[kind]
        file[kind] = facts and {**_checked(kind, facts, registry), "name": facts["name"]}
    for step in STEPS:
        file[step] = _without_paths(pipeline[step])
    file["classifiers"] = [
        {**_checked("classifier", facts, registry), "name": facts["name"], "label": label}
        for label, facts in pipeline["classifiers"].items()
    ]
    return file


def rerun(folder: Path, result: Result, again: Plan, reporter: Reporter, *, unfinished: run.Unfinished) -> Rerun:
    """Runs the plan and compares. Raises the errors of a run, and ``BundleError`` if the data differ."""
    name = again.dataset.entry.name
    samples = data_paths.load(again.dataset.build(), name, again.data)
    if samples.fingerprint != result.dataset["fingerprint"]:
        raise BundleError(
            f"this copy of {name} has another fingerprint than the bundle's ({result.dataset['fingerprint'][:12]})",
            fix="use the copy of the dataset that the bundle was made from: --data PATH",
        )
    for difference in versions(result):
        reporter.warn(difference)
    fresh = run.run(again, reporter, unfinished=unfinished)
    return Rerun(fresh, agreement.between(folder, result, fresh, bundle.read(fresh)))


def versions(result: Result) -> list[str]:
    """Which distributions differ between the bundle's environment and this one, in a sentence each."""
    here = environment(result.model_dump())["distributions"]
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


def _checked(kind: str, facts: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """The parameters of a component of the bundle, if it is installed here from the same distribution."""
    parameters: dict[str, Any] = _without_paths(facts["parameters"])
    if {"name", "label"} & set(parameters):
        raise BundleError(f"a parameter of the {kind} cannot be called name or label", fix="refuse the bundle")
    owner = facts["distribution"].split(" ")[0]
    try:
        entry = registry.get(kind, facts["name"])
    except UnknownNameError as error:
        what = f"{error.what} here; the bundle has it from {facts['distribution']}"
        raise UnknownNameError(what, fix=error.fix) from error
    if entry.distribution != owner:
        raise BundleError(
            f"{kind} '{facts['name']}' is from {entry.distribution} here, the bundle's is from {owner}",
            fix=f"use an environment with {owner}",
        )
    return parameters


def _without_paths(values: Any) -> Any:
    """``values``, if no text among them could be a file's path. Raises ``BundleError``."""
    if isinstance(values, dict | list):
        for inner in values.values() if isinstance(values, dict) else values:
            _without_paths(inner)
    elif isinstance(values, str) and ("/" in values or "\\" in values or _is_here(values)):
        raise BundleError(
            f"a parameter is a path, an address, or the name of a file here: {values}",
            fix="rerun opens no files that a bundle names",
        )
    return values


def _is_here(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # too long for a file's name
        return False
