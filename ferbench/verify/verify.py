"""Whether a bundle can be believed: every score recomputed, and all that it says held against all else that is known.

Data only: nothing of a bundle is imported, run, or followed to another place. All reasons are collected, not the first
alone; a check that needs what an earlier one found broken is left out.
"""

from __future__ import annotations

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
from ferbench.bundles.scores import MISS, score, score_leak_free
from ferbench.data import Predictions
from ferbench.errors import BundleError, printable
from ferbench.support.hashing import digest
from ferbench.verify import against_manifest

NINE_DIGITS = 1e-8
UNITY = 1e-5
"""How far probabilities may sum from one: float32 arithmetic is off by 3e-7."""
TIES = 0.1
"""Share of predictions that may differ from the largest decision value: an SVM's pairs vote, and votes may tie."""
DEEPEST, LONGEST, GREATEST = 12, 4000, 2**53
SAID = 20
"""Reasons that are given of one bundle."""


@dataclass
class Verdict:
    """What was found in a bundle: its result (if it could be read), the reasons against it, and what its ids, labels
    and splits were compared with, in a sentence; ``known`` says that they agree with a manifest. ``predictions`` are by
    classifier, those of the first one first."""

    result: Result | None = None
    predictions: dict[str, Predictions] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    compared: str = ""
    known: bool = False


def require(folder: Path) -> Verdict:
    """The verdict on a bundle without a fault. Raises one ``BundleError`` with all the reasons, a line each."""
    verdict = judge(folder)
    if verdict.result is None or verdict.reasons:
        raise BundleError("\n".join(verdict.reasons), fix="restore the files that ferbench wrote, or run it again")
    return verdict


def verified(folder: Path) -> Result:
    """The result of a bundle in which nothing is wrong. Raises ``BundleError``."""
    result = require(folder).result
    assert result is not None  # or it would have raised
    return result


def judge(folder: Path) -> Verdict:
    """Checks a bundle whole."""
    verdict = Verdict()
    try:
        verdict.reasons += files.problems(folder)
        if not verdict.reasons:
            verdict.result = bundle.read(folder)
            verdict.reasons += (f"{folder / files.RESULT}: {one}" for one in _facts(verdict.result))
        if verdict.result is not None and not verdict.reasons:
            verdict.reasons += _names(folder, verdict.result)
            verdict.predictions, broken = _predictions(folder, verdict.result)
            verdict.reasons += broken
            predictions = verdict.predictions.get(next(iter(verdict.result.scores)))
            if predictions is not None:
                verdict.reasons += _subjects(folder, predictions)
                found = against_manifest.compare(folder, verdict.result, predictions)
                verdict.reasons += found.reasons
                verdict.compared, verdict.known = found.compared, found.known
    except BundleError as error:
        verdict.reasons.append(error.what)
    reasons = [printable(reason[:1000]) for reason in verdict.reasons]
    more = [f"and {len(reasons) - SAID} more"] if len(reasons) > SAID else []
    verdict.reasons = reasons[:SAID] + more
    return verdict


