"""Whether a bundle can be believed: every score is recomputed, and every claim is compared with what is known.

Data only: nothing of a bundle is imported, run, or followed to another place. All reasons against a bundle are
collected, not only the first; a check that depends on what an earlier one found broken is left out.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from ferbench.bundles import bundle, files, leak_list
from ferbench.bundles.bundle import Result
from ferbench.bundles.leak_list import Leak
from ferbench.bundles.scores import MISS, score, score_leak_free
from ferbench.data import Predictions
from ferbench.errors import BundleError, printable
from ferbench.support.hashing import digest
from ferbench.verify import against_manifest

NINE_DIGITS_TOLERANCE = 1e-8
SCORE_TOLERANCE = 1e-9
SUM_TOLERANCE = 1e-5
"""How far the sum of probabilities may be from one: float32 arithmetic is off by 3e-7."""
MAX_SHARE_OF_TIES = 0.1
"""Share of predictions that may differ from the largest decision value: an SVM's pairs vote, and votes may tie."""
MAX_DEPTH = 12
MAX_TEXT_CHARS = 4000
MAX_NUMBER = 2**53
MAX_REASONS = 20
"""Reasons that are given against one bundle."""


@dataclass
class Verdict:
    """The result of a bundle (if it could be read), the reasons against it, and each classifier's predictions.

    ``manifest_check`` says in a sentence what its ids, labels and splits were compared with, ``matches_manifest``
    whether they agree with a manifest.
    """

    result: Result | None = None
    predictions: dict[str, Predictions] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    manifest_check: str = ""
    matches_manifest: bool = False


def require(folder: Path) -> tuple[Result, Verdict]:
    """The result of a bundle without a fault, and the verdict on it.

    Raises one ``BundleError`` with all the reasons, one per line.
    """
    verdict = judge(folder)
    if verdict.result is None or verdict.reasons:
        raise BundleError("\n".join(verdict.reasons), fix=files.FIX)
    return verdict.result, verdict


def verified(folder: Path) -> Result:
    """The result of a bundle without a fault. Raises ``BundleError``."""
    return require(folder)[0]


def judge(folder: Path) -> Verdict:
    """Checks the whole bundle."""
    verdict = Verdict()
    try:
        _judge(folder, verdict)
    except BundleError as error:
        verdict.reasons.append(error.what)
    reasons = [printable(reason[:1000]) for reason in verdict.reasons]
    verdict.reasons = reasons[:MAX_REASONS]
    if len(reasons) > MAX_REASONS:
        verdict.reasons.append(f"and {len(reasons) - MAX_REASONS} more")
    return verdict


def _judge(folder: Path, verdict: Verdict) -> None:
    verdict.reasons += files.problems(folder)
    if verdict.reasons:
        return
    result = bundle.read(folder)
    verdict.result = result
    verdict.reasons += (f"{folder / files.RESULT}: {reason}" for reason in _check_facts(result))
    if verdict.reasons:
        return
    verdict.reasons += _check_names(folder, result)
    leaks = leak_list.read(folder)
    for label in result.scores:
        try:
            predictions = bundle.predictions(folder, result, label)
            file = bundle.predictions_file(folder, label, result.main_classifier)
            broken = [f"{file}{reason}" for reason in _check_rows(predictions, result)]
            verdict.reasons += broken or _check_scores(folder, label, predictions, leaks, result)
            if not broken:
                verdict.predictions[label] = predictions
        except BundleError as error:
            verdict.reasons.append(error.what)
    main = verdict.predictions.get(result.main_classifier)
    if main is not None:
        verdict.reasons += _check_subjects(folder, main)
        check = against_manifest.compare(folder, result, main)
        verdict.reasons += check.reasons
        verdict.manifest_check = check.sentence
        verdict.matches_manifest = check.matches


def run_name(result: Result) -> str:
    """The run's name, which its settings decide."""
    identity = {name: getattr(result, name) for name in ("seed", "pipeline", "dataset", "protocol", "classes")}
    started = f"-{digest(result.transfer)[:6]}" if result.transfer else ""
    return f"seed{result.seed}-{digest(identity)[:10]}{started}"


