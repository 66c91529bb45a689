"""One run, from names to a bundle. Reads top to bottom."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import resource
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ferbench.bundles import bundle, leak_list
from ferbench.bundles.files import LEAKS, RESULT, SUBJECTS
from ferbench.bundles.leak_list import Leak
from ferbench.bundles.scores import MISS, score, score_leak_free
from ferbench.data import Embeddings, Indices, Predictions, Samples, Split
from ferbench.errors import ModelError, TrainingError
from ferbench.faces.prepare import Crops, Rows, prepare, shipped_faces
from ferbench.interfaces import Classifier, Costed, Dataset, Embedder, EvaluationProtocol, Selection
from ferbench.leakage import of_a_run
from ferbench.running import classifier_file, start_weights
from ferbench.running.class_scores import class_scores
from ferbench.running.embed import embed_all
from ferbench.running.epoch_scorer import EpochScorer, Side, fit
from ferbench.running.plan import Plan
from ferbench.running.split_result import SplitResult, keep, kept
from ferbench.running.split_result import predictions as predictions_of
from ferbench.running.start_weights import record
from ferbench.support import data_paths
from ferbench.support.atomic import explain, replacing, write_json, write_text
from ferbench.support.hashing import digest
from ferbench.support.progress import Reporter

STORED_CHECK_IMAGES = 100
"""Test images by which a stored classifier is compared with the fitted one."""
Unfinished = Literal["error", "resume", "restart"]
"""An unfinished run of the same plan is an error, is continued, or is deleted and started over."""


def run(
    plan: Plan,
    reporter: Reporter | None = None,
    *,
    unfinished: Unfinished = "error",
    skip_finished: bool = False,
) -> Path:
    """Runs ``plan`` and gives the bundle's folder.

    ``reporter`` shows the progress; by default on the terminal. ``unfinished`` says what happens to an unfinished run
    of the same plan; a finished one is run again, or left as it is with ``skip_finished``. Raises the errors of its
    components, ``TrainingError`` and ``StorageError``.
    """
    reporter = reporter or Reporter()
    dataset: Dataset = plan.dataset.build()
    protocol: EvaluationProtocol = plan.protocol.build()
    with reporter.stage(f"reading {plan.dataset.entry.name}"):
        samples = data_paths.load(dataset, plan.dataset.entry.name, plan.data)
    splits = protocol.splits(samples, plan.seed)
    start = start_weights.find(plan.init, plan.pipeline.embedder.entry.name) if plan.init else None
    described = describe(plan, samples, protocol)
    if start:
        described = _with_transfer(described, start, samples, splits, allow=plan.allow_overlap)
    folder = plan.out / bundle.relative_path(described)
    if skip_finished and (folder / RESULT).exists():
        return folder
    work = _work_folder(folder, unfinished)
    pipeline = plan.pipeline
    with reporter.stage("faces"):
        crops = prepare(
            samples, pipeline.build_detector, pipeline.faces, progress=reporter.advance, workers=plan.workers
        )

    audits = of_a_run.audit_splits(splits, samples, crops, protocol, reporter)
    outcomes = {}
    for number, split in enumerate(splits, start=1):
        outcome = kept(work / split.name, split, samples)
        if outcome is None:
            with reporter.prefix(f"split {number} of {len(splits)}" if len(splits) > 1 else ""):
                outcome = _run_split(plan, split, samples, crops, protocol.selection, reporter, work, start)
                record(work / "model" / split.name, described, samples, split, start.origin if start else None)
                keep(outcome, work / split.name)
        outcomes[split.name] = outcome

    first = next(iter(outcomes.values()))
    predictions = {
        label: Predictions.concat([one.predictions[label] for one in outcomes.values()]) for label in first.predictions
    }
    notes = [*start_weights.notes(described["transfer"]), *(note for one in outcomes.values() for note in one.notes)]
    leaks = of_a_run.leaks(audits, samples)
    result = bundle.Result(
        **described,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        splits=[{**one.to_dict(), "digest": one.split.digest(samples.ids)} for one in audits],
        test_digest=bundle.test_digest(next(iter(predictions.values()))),
        faces=crops.to_dict(),
        curves={name: one.curve for name, one in outcomes.items() if one.curve},
        best_epochs={name: one.best_epoch for name, one in outcomes.items() if one.best_epoch is not None},
        stored={name: one.stored for name, one in outcomes.items() if one.stored},
        scores_kind={label: one.scores_kind for label, one in predictions.items()},
        scores={label: score(one) for label, one in predictions.items()},
        leak_free={
            label: score_leak_free(one, leak_list.mask(leaks, one, folder)) for label, one in predictions.items()
        },
        notes=list(dict.fromkeys([*samples.notes, *notes])),
        stages={name: round(seconds, 3) for name, seconds in reporter.stages.items()},
        peak_memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        weight_count=first.weight_count,
        macs=first.macs,
        images_per_second=_pace(outcomes.values()),
        environment={**environment(described), "estimators": first.estimators},
        submission=None,
        rerun=None,
    )
    _write(folder, result, predictions, leaks, _subjects(samples, splits), work)
    return folder


def _run_split(
    plan: Plan,
    split: Split,
    samples: Samples,
    crops: Crops,
    selection: Selection,
    reporter: Reporter,
    work: Path,
    start: start_weights.Start | None,
) -> SplitResult:
    """Trains on one side of ``split`` and predicts the other; the embedder lives no longer than this."""
    pipeline = plan.pipeline
    classifiers = {part.label: part.build for part in pipeline.classifiers}
    train, validation = _side(samples, crops, split.train), _side(samples, crops, split.validation)
    embedder: Embedder = pipeline.embedder.build()
    if start:
        embedder = embedder.load(start.place)
    monitor = EpochScorer(
        classifiers,
        train,
        validation,
        rule=pipeline.monitor,
        selection=selection,
        reporter=reporter,
        folder=work / split.name,
    )
    with reporter.stage("training", epochs=pipeline.embedder.parameters.get("epochs", 0)):
        embedder = embedder.fit(
            train.images,
            train.labels,
            num_classes=len(samples.classes),
            loss=pipeline.loss.build() if pipeline.loss else None,
            sampler=pipeline.sampler.build() if pipeline.sampler else None,
            monitor=monitor,
            rng=np.random.default_rng([plan.seed, 1]),
            checkpoint=work / split.name,
        )
    with reporter.stage("embedding"):
        inputs = embed_all(embedder.embed, train.images, reporter.advance)
        started = time.monotonic()  # after the training side, with all that a first call has to load
        outputs = embed_all(embedder.embed, Rows(crops.images, split.test), reporter.advance)
        seconds = time.monotonic() - started
    predicted, estimators, stored = {}, {}, {}
    model = work / "model" / split.name
    for part in pipeline.classifiers:
        label = part.label
        with reporter.stage(f"classifying ({label})"):
            fitted = fit(classifiers[label](), inputs, train.labels, monitor.warn)
            predicted[label], estimators[label] = _predict(fitted, outputs, samples, crops, split), estimator(fitted)
            try:
                file = bundle.stored_file(model, label)
                stored[label] = classifier_file.write(fitted, file, part.entry, outputs[:STORED_CHECK_IMAGES])
            except ModelError as error:
                monitor.warn(error.what)
    embedder.save(model)
    best = monitor.best["epoch"] if monitor.curve else None
    weight_count = getattr(embedder, "parameters", None)
    macs = embedder.macs(pipeline.faces.size) if isinstance(embedder, Costed) else None
    return SplitResult(predicted, estimators, monitor.curve, best, monitor.notes, weight_count, stored, macs, seconds)


def _pace(outcomes: Iterable[SplitResult]) -> float:
    """Images of the test sides that were embedded per second."""
    images = 0
    seconds = 0.0
    for outcome in outcomes:
        images += len(next(iter(outcome.predictions.values())))
        seconds += outcome.embedding_seconds
    return round(images / max(seconds, 1e-9), 1)


def _with_transfer(
    described: dict[str, Any], start: start_weights.Start, samples: Samples, splits: Sequence[Split], *, allow: bool
) -> dict[str, Any]:
    """``described`` with the starting weights in it, and in the run's name."""
    found = start_weights.check(start.origin, samples, described["dataset"], splits, allow=allow)
    return {**described, "transfer": found, "run": f"{described['run']}-{digest(found)[:6]}"}


