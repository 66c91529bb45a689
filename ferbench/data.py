"""The values that travel between the stages: frozen, framework-free, checked when they are made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from ferbench.errors import PluginError

Strings = NDArray[np.str_]
Indices = NDArray[np.int64]
Labels = NDArray[np.int64]
Images = NDArray[np.uint8]
Embeddings = NDArray[np.float32]
ScoresKind = Literal["probability", "decision"]
Release = Literal["known", "partial", "altered"]
Scale = Literal["probability", "softmax"]
"""What a prediction's class shares are: a classifier's probabilities, or a softmax of its decision values."""


class ImageSource(Protocol):
    """N images on disk (or made on demand), in the order of ``Samples.ids``. Can be pickled; reads need no order.

    An image that was read belongs to its reader: writing into it does not change later reads.
    """

    def __len__(self) -> int: ...

    def read(self, index: int) -> Images:
        """Image ``index`` as uint8 [H, W] (gray) or [H, W, 3] (RGB), upright. Raises ``DataError`` naming the file."""
        ...


class ImageRows(Protocol):
    """Crops uint8 [N, S, S], in memory or memory-mapped; an index array or a slice gives an array in memory."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Indices | slice, /) -> Images: ...


@dataclass(frozen=True)
class Face:
    """One detected face.

    ``box`` is (left, top, right, bottom) in pixels of the image given, right and bottom exclusive; ``score`` is the
    detector's own confidence, higher is better; ``landmarks`` is float32 [5, 2] as (x, y) in pixels: left eye, right
    eye, nose, left and right mouth corner as seen in the image, or ``None``.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: NDArray[np.float32] | None = None

    @property
    def area(self) -> float:
        """The box's area in square pixels, 0 for an empty one."""
        left, top, right, bottom = self.box
        return max(0.0, right - left) * max(0.0, bottom - top)


@dataclass(frozen=True)
class Samples:
    """All N labelled images of a dataset; the pixels stay where they are until ``images.read`` is asked for them.

    ``ids`` are unique and do not depend on where the files are or in which form. ``labels`` are int64 in
    ``[0, len(classes))``. ``subjects`` and ``clips`` name the person and the recording of each sample, ``partitions``
    its official partition ("train", "validation" or "test"); each is ``None`` where the dataset has none. ``boxes`` is
    float32 [N, 4], the known face boxes (left, top, right, bottom in pixels), or ``None``. ``cropped`` says that the
    images are face crops already. ``fingerprint`` is a SHA-256 over the content. ``release`` says how this copy relates
    to the release that is known: the same counts ("known"), fewer images ("partial"), or others ("altered"). ``notes``
    are sentences that belong in every result (for example, what a partial copy lacks).

    Raises ``PluginError`` if the fields do not fit together.
    """

    ids: Strings
    labels: Labels
    classes: tuple[str, ...]
    images: ImageSource
    fingerprint: str
    subjects: Strings | None = None
    clips: Strings | None = None
    partitions: Strings | None = None
    boxes: NDArray[np.float32] | None = None
    cropped: bool = False
    release: Release = "known"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.ids)
        for name in ("labels", "images", "subjects", "clips", "partitions", "boxes"):
            value = getattr(self, name)
            if value is not None and len(value) != count:
                raise _broken(f"{name} has {len(value)} rows, and there are {count} ids")
        if not _unique(self.ids):
            raise _broken("sample ids are not unique")
        if self.labels.dtype != np.int64:
            raise _broken(f"labels are {self.labels.dtype}, not int64")
        if count and (self.labels.min() < 0 or self.labels.max() >= len(self.classes)):
            raise _broken(f"labels reach from {self.labels.min()} to {self.labels.max()}, classes are {self.classes}")

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Scenes:
    """N pictures with any number of annotated faces each; the pixels stay where they are until they are read.

    ``ids`` are unique and do not depend on where the files are or in which form. ``boxes`` are N arrays float32 [F, 4]
    (left, top, right, bottom in pixels), all the faces of a picture. ``subsets`` says for each name ("easy", for
    example), in the order of tables, which of them count: N arrays bool [F]. The others are then neither to be found
    nor false alarms. ``fingerprint`` is a SHA-256 over the content, ``notes`` are sentences that belong in every
    result.

    Raises ``PluginError`` if the fields do not fit together.
    """

    ids: Strings
    images: ImageSource
    boxes: tuple[NDArray[np.float32], ...]
    subsets: dict[str, tuple[NDArray[np.bool_], ...]]
    fingerprint: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.ids)
        if not _unique(self.ids):
            raise _unfit("ids are not unique")
        lengths = {"images": len(self.images), "boxes": len(self.boxes)}
        for name, length in {**lengths, **{name: len(rows) for name, rows in self.subsets.items()}}.items():
            if length != count:
                raise _unfit(f"{name} has {length} rows, and there are {count} ids")
        for row, boxes in enumerate(self.boxes):
            if boxes.dtype != np.float32 or boxes.shape != (len(boxes), 4):
                raise _unfit(f"the boxes of {self.ids[row]} are {boxes.dtype} {boxes.shape}, not float32 [F, 4]")
            for name, counted in self.subsets.items():
                if counted[row].dtype != np.bool_ or counted[row].shape != (len(boxes),):
                    raise _unfit(f"{name} says of {self.ids[row]} {counted[row].shape} for {len(boxes)} boxes")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def faces(self) -> int:
        """All annotated faces."""
        return sum(map(len, self.boxes))


