"""One run, from names to a bundle. Reads top to bottom."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ferbench.bundles import bundle, leak_list
from ferbench.bundles.files import LEAKS, RESULT, SUBJECTS
from ferbench.bundles.leak_list import Leak
from ferbench.bundles.scores import MISS, score, score_leak_free
from ferbench.components.pipeline import Pipeline
from ferbench.data import ImageRows, Indices, Labels, Predictions, Samples, ScoresKind, Split
from ferbench.errors import ModelError, PluginError, TrainingError, TransferError
from ferbench.faces.prepare import Crops, Rows, prepare, shipped_faces
from ferbench.interfaces import (
    Costed,
    Dataset,
    Embedder,
    EvaluationProtocol,
    Selection,
    Trainable,
    TrainingJob,
)
from ferbench.leakage import of_a_run
from ferbench.running import classifier_file, start_weights
from ferbench.running.class_scores import (
    check_own_scores,
    class_scores,
    classifier_inputs,
    scores_kind,
    takes_class_scores,
)
from ferbench.running.environment import environment, estimator, peak_memory_mb
from ferbench.running.epoch_scorer import EpochScorer, Scoring, Side, fit
from ferbench.running.plan import Plan
from ferbench.running.split_result import SplitResult, keep, kept, predictions_of
from ferbench.running.start_weights import Start
from ferbench.support import data_paths
from ferbench.support.atomic import explain, replacing, write_json, write_text
from ferbench.support.hashing import digest
from ferbench.support.progress import Reporter

STORED_CHECK_IMAGES = 100
"""Test images by which a stored classifier is compared with the fitted one."""
Unfinished = Literal["error", "resume", "restart"]
"""An unfinished run of the same plan is an error, is continued, or is deleted and started over."""


@dataclass(frozen=True)
class SplitData:
    """One split, and the samples and crops that its indices are of."""

    split: Split
    samples: Samples
    crops: Crops

    def side(self, rows: Indices) -> Side:
        """The crops, labels and scored rows of one side of the split."""
        return Side(Rows(self.crops.images, rows), self.samples.labels[rows], self.crops.is_scored[rows])


def run(
    plan: Plan,
    reporter: Reporter | None = None,
    *,
    unfinished: Unfinished = "error",
    skip_finished: bool = False,
) -> Path:
    """Runs ``plan`` and gives the bundle's folder.

    ``reporter`` shows the progress; by default on the terminal. ``unfinished`` says what happens to an unfinished run
    of the same plan: "error", "resume" or "restart". A finished one is run again, or left as it is with
    ``skip_finished``. Raises the errors of its components, ``TrainingError`` and ``StorageError``.
    """
    reporter = reporter or Reporter()
    dataset: Dataset = plan.dataset.build()
    protocol: EvaluationProtocol = plan.protocol.build()
    with reporter.stage(f"reading {plan.dataset.entry.name}"):
        samples = data_paths.load(dataset, plan.dataset.entry.name, plan.data)
    splits = protocol.splits(samples, plan.seed)
    start = _start(plan)
    described = describe(plan, samples, protocol)
    if start:
        described = _with_transfer(described, start, samples, splits, allow=plan.allow_overlap)
    folder = plan.out / bundle.relative_path(described)
    if skip_finished and (folder / RESULT).exists():
        return folder
    pipeline = plan.pipeline
    _check_embedder(pipeline, classes=len(samples.classes))
    work = _work_folder(folder, unfinished)
    with reporter.stage("faces"):
        crops = prepare(
            samples, pipeline.build_detector, pipeline.faces, progress=reporter.advance, workers=plan.workers
        )

    audits = of_a_run.audit_splits(splits, samples, crops, protocol, reporter)
    results: dict[str, SplitResult] = {}
    for number, split in enumerate(splits, start=1):
        split_result = kept(work / split.name, split, samples)
        if split_result is None:
            with reporter.prefix(f"split {number} of {len(splits)}" if len(splits) > 1 else ""):
                data = SplitData(split, samples, crops)
                split_result = _run_split(plan, data, protocol.selection, start, work, reporter)
                origin = start.origin if start else None
                start_weights.record(work / "model" / split.name, described, samples, split, origin)
                keep(split_result, work / split.name)
        results[split.name] = split_result

    first = next(iter(results.values()))
    predictions = {
        label: Predictions.concat([one.predictions[label] for one in results.values()]) for label in first.predictions
    }
    notes = [*start_weights.notes(described["transfer"]), *(note for one in results.values() for note in one.notes)]
    leaks = of_a_run.leaks(audits, samples)
    result = bundle.Result(
        **described,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        splits=[{**one.to_dict(), "digest": one.split.digest(samples.ids)} for one in audits],
        test_digest=bundle.test_digest(next(iter(predictions.values()))),
        faces=crops.to_dict(),
        curves={name: one.curve for name, one in results.items() if one.curve},
        best_epochs={name: one.best_epoch for name, one in results.items() if one.best_epoch is not None},
        stored={name: one.stored for name, one in results.items() if one.stored},
        scores_kind={label: one.scores_kind for label, one in predictions.items()},
        scores={label: score(one) for label, one in predictions.items()},
        leak_free={
            label: score_leak_free(one, leak_list.mask(leaks, one, folder)) for label, one in predictions.items()
        },
        notes=list(dict.fromkeys([*samples.notes, *notes])),
        stages={name: round(seconds, 3) for name, seconds in reporter.stages.items()},
        peak_memory_mb=peak_memory_mb(),
        weight_count=first.weight_count,
        macs=first.macs,
        images_per_second=_images_per_second(results.values()),
        environment={**environment(described), "estimators": first.estimators},
        submission=None,
        rerun=None,
    )
    _write(folder, result, predictions, leaks, _subjects(samples, splits), work)
    return folder


def _start(plan: Plan) -> Start | None:
    """The weights of ``--init``. Raises ``TransferError`` if there are none, or the embedder is not trained."""
    if plan.init is None:
        return None
    embedder = plan.pipeline.embedder
    if not isinstance(embedder.build(), Trainable):
        raise TransferError(
            f"embedder '{embedder.entry.name}' is not trained and cannot start from {plan.init}",
            fix="leave out --init, or choose an embedder that is trained: ferbench list embedders",
        )
    return start_weights.find(plan.init, embedder.entry.name)


def _check_embedder(pipeline: Pipeline, *, classes: int) -> None:
    """Raises, before any work, what would else be found out at its end: see ``check_own_scores``.

    ``PluginError`` if the embedder has a ``fit`` but is not ``Trainable``: it would go untrained.
    """
    embedder: Embedder = pipeline.embedder.build()
    if hasattr(embedder, "fit") and not isinstance(embedder, Trainable):
        raise PluginError(
            f"embedder '{pipeline.embedder.entry.name}' has a fit, but no save and load",
            fix=f"report it to the author of {pipeline.embedder.entry.distribution} (ferbench.interfaces.Trainable)",
        )
    classifiers = [component.build() for component in pipeline.classifiers]
    check_own_scores(classifiers, embedder, size=pipeline.faces.size, classes=classes)


def _run_split(
    plan: Plan, data: SplitData, selection: Selection, start: Start | None, work: Path, reporter: Reporter
) -> SplitResult:
    """Trains on one side of a split and predicts the other; the embedder lives no longer than this."""
    pipeline = plan.pipeline
    split = data.split
    classes = len(data.samples.classes)
    train = data.side(split.train)
    scoring = Scoring(
        classifiers={component.label: component.build for component in pipeline.classifiers},
        train=train,
        validation=data.side(split.validation),
        classes=classes,
    )
    monitor = EpochScorer(scoring, pipeline.monitor, selection, reporter, work / split.name)
    embedder: Embedder = pipeline.embedder.build()
    if isinstance(embedder, Trainable):
        if start:
            embedder = embedder.load(start.path)
        job = TrainingJob(
            num_classes=classes,
            loss=pipeline.loss.build() if pipeline.loss else None,
            sampler=pipeline.sampler.build() if pipeline.sampler else None,
            monitor=monitor,
            rng=np.random.default_rng([plan.seed, 1]),
            checkpoint=work / split.name,
        )
        with reporter.stage("training", epochs=pipeline.embedder.parameters.get("epochs", 0)):
            embedder = embedder.fit(train.crops, train.labels, job)

    classifiers = {component.label: component.build() for component in pipeline.classifiers}
    test: ImageRows = Rows(data.crops.images, split.test)
    with reporter.stage("embedding"):
        inputs = classifier_inputs(classifiers.values(), embedder, train.crops, classes, reporter.advance)
        started = time.monotonic()  # after the training side, with all that a first call has to load
        outputs = classifier_inputs(classifiers.values(), embedder, test, classes, reporter.advance)
        seconds = time.monotonic() - started

    predictions: dict[str, Predictions] = {}
    estimators: dict[str, str] = {}
    stored: dict[str, str] = {}
    model = work / "model" / split.name
    for component in pipeline.classifiers:
        label = component.label
        own = takes_class_scores(classifiers[label])
        with reporter.stage(f"classifying ({label})"):
            fitted = fit(classifiers[label], inputs[own], train.labels, monitor.warn)
            scores = class_scores(fitted, outputs[own], classes)
            predicted = fitted.predict(outputs[own])
            predictions[label] = _predictions(data, predicted, scores, scores_kind(fitted, embedder))
            estimators[label] = estimator(fitted)
            try:
                file = bundle.stored_file(model, label)
                stored[label] = classifier_file.write(fitted, file, component.entry, outputs[own][:STORED_CHECK_IMAGES])
            except ModelError as error:
                monitor.warn(error.what)
    if isinstance(embedder, Trainable):
        embedder.save(model)
    return SplitResult(
        predictions=predictions,
        estimators=estimators,
        curve=monitor.curve,
        best_epoch=monitor.best["epoch"] if monitor.curve else None,
        notes=monitor.notes,
        weight_count=getattr(embedder, "weight_count", None),
        stored=stored,
        macs=embedder.macs(pipeline.faces.size) if isinstance(embedder, Costed) else None,
        embedding_seconds=seconds,
    )


def _predictions(data: SplitData, predicted: Labels, scores: NDArray[np.float64], kind: ScoresKind) -> Predictions:
    """The predictions of the test side; an image without a face is a miss, unless its centre is predicted."""
    scores = np.nan_to_num(scores, nan=0.0 if kind == "probability" else np.nanmin(scores) - 1)
    counted = np.where(data.crops.is_scored[data.split.test], predicted, MISS).astype(np.int64)
    return predictions_of(data.split, data.samples, counted, scores, kind)


def _images_per_second(results: Iterable[SplitResult]) -> float:
    """How many images of the test sides were embedded per second."""
    results = list(results)
    images = sum(len(next(iter(result.predictions.values()))) for result in results)
    return round(images / sum(result.embedding_seconds for result in results), 1)


def _with_transfer(
    described: dict[str, Any], start: Start, samples: Samples, splits: Sequence[Split], *, allow: bool
) -> dict[str, Any]:
    """``described`` with the starting weights in it, and in the run's name."""
    transfer = start_weights.check(start.origin, samples, described["dataset"], splits, allow=allow)
    return {**described, "transfer": transfer, "run": f"{described['run']}-{digest(transfer)[:6]}"}


def describe(plan: Plan, samples: Samples, protocol: EvaluationProtocol) -> dict[str, Any]:
    """The fields of ``Result`` that are known before the work starts, and the run's name made of them."""
    pipeline = plan.pipeline.to_dict()
    optimistic = protocol.why_optimistic(samples)
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
