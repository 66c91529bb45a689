"""Rules for embedders: what ``embed`` and ``class_scores`` give, and what it may depend on."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.interfaces import ClassScores, Trainable
from ferbench.testing.examples import crops, st, tried
from ferbench.testing.fitting import CLASSES, COUNT, Rows, fitted
from ferbench.testing.rules import BrokenRuleError, Skipped, expect, rule
from ferbench.testing.trial import Trial


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
def a_row_depends_on_its_image_alone(trial: Trial) -> None:
    """An embedding is the same, to the last bit, in any batch: alone, among others, in another order."""
    _rows_are_independent(fitted(trial).embed)


@rule("embedder")
def images_tell_embeddings_apart(trial: Trial) -> None:
    """Different crops have different embeddings."""
    rows = fitted(trial).embed(crops(6, seed=5)[0])
    expect(len(np.unique(rows, axis=0)) == len(rows), f"some of {len(rows)} crops have the same embedding")


@rule("embedder")
def its_inputs_are_not_written(trial: Trial) -> None:
    """Crops are the same after ``embed``."""
    images = crops(COUNT)[0]
    before = images.copy()
    fitted(trial).embed(images)
    expect(np.array_equal(images, before), "it wrote into the crops")


@rule("embedder")
def crops_need_not_be_an_array(trial: Trial) -> None:
    """``embed`` needs of the crops no more than a length, an index array and a slice (``ImageRows``)."""
    images = crops(COUNT)[0]
    try:
        rows = fitted(trial).embed(Rows(images))
    except (TypeError, AttributeError, ValueError) as error:
        raise BrokenRuleError(f"crops that are not an array raised {type(error).__name__}: {error}") from error
    expect(np.array_equal(rows, fitted(trial).embed(images)), "crops that are not an array have other embeddings")


@rule("embedder")
def class_scores_are_what_they_say(trial: Trial) -> None:
    """``class_scores`` gives float [N, C], a column per class, NaN in whole columns only; probabilities are in [0, 1]
    and add up to 1."""
    embedder = fitted(trial)
    if not isinstance(embedder, ClassScores):
        raise Skipped("it has no class scores of its own")
    expect(embedder.scores_kind in ("probability", "decision"), f"scores_kind is {embedder.scores_kind!r}")
    columns = {CLASSES} if isinstance(embedder, Trainable) else {np.shape(embedder.class_scores(crops(1)[0]))[-1]}
    for count in (5, 1, 0):
        scores = embedder.class_scores(crops(count)[0])
        sound = np.shape(scores) in {(count, width) for width in columns} and np.issubdtype(scores.dtype, np.floating)
        expect(sound, f"{count} crops give {scores.dtype} {np.shape(scores)}, not float [{count}, {min(columns)}]")
        if not count:
            continue
        missing = np.isnan(scores)
        expect((missing == missing[0]).all() and not missing.all(), "NaN is in a part of a column, or in all of them")
        if embedder.scores_kind == "probability":
            total = np.nansum(scores, axis=1)
            expect(np.nanmin(scores) >= 0 and np.allclose(total, 1, atol=1e-3), f"a row adds up to {total.max():.3g}")
    _rows_are_independent(embedder.class_scores)


def _rows_are_independent(embed: Callable[[Any], NDArray[Any]]) -> None:
    images = crops(70, seed=5)[0]
    together = embed(images)

    def some(chosen: list[int]) -> None:
        rows = np.array(chosen, np.int64)
        off = np.nanmax(np.abs(embed(images[rows]) - together[rows]))
        expect(off == 0, f"it differs by up to {off:.2g} in a batch of {len(rows)} (pad batches to one size)")

    some([7])
    some(list(range(69, -1, -1)))
    tried(some, examples=6, chosen=st.lists(st.integers(0, 69), min_size=1, max_size=40))
