"""One run, from names to a bundle. Reads top to bottom."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ferbench import bundle, metrics
from ferbench.audit import audit
from ferbench.data import Indices, Predictions, Samples, ScoresKind, Split
from ferbench.digests import digest
from ferbench.embed import embed_all
from ferbench.errors import TrainingError
from ferbench.faces import Crops, Rows, prepare, shipped
from ferbench.interfaces import Classifier, Dataset, EvaluationProtocol
from ferbench.monitor import RunMonitor, Side, fit
from ferbench.pipeline import Part, Pipeline
from ferbench.progress import Reporter
from ferbench.storage import explain, replacing, write_json, write_text


@dataclass(frozen=True)
class Plan:
    """All that one run depends on. ``data`` is where the dataset's files lie, ``out`` the root for results.

    ``workers`` processes share the face step; the result is the same for any number.
    """

    pipeline: Pipeline
    dataset: Part
    protocol: Part
    data: Path | None
    seed: int
    out: Path
    workers: int = 1


def run(plan: Plan, reporter: Reporter, *, resume: bool = False, restart: bool = False) -> Path:
    """Runs ``plan`` and gives the bundle's folder.

    An unfinished run of the same plan is gone on with (``resume``), thrown away (``restart``), or an error. Raises the
    errors of its parts, ``TrainingError`` and ``StorageError``.
    """
    pipeline, notes = plan.pipeline, list[str]()
    dataset: Dataset = plan.dataset.build()
    protocol: EvaluationProtocol = plan.protocol.build()
    with reporter.stage(f"reading {plan.dataset.entry.name}"):
        samples = dataset.load(plan.data)
    splits = protocol.splits(samples, plan.seed)
    described = describe(plan, samples, protocol)
    folder = plan.out / bundle.place(described)
    work = _work_folder(folder, resume=resume, restart=restart)
    with reporter.stage("faces"):
        crops = prepare(
            samples, pipeline.detector.build, pipeline.faces, progress=reporter.advance, workers=plan.workers
        )

    curves, best_epochs, parts, parameters = {}, {}, list[dict[str, Predictions]](), None
    estimators: dict[str, str] = {}
    for split in splits:
        classifiers = {part.label: part.build for part in pipeline.classifiers}
        train, validation = _side(samples, crops, split.train), _side(samples, crops, split.validation)
        embedder = pipeline.embedder.build()
        monitor = RunMonitor(
            classifiers,
            train,
            validation,
            rule=pipeline.monitor,
            selection=protocol.selection,
            reporter=reporter,
            folder=work / split.name,
        )
        with reporter.stage("training", epochs=pipeline.embedder.parameters.get("epochs", 0)):
            embedder = embedder.fit(
                train.images,
                train.labels,
                num_classes=len(samples.classes),
                loss=pipeline.loss and pipeline.loss.build(),
                sampler=pipeline.sampler and pipeline.sampler.build(),
                monitor=monitor,
                rng=np.random.default_rng([plan.seed, 1]),
                checkpoint=work / split.name,
            )
        with reporter.stage("embedding"):
            inputs = embed_all(embedder.embed, train.images, reporter.advance)
            outputs = embed_all(embedder.embed, Rows(crops.images, split.test), reporter.advance)
        predicted = {}
        for label, build in classifiers.items():
            with reporter.stage(f"classifying ({label})"):
                fitted = fit(build(), inputs, train.labels, monitor.warn)
                estimators[label] = estimator(fitted)
                predicted[label] = _predict(fitted, outputs, samples, crops, split)
        parts.append(predicted)
        notes += [note for note in monitor.notes if note not in notes]
        embedder.save(work / "model" / split.name)
        parameters = getattr(embedder, "parameters", None)
        if monitor.curve:
            curves[split.name] = monitor.curve
            best_epochs[split.name] = monitor.best["epoch"]

    predictions = {label: _joined([part[label] for part in parts]) for label in parts[0]}
    result = bundle.Result(
        **described,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        splits=[{**audit(split, samples), "digest": split.digest(samples.ids)} for split in splits],
        test_digest=bundle.test_digest(next(iter(predictions.values()))),
        faces={"source": crops.source, "coverage": crops.coverage, "missed": int((~crops.found).sum())},
        curves=curves,
        best_epochs=best_epochs,
        scores_kind={label: one.scores_kind for label, one in predictions.items()},
        scores={label: metrics.score(one) for label, one in predictions.items()},
        notes=[*samples.notes, *notes],
        stages={name: round(seconds, 3) for name, seconds in reporter.stages.items()},
        peak_memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        parameters=parameters,
        environment={**environment(described), "estimators": estimators},
    )
    _write(folder, result, predictions, work)
    return folder


def describe(plan: Plan, samples: Samples, protocol: EvaluationProtocol) -> dict[str, Any]:
    """The fields of ``Result`` that are known before the work starts, and the run's name made of them."""
    pipeline, optimistic = plan.pipeline.describe(), protocol.optimistic
    if shipped(samples, plan.pipeline.faces):
        pipeline["detector"] = None
    identity: dict[str, Any] = {
        "seed": plan.seed,
        "pipeline": pipeline,
        "dataset": {
            **plan.dataset.describe(),
            "fingerprint": samples.fingerprint,
            "samples": len(samples),
            "counts": {name: int((samples.labels == code).sum()) for code, name in enumerate(samples.classes)},
        },
        "protocol": {**plan.protocol.describe(), "selection": protocol.selection, "optimistic": optimistic},
        "classes": list(samples.classes),
    }
    name = f"seed{plan.seed}-{digest(identity)[:10]}"
    return {"schema_version": bundle.SCHEMA, "tier": "reproduced", "run": name, **identity}