def _facts(result: Result) -> Iterator[str]:
    """What in ``result.json`` is out of range or contradicts itself."""
    odd = list(islice(_plain(result.model_dump(), "result"), SAID))
    if odd:  # such values could not even be hashed or shown
        yield from odd
        return
    epochs = result.pipeline["embedder"]["parameters"].get("epochs", 0)
    labels, names = list(result.pipeline["classifiers"]), [split["split"] for split in result.splits]
    tested = sum(split["test"] for split in result.splits)
    counts = result.dataset["counts"]
    for right, what in (
        (
            labels == list(result.scores),
            f"the scores are of {list(result.scores)}, the pipeline's classifiers {labels}",
        ),
        (set(labels) == set(result.scores_kind), "scores_kind does not name the pipeline's classifiers"),
        (not result.leak_free or set(labels) == set(result.leak_free), "leak_free does not name every classifier"),
        (0 <= result.seed < 2**32, f"the seed {result.seed} is not from 0 to 2^32 - 1"),
        (2 <= len(set(result.classes)) == len(result.classes), "the classes are fewer than two, or not different"),
        (bundle.MISSED not in result.classes, f"no class can be called {bundle.MISSED}"),
        (list(counts) == result.classes, "dataset.counts does not name the classes in their order"),
        (sum(counts.values()) == result.dataset["samples"], "dataset.counts do not add up to its samples"),
        (len(set(names)) == len(names) > 0, "the splits' names are not different, or there are none"),
        (tested <= result.dataset["samples"], "more samples are tested than the dataset has"),
        (set(result.curves) <= set(names), "a curve is of no split of this result"),
        (set(result.best_epochs) <= set(result.curves), "a best epoch is of no split that has a curve"),
        (type(epochs) is int, f"the embedder's epochs are no whole number: {epochs!r}"),
        (set(result.stored) <= set(names), "a stored model is of no split of this result"),
        (
            _is_date(result.created),
            f"created is no date and time with an offset, or lies in the future: {result.created}",
        ),
        (all(seconds >= 0 for seconds in result.stages.values()), "a stage took less than no time"),
        (result.peak_memory_mb >= 0 and (result.parameters or 0) >= 0, "memory or parameters are negative"),
        (
            result.tier != "rescored" or result.submission is not None,
            "its tier is rescored, but it does not say who handed it in (ferbench submit)",
        ),
        (
            result.submission is None or result.tier != "reproduced" or result.rerun is not None,
            "it was handed in, and its tier is reproduced without a rerun",
        ),
        (
            result.rerun is None or set(result.rerun["accuracy"]) == set(result.rerun["same"]) == set(labels),
            "the rerun does not speak of the pipeline's classifiers",
        ),
    ):
        if not right:
            yield what
    for split, best in result.best_epochs.items():
        if best not in [row.get("epoch") for row in result.curves.get(split, [])]:
            yield f"the best epoch {best} of split '{split}' is not in its curve"
    yield from _versions(result)
    expected = run_name(result)
    if result.run != expected:
        yield f"the run is called {result.run}, but its settings give {expected}"


def run_name(result: Result) -> str:
    """The run's name, which its settings decide."""
    identity = {name: getattr(result, name) for name in ("seed", "pipeline", "dataset", "protocol", "classes")}
    started = f"-{digest(result.transfer)[:6]}" if result.transfer else ""
    return f"seed{result.seed}-{digest(identity)[:10]}{started}"


def _versions(result: Result) -> Iterator[str]:
    """Every part's distribution is among the environment's, at the same version."""
    stated = result.environment["distributions"]
    pipeline = result.pipeline
    parts = [result.dataset, result.protocol, *pipeline["classifiers"].values()]
    parts += [pipeline[kind] for kind in ("detector", "embedder", "loss", "sampler") if pipeline[kind]]
    for owner in sorted({part["distribution"] for part in parts}):
        name, version = owner.split(" ")
        if stated.get(name) != version:
            yield f"a part is of {owner}, but the environment has {name} {stated.get(name)}"
    if "ferbench" not in stated:
        yield "the environment does not name the version of ferbench"
    named = result.environment.get("estimators", {})
    if named and set(named) != set(pipeline["classifiers"]):
        yield "the environment's estimators are not those of the pipeline's classifiers"


def _plain(value: Any, where: str, depth: int = 0) -> Iterator[str]:
    """What is too deep, too long or too large, no finite number, or text that could not be shown."""
    if depth > DEEPEST:
        yield f"{where[:100]} is nested too deep"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaf(key, f"{where}: a name")
            yield from _plain(inner, f"{where}.{key}"[:200], depth + 1)
    elif isinstance(value, list | tuple):
        if (  # a row of numbers, of which there are many, at once
            depth < DEEPEST
            and set(map(type, value)) <= {int, float}
            and all(-GREATEST < number < GREATEST for number in value)
        ):
            return
        for number, inner in enumerate(value):
            yield from _plain(inner, f"{where}.{number}", depth + 1)
    else:
        yield from _leaf(value, where)


def _leaf(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) > LONGEST:
            yield f"{where} has {len(value):,} characters"
        elif not value.isprintable():
            yield f"{where} has a control or invisible character: {value[:100]!r}"
    elif isinstance(value, int | float) and not abs(value) < GREATEST:  # of NaN too
        yield f"{where} is no finite number of a bearable size"


def _is_date(text: str) -> bool:
    try:
        return datetime.fromisoformat(text) <= datetime.now(UTC) + timedelta(days=1)
    except (ValueError, TypeError):
        return False


def _names(folder: Path, result: Result) -> Iterator[str]:
    """Predictions of a classifier that the result does not have."""
    first, *others = result.scores
    known = {bundle.predictions_file(folder, label, first) for label in others}
    for file in sorted((folder / files.OTHERS).glob("*")):
        if file not in known:
            yield f"{file} is of no classifier of this result"
    if (folder / files.LEAKS).exists() and not result.leak_free:
        yield f"{folder / files.LEAKS} is there, but the result has no leak-free scores"