def _check_facts(result: Result) -> Iterator[str]:
    """What in ``result.json`` is out of range or contradicts itself."""
    unfit = list(islice(_unfit_values(result.model_dump(), "result"), MAX_REASONS))
    if unfit:  # such values could not even be hashed or shown
        yield from unfit
        return
    epochs = result.pipeline["embedder"]["parameters"].get("epochs", 0)
    labels = list(result.pipeline["classifiers"])
    names = [split["split"] for split in result.splits]
    tested = sum(split["test"] for split in result.splits)
    counts = result.dataset["counts"]
    rerun = result.rerun
    for holds, problem in (
        (labels == list(result.scores), f"the scores are of {list(result.scores)}, not of the classifiers {labels}"),
        (set(labels) == set(result.scores_kind), "scores_kind does not name the pipeline's classifiers"),
        (set(labels) == set(result.leak_free), "leak_free does not name every classifier"),
        (len(set(result.classes)) == len(result.classes), "a class is repeated"),
        (bundle.MISSED not in result.classes, f"a class cannot be called {bundle.MISSED}"),
        (list(counts) == result.classes, "dataset.counts does not name the classes in their order"),
        (sum(counts.values()) == result.dataset["samples"], "dataset.counts do not add up to its samples"),
        (len(set(names)) == len(names) > 0, "split names are missing or repeated"),
        (tested <= result.dataset["samples"], "more samples are tested than the dataset has"),
        (set(result.curves) <= set(names), "a curve belongs to no split of this result"),
        (set(result.best_epochs) <= set(result.curves), "a best epoch belongs to no split that has a curve"),
        (type(epochs) is int, f"the embedder's epochs are not a whole number: {epochs!r}"),
        (set(result.stored) <= set(names), "a stored model belongs to no split of this result"),
        (
            _is_past_date(result.created),
            f"created is not a date and time with an offset, or is in the future: {result.created}",
        ),
        (
            result.tier != "rescored" or result.submission is not None,
            "tier is 'rescored', but nobody is named as the submitter (ferbench submit)",
        ),
        (
            result.submission is None or result.tier != "reproduced" or rerun is not None,
            "tier is 'reproduced', but this submitted bundle has no rerun record",
        ),
        (
            rerun is None or set(rerun["accuracy"]) == set(rerun["same"]) == set(labels),
            "the rerun does not name the pipeline's classifiers",
        ),
    ):
        if not holds:
            yield problem
    for split, best in result.best_epochs.items():
        if best not in [row.get("epoch") for row in result.curves.get(split, [])]:
            yield f"the best epoch {best} of split '{split}' is not in its curve"
    yield from _check_versions(result)
    expected = run_name(result)
    if result.run != expected:
        yield f"the run is called {result.run}, but its settings give {expected}"


def _check_versions(result: Result) -> Iterator[str]:
    """Every component's distribution is among the environment's, at the same version."""
    versions = result.environment["distributions"]
    pipeline = result.pipeline
    components = [result.dataset, result.protocol, *pipeline["classifiers"].values()]
    components += [pipeline[kind] for kind in ("detector", "embedder", "loss", "sampler") if pipeline[kind]]
    for owner in sorted({component["distribution"] for component in components}):
        name, version = owner.split(" ")
        if versions.get(name) != version:
            yield f"a component is of {owner}, but the environment has {name} {versions.get(name)}"
    if "ferbench" not in versions:
        yield "the environment does not name the version of ferbench"
    if set(result.environment["estimators"]) != set(pipeline["classifiers"]):
        yield "the environment's estimators are not those of the pipeline's classifiers"


def _unfit_values(value: Any, path: str, depth: int = 0) -> Iterator[str]:
    """Values that are too deep, too long or too large, not finite, or text that cannot be shown."""
    if depth > MAX_DEPTH:
        yield f"{path[:100]} is nested too deep"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _unfit_leaf(key, f"{path}: a name")
            yield from _unfit_values(inner, f"{path}.{key}"[:200], depth + 1)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _unfit_values(inner, f"{path}.{number}", depth + 1)
    else:
        yield from _unfit_leaf(value, path)


def _unfit_leaf(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) > MAX_TEXT_CHARS:
            yield f"{path} has {len(value):,} characters"
        elif not value.isprintable():
            yield f"{path} has a control or invisible character: {value[:100]!r}"
    elif isinstance(value, int | float) and not abs(value) < MAX_NUMBER:  # true of NaN as well
        yield f"{path} is not a finite number below 2^53"


