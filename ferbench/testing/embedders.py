"""Rules for embedders: what ``embed`` gives, and what it may hang on."""

from __future__ import annotations

import numpy as np

from ferbench.errors import FerbenchError
from ferbench.testing.examples import crops, st, tried
from ferbench.testing.fitting import CLASSES, COUNT, Rows, fit, fitted, loss_and_sampler
from ferbench.testing.rules import BrokenRuleError, Skipped, expect, rule
from ferbench.testing.trial import Trial, seed_everything


@rule("embedder")
def a_missing_loss_is_no_surprise(trial: Trial) -> None:
    """``fit`` without a loss and a sampler works, or raises a ``FerbenchError`` that asks for them."""
    try:
        loss_and_sampler(trial)
    except Skipped:
        return
    except Exception as error:  # whatever it is, a person sees a traceback
        raise BrokenRuleError(f"it raised {type(error).__name__}: {error}") from error


@rule("embedder")
def fit_gives_an_embedder(trial: Trial) -> None:
    """``fit`` returns what embeds: itself, usually."""
    found = fitted(trial)
    expect(callable(getattr(found, "embed", None)), f"it returns {type(found).__name__}, which has no embed")


@rule("embedder")
def embeddings_are_float32(trial: Trial) -> None:
    """``embed`` gives finite float32 [N, D] for uint8 [N, S, S], D being ``embedding_size``, and [0, D] for none."""
    for count in (5, 1, 0):
        rows = fitted(trial).embed(crops(count)[0])
        kind, shape = getattr(rows, "dtype", type(rows).__name__), np.shape(rows)
        wanted = (count, fitted(trial).embedding_size)
        expect(kind == np.float32 and shape == wanted, f"{count} crops give {kind} {shape}, not float32 {wanted}")
        expect(np.isfinite(rows).all(), "there are values that are not finite")


@rule("embedder")
def a_row_hangs_on_its_image_alone(trial: Trial) -> None:
    """An embedding is the same, to the last bit, in any batch: alone, among others, in another order."""
    images = crops(70, seed=5)[0]
    together = fitted(trial).embed(images)

    def some(chosen: list[int]) -> None:
        rows = np.array(chosen, np.int64)
        off = np.abs(fitted(trial).embed(images[rows]) - together[rows]).max()
        expect(off == 0, f"it differs by up to {off:.2g} in a batch of {len(rows)} (pad batches to one size)")

    some([7])
    some(list(range(69, -1, -1)))
    tried(some, examples=6, chosen=st.lists(st.integers(0, 69), min_size=1, max_size=40))


@rule("embedder")
def images_tell_embeddings_apart(trial: Trial) -> None:
    """Different crops have different embeddings."""
    rows = fitted(trial).embed(crops(6, seed=5)[0])
    expect(len(np.unique(rows, axis=0)) == len(rows), f"some of {len(rows)} crops have the same embedding")


@rule("embedder")
def its_inputs_are_not_written(trial: Trial) -> None:
    """Crops and labels are the same after ``fit`` and ``embed``."""
    images, labels = crops(COUNT, CLASSES)
    before = images.copy(), labels.copy()
    fit(trial, images=images, labels=labels).embed(images)
    expect(np.array_equal(images, before[0]), "it wrote into the crops")
    expect(np.array_equal(labels, before[1]), "it wrote into the labels")


@rule("embedder")
def crops_need_not_be_an_array(trial: Trial) -> None:
    """``fit`` and ``embed`` ask of the crops no more than a length, an index array and a slice (``ImageRows``)."""
    images = crops(COUNT, CLASSES)[0]
    try:
        rows = fit(trial, images=Rows(images)).embed(Rows(images))
    except (TypeError, AttributeError, ValueError) as error:
        raise BrokenRuleError(f"crops that are no array raised {type(error).__name__}: {error}") from error
    expect(np.array_equal(rows, fitted(trial).embed(images)), "crops that are no array have other embeddings")


@rule("embedder")
def one_seed_gives_one_embedder(trial: Trial) -> None:
    """Two fits with generators of one seed give the same embeddings to the last bit, whatever the global random
    state."""
    images = crops(6, seed=5)[0]
    first = fitted(trial).embed(images)
    seed_everything(2)
    off = np.abs(fit(trial).embed(images) - first).max()
    expect(off == 0, f"they differ by up to {off:.2g}")


@rule("embedder")
def what_it_refuses_it_explains(trial: Trial) -> None:
    """Labels of a single class are trained on, or refused by a ``FerbenchError`` with a fix."""
    try:
        fit(trial, labels=np.zeros(COUNT, np.int64)).embed(crops(2)[0])
    except FerbenchError as error:
        expect(error.fix, f"the {type(error).__name__} has no fix: {error.what}")
