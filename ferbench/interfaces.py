"""What each component must do. Typing protocols only: a component inherits nothing from ferbench.

Stages exchange numpy arrays: images uint8, labels int64, embeddings float32. A component's factory (the entry's target)
has explicit, typed, defaulted parameters and no ``**kwargs``: its signature is the schema that ``ferbench show`` prints
and that pipelines are checked against. An annotation may carry its range: ``Annotated[float, annotated_types.Gt(0)]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ferbench.data import (
    Embeddings,
    Epoch,
    Face,
    ImageRows,
    Images,
    Indices,
    Labels,
    Samples,
    Scenes,
    ScoresKind,
    Split,
)

Selection = Literal["validation", "test", "last"]


@runtime_checkable
class Dataset(Protocol):
    """Turns the files as their owners distribute them into ``Samples``.

    ``default_protocol`` names the protocol that a run uses by default; ``needs_data`` is False for generated data.
    """

    default_protocol: ClassVar[str]
    needs_data: ClassVar[bool]

    def load(self, data: Path | None) -> Samples:
        """The samples under ``data`` (a folder or a file). Never downloads gated data.

        Raises ``DataError``: what is missing or broken (all of it in one error), where to request it, its licence.
        """
        ...


@runtime_checkable
class EvaluationProtocol(Protocol):
    """Says which samples may be used for what.

    ``selection`` is what the embedder's epoch is chosen on: "validation", "test" (as the paper does; always
    optimistic) or "last" (the last epoch, nothing chosen). It may be a parameter, as it is of the core's protocols.
    """

    @property
    def selection(self) -> Selection: ...

    def why_optimistic(self, samples: Samples) -> str | None:
        """Why scores on ``samples`` are too good to be compared with a leak-free protocol's, or ``None``."""
        ...

    def splits(self, samples: Samples, seed: int) -> Sequence[Split]:
        """One or more splits, the same for the same ids and seed in whatever order. Raises ``SplitError``.

        Their names differ and are fit to name folders; no sample is in the test side of two.
        """
        ...


@runtime_checkable
class Detector(Protocol):
    """Finds faces. Can be pickled, used or not, as worker processes get copies.

    ``fingerprint`` covers all that its answers depend on: version, parameters, weights' SHA-256. One whose faces all
    have landmarks says so by an attribute ``landmarks = True``, which ``faces.align`` asks for. A class whose
    parameters hold back weak answers names values that do not, ``lenient = {"score_threshold": 0.02}``: average
    precision needs them (``ferbench detectors``).
    """

    @property
    def fingerprint(self) -> str: ...

    def detect(self, image: Images) -> list[Face]:
        """Faces in an RGB image uint8 [H, W, 3], best score first; boxes in pixels, clipped to the image."""
        ...


@runtime_checkable
class SceneSet(Protocol):
    """Turns annotated pictures, as their owners distribute them or as they are drawn, into ``Scenes``.

    ``needs_data`` is False for generated pictures.
    """

    needs_data: ClassVar[bool]

    def load(self, data: Path | None) -> Scenes:
        """The pictures under ``data`` (a folder or a file) and the faces in them. Never downloads gated data.

        Raises ``DataError``: what is missing or broken (all of it in one error), where to request it, its licence.
        """
        ...


@runtime_checkable
class Embedder(Protocol):
    """Turns crops into embeddings.

    The protocols after it (``Trainable``, ``ClassScores``, ``OnnxExport``, ``Costed``) are what an embedder may offer
    as well; it offers one by having all its members. ``weight_count``, an int, is how many weights it has, for the
    result; that may be left out.
    """

    @property
    def embedding_size(self) -> int: ...

    def embed(self, crops: ImageRows) -> Embeddings:
        """float32 [N, D] for uint8 [N, S, S]. A row depends on its image alone: not on batch size or order."""
        ...