def _is_past_date(text: str) -> bool:
    try:
        return datetime.fromisoformat(text) <= datetime.now(UTC) + timedelta(days=1)
    except (ValueError, TypeError):
        return False


def _check_names(folder: Path, result: Result) -> Iterator[str]:
    """Predictions of a classifier that the result does not have."""
    expected = {bundle.predictions_file(folder, label, result.main_classifier) for label in result.scores}
    for file in sorted((folder / files.OTHERS).glob("*")):
        if file not in expected:
            yield f"{file} is of no classifier of this result"


def _check_rows(predictions: Predictions, result: Result) -> Iterator[str]:
    """Whether the rows are the test samples that the result describes, and the scores of the kind that it states."""
    if bundle.test_digest(predictions) != result.test_digest:
        yield " does not hold the test samples that result.json names by their digest"
    names, rows = np.unique(predictions.splits, return_counts=True)
    sizes = dict(zip(names.tolist(), rows.tolist(), strict=True))
    stated = {split["split"]: split["test"] for split in result.splits}
    for name in {**sizes, **stated}:
        if sizes.get(name) != stated.get(name):
            yield f": split '{name}' has {sizes.get(name, 0)} rows, result.json says {stated.get(name, 0)}"
            break
    has_face = predictions.predicted != MISS
    missed = int((~has_face).sum())
    if missed > result.faces["missed"]:
        yield f": {missed} images without a face, result.json says {result.faces['missed']}"
    scores = predictions.scores
    chosen = scores[np.arange(len(predictions)), np.where(has_face, predictions.predicted, 0)]
    largest = scores.max(axis=1) - NINE_DIGITS_TOLERANCE * np.abs(scores).max(axis=1)
    beaten = has_face & (chosen < largest)
    if predictions.scores_kind == "probability":
        for wrong, problem in (
            (((scores < 0) | (scores > 1)).any(axis=1), "a probability is not between 0 and 1"),
            (np.abs(scores.sum(axis=1) - 1) > SUM_TOLERANCE, "the probabilities do not sum to one"),
            (beaten, "the predicted class is not the most probable one"),
        ):
            if wrong.any():
                yield f", line {int(wrong.argmax()) + 2}: {problem} ({int(wrong.sum())} in all)"
    elif beaten.mean() > MAX_SHARE_OF_TIES:
        line = int(beaten.argmax()) + 2
        yield f", line {line}: {beaten.mean():.0%} of the predictions are not the class of the largest value"


def _check_scores(
    folder: Path, label: str, predictions: Predictions, leaks: list[Leak], result: Result
) -> Iterator[str]:
    """Scores that differ from what the predictions give."""
    yield from _differences(folder, label, score(predictions), result.scores[label])
    leaking = leak_list.mask(leaks, predictions, folder)
    for split in result.splits:
        counted = split["leaks"]["test_images"]
        listed = int(leaking[predictions.splits == split["split"]].sum())
        if counted != listed:
            file = folder / files.LEAKS
            yield f"{file} lists {listed} test images of split '{split['split']}', its audit counted {counted}"
    leak_free = score_leak_free(predictions, leaking)
    yield from _differences(folder, label, leak_free, result.leak_free[label], "leak-free ")


def _differences(folder: Path, label: str, computed: BaseModel, stated: BaseModel, which: str = "") -> Iterator[str]:
    for name, value in computed.model_dump().items():
        if not _is_close(value, getattr(stated, name)):
            yield (
                f"{folder / files.RESULT} says {which}{name} = {getattr(stated, name)} for {label}, "
                f"its predictions give {value}"
            )


def _is_close(value: Any, stated: Any) -> bool:
    if isinstance(value, list | tuple) and stated is not None:
        return len(value) == len(stated) and all(_is_close(a, b) for a, b in zip(value, stated, strict=True))
    if isinstance(value, float) and stated is not None:
        return math.isclose(value, stated, abs_tol=SCORE_TOLERANCE)
    return bool(value == stated)


def _check_subjects(folder: Path, predictions: Predictions) -> Iterator[str]:
    """``subjects.csv`` names the test samples and no others."""
    subjects = bundle.read_subjects(folder)
    if subjects is None:
        return
    differing = set(subjects) ^ set(predictions.ids.tolist())
    if differing:
        file = folder / files.SUBJECTS
        yield f"{file} does not name the test samples: {len(differing)} differ, such as {min(differing)}"
