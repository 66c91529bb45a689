"""Rules for classifiers: scikit-learn's own checks, and what a run asks of them as well."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import SkipTest

import numpy as np

from ferbench.data import Embeddings, Labels
from ferbench.errors import ModelError
from ferbench.running.class_scores import class_scores, takes_class_scores
from ferbench.testing.examples import blobs
from ferbench.testing.rules import BrokenRuleError, Skipped, expect, rule
from ferbench.testing.trial import Trial, seed_everything

NOT_ASKED = ("sample_weight", "sparse")
"""scikit-learn's checks of what ferbench never hands over are left out: weights of samples, sparse matrices."""
MAX_FAILURES = 5
"""Failed checks that a message names."""
MIN_SHARE_OF_DECISIONS = 0.95
"""Share of predictions that have the largest decision value: an SVM's pairs vote, and votes may tie."""


@contextmanager
def _quiet() -> Iterator[None]:
    """Warnings (of no convergence, for example) belong in a run's result; here they decide nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _inputs(trial: Trial, count: int, classes: int, seed: int = 0) -> tuple[Embeddings, Labels]:
    """Embeddings [count, 8] and labels, or class scores [count, classes] for a classifier that takes those."""
    return blobs(count, classes, size=classes if takes_class_scores(trial.component) else 8, seed=seed)


def _uneven_inputs(trial: Trial, count: int, classes: int, seed: int = 0) -> tuple[Embeddings, Labels]:
    """The same inputs, embeddings with dimensions of very different spread: distances and likelihoods then differ."""
    rows, labels = _inputs(trial, count, classes, seed)
    if not takes_class_scores(trial.component):
        rows = rows * np.geomspace(0.1, 10, rows.shape[1], dtype=np.float32)
    return rows, labels


def _fitted(trial: Trial, classes: int, codes: Any = None) -> Any:
    """Fitted on 60 rows of ``classes`` classes, coded 0, 1, ... or by ``codes``."""
    rows, labels = _inputs(trial, 60, classes)
    with _quiet():
        return trial.build().fit(rows, labels if codes is None else np.asarray(codes, np.int64)[labels])


def _skip_if_it_takes_class_scores(trial: Trial) -> None:
    if takes_class_scores(trial.component):
        raise Skipped("it takes class scores, not embeddings")


@rule("classifier")
def it_passes_scikit_learns_checks(trial: Trial) -> None:
    """scikit-learn's ``check_estimator`` holds, but for what no run asks for: weights of samples, sparse matrices."""
    from sklearn.utils.estimator_checks import estimator_checks_generator  # slow: not for plugins without classifiers

    _skip_if_it_takes_class_scores(trial)
    failed = []
    with _quiet():
        for estimator, check in estimator_checks_generator(trial.build()):
            name = check.func.__name__
            if any(word in name for word in NOT_ASKED):
                continue
            try:
                check(estimator)
            except SkipTest:
                continue
            except Exception as error:  # a check fails by whatever the estimator raises
                failed.append(f"{name}: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
    more = f"; and {len(failed) - MAX_FAILURES} more" if len(failed) > MAX_FAILURES else ""
    expect(not failed, f"{len(failed)} failed: {'; '.join(failed[:MAX_FAILURES])}{more}")


@rule("classifier")
def it_predicts_the_classes_it_was_given(trial: Trial) -> None:
    """``classes_`` are the labels of ``fit`` in order, int64, gaps and all, and nothing else is predicted."""
    _skip_if_it_takes_class_scores(trial)
    codes = [1, 4, 6]
    fitted = _fitted(trial, 3, codes)
    expect(fitted.classes_.tolist() == codes, f"classes_ is {fitted.classes_!r} for the labels {codes}")
    predicted = fitted.predict(blobs(40, 3, seed=1)[0])
    expect(set(np.unique(predicted).tolist()) <= set(codes), f"it predicts {np.unique(predicted).tolist()} for {codes}")
    expect(np.asarray(predicted).dtype == np.int64, f"it predicts {np.asarray(predicted).dtype}, not int64")


@rule("classifier")
def it_scores_every_class(trial: Trial) -> None:
    """``predict_proba`` or ``decision_function`` gives a finite column per class, the highest for the predicted one."""
    for classes in (2, 5):
        rows, labels = _uneven_inputs(trial, 60, classes)
        with _quiet():
            fitted = trial.build().fit(rows, labels)
        rows = _uneven_inputs(trial, 40, classes, seed=1)[0]
        methods = [name for name in ("predict_proba", "decision_function") if hasattr(fitted, name)]
        expect(methods, "it has neither predict_proba nor decision_function")
        shape = np.shape(getattr(fitted, methods[0])(rows))
        one_column = shape == (len(rows),) and (classes, methods[0]) == (2, "decision_function")
        expect(shape == (len(rows), classes) or one_column, f"{methods[0]} of {classes} classes has the shape {shape}")
        scores = class_scores(fitted, rows, classes)
        expect(np.isfinite(scores).all(), f"{methods[0]} of {classes} classes is not finite")
        if methods[0] == "predict_proba":
            expect(np.allclose(scores.sum(axis=1), 1, rtol=0, atol=1e-5), "the probabilities do not add up to one")
        predicted = scores[np.arange(len(rows)), fitted.predict(rows)]
        share = float((predicted >= scores.max(axis=1)).mean())
        least = 1 if methods[0] == "predict_proba" else MIN_SHARE_OF_DECISIONS
        expect(share >= least, f"the highest score is the predicted class for {share:.0%} of the rows")


@rule("classifier")
def one_training_set_gives_one_classifier(trial: Trial) -> None:
    """Fitted twice on the same rows, it predicts and scores the same, whatever the global random state."""
    rows = _inputs(trial, 40, 3, seed=1)[0]
    scores = []
    for seed in (1, 2):
        seed_everything(seed)
        scores.append(class_scores(_fitted(trial, 3), rows, 3))
    expect((scores[0] == scores[1]).all(), f"scores differ by up to {np.abs(scores[0] - scores[1]).max():.2g}")


@rule("classifier")
def a_row_does_not_depend_on_the_others(trial: Trial) -> None:
    """The scores of a row do not depend on the rows next to it."""
    fitted = _fitted(trial, 3)
    rows = _inputs(trial, 40, 3, seed=1)[0]
    together = class_scores(fitted, rows, 3)
    order = np.random.default_rng(0).permutation(len(rows))
    for how, chosen in (("in another order", order), ("alone", np.array([7]))):
        scores = class_scores(fitted, rows[chosen], 3)
        expect(np.allclose(scores, together[chosen], rtol=1e-6, atol=1e-8), f"rows {how} get other scores")


@rule("classifier")
def embeddings_are_not_written(trial: Trial) -> None:
    """Embeddings and labels are the same after ``fit`` and ``predict``."""
    rows, labels = _inputs(trial, 60, 3)
    before = rows.copy(), labels.copy()
    with _quiet():
        trial.build().fit(rows, labels).predict(rows)
    expect(np.array_equal(rows, before[0]), "it wrote into the embeddings")
    expect(np.array_equal(labels, before[1]), "it wrote into the labels")


@rule("classifier")
def it_can_be_stored(trial: Trial) -> None:
    """A fitted one is stored by skops and read back with no other types than ``Entry.stores`` names, and scores the
    same."""
    from ferbench.running import classifier_file  # imports skops, which is as slow

    for classes in (2, 3):
        file = trial.folder() / "classifier.skops"
        rows = _inputs(trial, 40, classes, seed=1)[0]
        try:
            classifier_file.write(_fitted(trial, classes), file, trial.entry, rows)
        except ModelError as error:
            raise BrokenRuleError(error.what) from error