def environment(described: dict[str, Any]) -> dict[str, Any]:
    """Versions and the kind of machine; nothing that names the machine or its user."""
    wanted = ["ferbench", "numpy", "opencv-python-headless", "scikit-learn"]
    wanted += sorted({part["distribution"].split(" ")[0] for part in _parts(described)} - set(wanted))
    if "torch" in sys.modules:
        wanted += ["torch", "timm"]
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "distributions": {name: importlib.metadata.version(name) for name in wanted},
    }


def estimator(fitted: Classifier) -> str:
    """The class that solved it, by its full name and its distribution's version: one classifier may have several."""
    module = type(fitted).__module__
    owners = importlib.metadata.packages_distributions().get(module.partition(".")[0], [])
    versions = ", ".join(f"{owner} {importlib.metadata.version(owner)}" for owner in sorted(set(owners)))
    return f"{module}.{type(fitted).__qualname__}" + (f" ({versions})" if versions else "")


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every described part in nested plain values."""
    if isinstance(value, dict):
        if "distribution" in value:
            yield value
        for inner in value.values():
            yield from _parts(inner)


def _side(samples: Samples, crops: Crops, rows: Indices) -> Side:
    return Side(Rows(crops.images, rows), samples.labels[rows], crops.found[rows])


def _predict(fitted: Classifier, outputs: Any, samples: Samples, crops: Crops, split: Split) -> Predictions:
    """What ``fitted`` says of the test side; an image without a face is predicted as a miss."""
    kind: ScoresKind = "probability" if hasattr(fitted, "predict_proba") else "decision"
    values = getattr(fitted, "predict_proba" if kind == "probability" else "decision_function")(outputs)
    if values.ndim == 1:  # scikit-learn gives two classes one column
        values = np.stack([-values, values], axis=1)
    scores = np.full((len(split.test), len(samples.classes)), 0.0 if kind == "probability" else values.min() - 1)
    scores[:, fitted.classes_] = values
    predicted = np.where(crops.found[split.test], fitted.predict(outputs), metrics.MISS).astype(np.int64)
    names = np.full(len(split.test), split.name)
    return Predictions(
        samples.ids[split.test], names, samples.labels[split.test], predicted, scores, kind, samples.classes
    )


def _joined(parts: list[Predictions]) -> Predictions:
    arrays = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in ("ids", "splits", "labels", "predicted", "scores")
    }
    return Predictions(**arrays, scores_kind=parts[0].scores_kind, classes=parts[0].classes)


def _work_folder(folder: Path, *, resume: bool, restart: bool) -> Path:
    """The folder beside the bundle in which an unfinished run keeps what it has."""
    work = folder.with_name(f"{folder.name}.unfinished")
    if work.exists() and restart:
        shutil.rmtree(work)
    if work.exists() and not resume:
        raise TrainingError(
            f"an unfinished run of the same settings lies in {work}",
            fix="go on with it: --resume; or throw it away: --restart",
        )
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, work) from error
    return work


def _write(folder: Path, result: bundle.Result, predictions: dict[str, Predictions], work: Path) -> None:
    """Makes the bundle in the unfinished run's place, so that there is a whole one or none."""
    first = next(iter(predictions))
    with replacing(folder) as fresh:
        fresh.mkdir()
        for label, one in predictions.items():
            write_text(bundle.predictions_file(fresh, label, first), bundle.predictions_text(one))
        write_json(fresh / "result.json", result.model_dump(mode="json"))
        if (work / "model").exists():
            shutil.copytree(work / "model", fresh / "model")
    shutil.rmtree(work)