class TrainingMonitor(Protocol):
    """What ``Trainable.fit`` reports to, at the end of each epoch. Keeps test labels out of the embedder."""

    def wants(self, epoch: int) -> bool:
        """Whether epoch ``epoch`` (from 1) is scored; the last one always is."""
        ...

    def score(self, epoch: Epoch, embedder: Embedder) -> float:
        """Scores ``embedder`` as it is now: fits the classifiers on the training side and gives the validation
        accuracy in [0, 1].

        NaN where the protocol holds no validation set out (selection "last").
        """
        ...

    def step(self, *, epoch: int, batch: int, batches: int, images: int, loss: float) -> None:
        """One batch is done, for the progress bar."""
        ...

    def warn(self, message: str) -> None:
        """Something that belongs in the result, such as a collapsed loss."""
        ...

    def is_best(self) -> bool:
        """Whether the epoch just scored is the one to keep so far, by the protocol's selection rule."""
        ...


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """What a training is given besides its crops and labels.

    ``num_classes`` is the dataset's, even if a class has no training sample. ``loss`` and ``sampler`` are the
    pipeline's, ``None`` if it has none. ``rng`` is seeded by the run: all that is random comes from it. ``checkpoint``
    is a folder in which ``fit`` may keep what it needs to continue after it was killed, or ``None``.
    """

    num_classes: int
    loss: Loss | None
    sampler: Sampler | None
    monitor: TrainingMonitor
    rng: np.random.Generator
    checkpoint: Path | None


@runtime_checkable
class Trainable(Protocol):
    """What an embedder that is trained offers as well as ``Embedder``."""

    def fit(self, crops: ImageRows, labels: Labels, job: TrainingJob) -> Self:
        """Trains on crops uint8 [N, S, S] and labels int64 [N]; keeps the weights of the monitor's best epoch.

        Starts from the weights that ``load`` took, if it was called before: that is how ``--init`` hands them over.
        """
        ...

    def save(self, folder: Path) -> None:
        """Writes the trained weights into ``folder``, without pickle."""
        ...

    def load(self, path: Path) -> Self:
        """Takes back what ``save`` wrote: its folder, or one file of weights alone. Raises ``WeightsError``."""
        ...


@runtime_checkable
class ClassScores(Protocol):
    """What an embedder may offer as well: class scores of its own, which a classifier such as ``own-scores`` takes.

    ``scores_kind`` says what they are: "probability" (in [0, 1], a row adds up to 1) or "decision" (any scale, the
    highest is the prediction). One that is trained has scores for ``TrainingJob.num_classes`` classes.
    """

    @property
    def scores_kind(self) -> ScoresKind: ...

    def class_scores(self, crops: ImageRows) -> NDArray[np.floating[Any]]:
        """Float [N, C] for uint8 [N, S, S], a column per class of the dataset, NaN throughout for a class that it does
        not know. A row depends on its image alone."""
        ...


@runtime_checkable
class OnnxExport(Protocol):
    """What an embedder may offer as well: itself as one ONNX graph, for ``ferbench export``."""

    def export_onnx(self, file: Path, size: int) -> None:
        """Writes ``file``: input ``crops`` uint8 [N, S, S] with S = ``size``, output ``embeddings`` float32 [N, D].

        The graph does all that ``embed`` does, for any N; the weights are in it.
        """
        ...


@runtime_checkable
class Costed(Protocol):
    """What an embedder may offer as well: how much it computes, for the leaderboard."""

    def macs(self, size: int) -> int:
        """Multiply-accumulates of ``embed`` for one crop uint8 [S, S] with S = ``size``."""
        ...


@runtime_checkable
class Loss(Protocol):
    """A training loss. Its learnable weights, if any, are made in ``prepare`` and are ``torch.nn.Parameter``s of it.

    It is finite for any batch, also of one sample or one class; the order of a batch's rows means nothing.
    """

    def prepare(self, embedding_size: int, num_classes: int) -> None:
        """Called once, seeded, before the first batch."""
        ...

    def __call__(self, embeddings: Any, labels: Any) -> Any:
        """Scalar tensor for embeddings float [B, D] and labels int64 [B]."""
        ...


@runtime_checkable
class Sampler(Protocol):
    """Decides which training samples make up the batches of an epoch. Over many epochs every sample is drawn."""

    def batches(self, labels: Labels, rng: np.random.Generator) -> Iterator[Indices]:
        """One epoch's batches of indices into ``labels`` int64 [N]. Raises ``SplitError`` if a class is missing."""
        ...


@runtime_checkable
class Classifier(Protocol):
    """A scikit-learn classifier (``sklearn.base.ClassifierMixin`` and ``BaseEstimator`` in practice).

    One with an attribute ``takes_class_scores = True`` is given the embedder's own class scores (``ClassScores``, float
    [N, C]) in place of embeddings. Its ``decision_function`` then gives scores of the embedder's ``scores_kind``.
    """

    classes_: NDArray[Any]

    def fit(self, X: Embeddings, y: Labels) -> Classifier: ...  # noqa: N803 - scikit-learn's name

    def predict(self, X: Embeddings) -> Labels: ...  # noqa: N803 - scikit-learn's name