def describe(plan: Plan, samples: Samples, protocol: EvaluationProtocol) -> dict[str, Any]:
    """The fields of ``Result`` that are known before the work starts, and the run's name made of them."""
    pipeline, optimistic = plan.pipeline.to_dict(), protocol.why_optimistic(samples)
    if shipped_faces(samples, plan.pipeline.faces):
        pipeline["detector"] = None
    identity: dict[str, Any] = {
        "seed": plan.seed,
        "pipeline": pipeline,
        "dataset": {
            **plan.dataset.to_dict(),
            "fingerprint": samples.fingerprint,
            "samples": len(samples),
            "release": samples.release,
            "counts": {name: int((samples.labels == code).sum()) for code, name in enumerate(samples.classes)},
        },
        "protocol": {**plan.protocol.to_dict(), "selection": protocol.selection, "optimistic": optimistic},
        "classes": list(samples.classes),
    }
    name = f"seed{plan.seed}-{digest(identity)[:10]}"
    return {"schema_version": bundle.SCHEMA, "tier": "reproduced", "run": name, "transfer": None, **identity}


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
    return Side(Rows(crops.images, rows), samples.labels[rows], crops.is_scored[rows])


def _predict(fitted: Classifier, outputs: Embeddings, samples: Samples, crops: Crops, split: Split) -> Predictions:
    """What ``fitted`` says of the test side; an image without a face is a miss, unless its centre is predicted."""
    scores, kind = class_scores(fitted, outputs, len(samples.classes))
    scores = np.nan_to_num(scores, nan=0.0 if kind == "probability" else np.nanmin(scores) - 1)
    predicted = np.where(crops.is_scored[split.test], fitted.predict(outputs), MISS).astype(np.int64)
    return predictions_of(split, samples, predicted, scores, kind)


