"""What both releases of AffectNet are read into, and the facts that they share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ferbench_datasets._release import EXPRESSIONS
from ferbench_datasets._sources import AFFECTNET

FIX = AFFECTNET.fix

#: The expression of each of AffectNet's codes; the last three are no expression, such images are left out.
CODES = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt", "none", "uncertain", "no face")
#: Its index in ``EXPRESSIONS``, or -1.
LABELS = np.array([EXPRESSIONS.index(code) if code in EXPRESSIONS else -1 for code in CODES], dtype=np.int64)

#: The partition of each side of the release. There is no public test set, so all publish on the validation set.
TRAIN, TEST = "train", "test"


@dataclass
class Rows:
    """The images of a copy that a class has been given to, as lists of equal length, and what was left out.

    ``ids``, ``names`` (files in the tree), ``codes`` (indices into ``CODES``, below 8), ``partitions``; ``boxes``
    (left, top, right, bottom in pixels) or ``None`` where the images are crops. ``dropped`` counts the codes that are
    no expression; ``notes`` is what the reader noticed.
    """

    release: str
    ids: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    partitions: list[str] = field(default_factory=list)
    boxes: list[tuple[float, float, float, float]] | None = None
    dropped: Counter[int] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