@dataclass(frozen=True)
class Split:
    """Which samples may be used for what, as int64 indices into ``Samples``.

    ``validation`` is what the embedder's monitor is scored on; it may be empty when nothing is selected. A protocol
    that selects on the test set, as the paper does, gives the same indices twice and is marked optimistic.
    """

    name: str
    train: Indices
    validation: Indices
    test: Indices

    def digest(self, ids: Strings) -> str:
        """SHA-256 over the sample ids of each side, whatever their order in the dataset."""
        lines = (
            f"{side}:" + "\n".join(sorted(ids[getattr(self, side)].tolist()))
            for side in ("train", "validation", "test")
        )
        return hashlib.sha256("\0".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Predictions:
    """What one classifier predicts for M test samples.

    ``scores`` is float64 [M, C]: a probability or a decision value for each class, in the order of ``classes``, as
    ``scores_kind`` ("probability" or "decision") says.
    """

    ids: Strings
    splits: Strings
    labels: Labels
    predicted: Labels
    scores: NDArray[np.float64]
    scores_kind: ScoresKind
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def right(self) -> NDArray[np.bool_]:
        """bool [M]: which samples are predicted correctly."""
        return np.equal(self.labels, self.predicted)

    def take(self, rows: Indices) -> Predictions:
        """The predictions of the samples ``rows`` int64 [R], in that order."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _SAMPLE_ARRAYS})

    def in_order(self) -> Predictions:
        """The same predictions sorted by split and then by id."""
        return self.take(np.lexsort((self.ids, self.splits)))

    @staticmethod
    def concat(pieces: Sequence[Predictions]) -> Predictions:
        """The predictions of ``pieces``, at least one, one after the other."""
        arrays: dict[str, Any] = {
            name: np.concatenate([getattr(piece, name) for piece in pieces]) for name in _SAMPLE_ARRAYS
        }
        return replace(pieces[0], **arrays)


_SAMPLE_ARRAYS = ("ids", "splits", "labels", "predicted", "scores")


@dataclass(frozen=True)
class Epoch:
    """One row of the training curve: what ``Trainable.fit`` reports to its monitor at the end of an epoch."""

    number: int
    loss: float
    learning_rate: float
    images_per_second: float
    extra: dict[str, float] = field(default_factory=dict)


def batches(count: int, size: int, start: int = 0) -> Iterator[slice]:
    """Slices of at most ``size`` that cover ``range(start, count)`` in order."""
    for first in range(start, count, size):
        yield slice(first, min(first + size, count))


def _unique(ids: Strings) -> bool:
    return len(set(ids.tolist())) == len(ids)  # at a million ids several times as fast as np.unique


def _unfit(what: str) -> PluginError:
    return PluginError(f"the scenes do not fit together: {what}", fix="report it to the author of the scenes")


def _broken(what: str) -> PluginError:
    return PluginError(f"the dataset's samples do not fit together: {what}", fix="report it to the dataset's author")