def _work_folder(folder: Path, unfinished: Unfinished) -> Path:
    """The folder next to the bundle in which an unfinished run keeps what it has."""
    work = folder.with_name(f"{folder.name}.unfinished")
    if work.exists() and unfinished == "restart":
        shutil.rmtree(work)
    if work.exists() and unfinished == "error":
        raise TrainingError(
            f"an unfinished run of the same settings is in {work}",
            fix="continue it: --resume; or delete it and start over: --restart",
        )
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, work) from error
    return work


def _subjects(samples: Samples, splits: Sequence[Split]) -> str | None:
    """The text of ``subjects.csv``, where the dataset names its subjects."""
    if samples.subjects is None:
        return None
    tested = np.concatenate([split.test for split in splits])
    return bundle.subjects_csv(dict(zip(samples.ids[tested].tolist(), samples.subjects[tested].tolist(), strict=True)))


def _write(
    folder: Path,
    result: bundle.Result,
    predictions: dict[str, Predictions],
    leaks: list[Leak],
    subjects: str | None,
    work: Path,
) -> None:
    """Makes the bundle in the unfinished run's place, so that there is a whole one or none."""
    first = next(iter(predictions))
    with replacing(folder) as fresh:
        fresh.mkdir()
        for label, one in predictions.items():
            write_text(bundle.predictions_file(fresh, label, first), bundle.predictions_csv(one))
        write_text(fresh / LEAKS, leak_list.to_csv(leaks))
        if subjects is not None:
            write_text(fresh / SUBJECTS, subjects)
        write_json(fresh / RESULT, result.model_dump(mode="json"))
        if (work / "model").exists():
            shutil.copytree(work / "model", fresh / "model")
    shutil.rmtree(work)