def _predictions(folder: Path, result: Result) -> tuple[dict[str, Predictions], list[str]]:
    """The predictions of each classifier that are the test samples', and the reasons against all of them."""
    first, kept, reasons = next(iter(result.scores)), dict[str, Predictions](), list[str]()
    for label in result.scores:
        file = bundle.predictions_file(folder, label, first)
        try:
            predictions = bundle.read_predictions(file, result, result.scores_kind[label])
            broken = [f"{file}{one}" for one in _rows(predictions, result)]
            reasons += broken or _scores(folder, label, predictions, result)
            if not broken:
                kept[label] = predictions
        except BundleError as error:
            reasons.append(error.what)
    return kept, reasons


def _rows(predictions: Predictions, result: Result) -> Iterator[str]:
    """Whether the rows are the test samples that the result speaks of, and the scores what they are said to be."""
    if bundle.test_digest(predictions) != result.test_digest:
        yield " does not hold the test samples that result.json names by their digest"
    sizes = dict(zip(*(found.tolist() for found in np.unique(predictions.splits, return_counts=True)), strict=True))
    stated = {split["split"]: split["test"] for split in result.splits}
    if sizes != stated:
        name = next(name for name in {**sizes, **stated} if sizes.get(name) != stated.get(name))
        yield f": split '{name}' has {sizes.get(name, 0)} rows, result.json says {stated.get(name, 0)}"
    found = predictions.predicted != MISS
    if (~found).sum() > result.faces["missed"]:
        yield f": {(~found).sum()} images without a face, result.json says {result.faces['missed']}"
    scores, rows = predictions.scores, np.arange(len(predictions))
    chosen = scores[rows, np.where(found, predictions.predicted, 0)]
    beaten = found & (chosen < scores.max(axis=1) - NINE_DIGITS * np.abs(scores).max(axis=1))
    if predictions.scores_kind == "probability":
        checks = (
            (((scores < 0) | (scores > 1)).any(axis=1), "a probability is not within 0 and 1"),
            (np.abs(scores.sum(axis=1) - 1) > UNITY, "the probabilities do not sum to one"),
            (beaten, "the predicted class is not the most probable one"),
        )
        for wrong, what in checks:
            if wrong.any():
                yield f", line {int(wrong.argmax()) + 2}: {what} ({int(wrong.sum())} in all)"
    elif beaten.sum() > TIES * len(beaten):
        share, line = beaten.mean(), int(beaten.argmax()) + 2
        yield f", line {line}: {share:.0%} of the predictions are not the class of the largest value"


def _scores(folder: Path, label: str, predictions: Predictions, result: Result) -> Iterator[str]:
    """Scores that differ from what the predictions give."""
    yield from _differences(folder, label, score(predictions), result.scores[label])
    if result.leak_free:
        file = folder / files.LEAKS
        marked = leak_list.mask(files.text(file), predictions, str(file))
        for split in result.splits:
            counted = (split.get("leaks") or {"test_images": 0})["test_images"]
            listed = int(marked[predictions.splits == split["split"]].sum())
            if counted != listed:
                yield f"{file} lists {listed} test images of split '{split['split']}', its audit counted {counted}"
        yield from _differences(
            folder, label, score_leak_free(predictions, marked), result.leak_free[label], "leak-free "
        )


def _differences(folder: Path, label: str, computed: BaseModel, stated: BaseModel, which: str = "") -> Iterator[str]:
    for name, value in computed.model_dump().items():
        if not _close(value, getattr(stated, name)):
            yield (
                f"{folder / files.RESULT} says {which}{name} = {getattr(stated, name)} for {label}, "
                f"its predictions give {value}"
            )


def _close(value: Any, stated: Any) -> bool:
    if isinstance(value, list | tuple) and stated is not None:
        return len(value) == len(stated) and all(_close(a, b) for a, b in zip(value, stated, strict=True))
    if isinstance(value, float) and stated is not None:
        return math.isclose(value, stated, abs_tol=1e-9)
    return bool(value == stated)


def _subjects(folder: Path, predictions: Predictions) -> Iterator[str]:
    """``subjects.csv`` names the test samples and no others."""
    subjects = bundle.read_subjects(folder)
    if subjects is not None and (odd := set(subjects) ^ set(predictions.ids.tolist())):
        yield f"{folder / files.SUBJECTS} does not name the test samples: {len(odd)} differ, such as {min(odd)}"
