"""Average precision of face detections by WIDER FACE's rules (Yang et al. 2016; ``evaluation.m`` of its eval_tools).

The rules, as the official programs apply them and other descriptions of them often do not:

- Scores are stretched over the whole set so that the lowest is 0 and the highest 1; precision and recall are taken at
  the 1,000 thresholds 0.999, 0.998, ..., 0.
- A detection belongs to the annotated face that it overlaps most, whether that face counts in the subset or not. It
  needs an intersection over union of at least 0.5, with sides measured as right - left + 1.
- One that belongs to a face outside the subset is left out: neither a hit nor a false alarm. The first in order of
  score that belongs to a face of the subset is a hit; every further one is a false alarm, as is one without a face.
- Detections in an image without any annotated face are left out.
- Recall is over the faces of the subset. Average precision is the area under the envelope of the precision: at each
  recall the best precision at that recall or a higher one (Everingham et al. 2012, VOC).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = 1000
MIN_OVERLAP = 0.5
"""The least intersection over union of a detection and its face."""
Boxes = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """Precision and recall at the falling thresholds, both float64 [1000] in [0, 1], and the ``faces`` they are of.

    Where no detection is left at a threshold, its precision is 0.
    """

    precision: Numbers
    recall: Numbers
    faces: int

    @property
    def average_precision(self) -> float | None:
        """In [0, 1]; ``None`` if the subset has no face."""
        if not self.faces:
            return None
        recall = np.concatenate([[0.0], self.recall])
        best = np.maximum.accumulate(self.precision[::-1])[::-1]
        return float(np.sum(np.diff(recall) * best))


def overlaps(boxes: NDArray[Any], others: NDArray[Any]) -> Numbers:
    """Intersection over union of each of ``boxes`` [D, 4] with each of ``others`` [F, 4], float64 [D, F].

    A side is right - left + 1, as in the official program, so that even an annotation of no width has an area.
    """
    first = np.asarray(boxes, np.float64)[:, None]
    second = np.asarray(others, np.float64)[None]
    sides = np.minimum(first[..., 2:], second[..., 2:]) - np.maximum(first[..., :2], second[..., :2]) + 1
    common = np.prod(np.maximum(sides, 0), axis=-1)
    union = _areas(first) + _areas(second) - common
    # Without a common pixel it is 0; some annotations have sides below 0, for which a quotient would make no sense.
    shares: Numbers = np.zeros(common.shape)
    return np.asarray(np.divide(common, union, out=shares, where=common > 0))


def curve(
    detections: Sequence[tuple[NDArray[Any], NDArray[Any]]],
    boxes: Sequence[Boxes],
    counts: Sequence[NDArray[np.bool_]],
) -> Curve:
    """The curve over N images.

    ``detections`` has for each image its boxes [D, 4] (left, top, right, bottom in pixels) and their scores [D], in any
    order; where scores are equal, the earlier comes first. ``boxes`` has the annotated faces [F, 4], ``counts`` says of
    each, bool [F], whether it is in the subset. Scores that are all the same all count as 1 (the official program
    divides by zero there).
    """
    scores = [np.empty(0)]
    judged = [np.empty(0, np.bool_)]
    hits = [np.empty(0, np.bool_)]
    for (detected, confidence), faces, counted in zip(detections, boxes, counts, strict=True):
        confidence = np.asarray(confidence, np.float64)
        order = np.argsort(-confidence, kind="stable")
        is_judged, is_hit = _judge(np.asarray(detected).reshape(-1, 4)[order], faces, counted)
        scores.append(confidence[order])  # those of an image without a face still take part in the stretching
        judged.append(is_judged)
        hits.append(is_hit)
    stretched = _stretched(np.concatenate(scores))
    limits = 1 - np.arange(1, THRESHOLDS + 1) / THRESHOLDS
    judged_above = _above(stretched[np.concatenate(judged)], limits)
    hits_above = _above(stretched[np.concatenate(hits)], limits)
    precision = np.divide(hits_above, judged_above, out=np.zeros(THRESHOLDS), where=judged_above > 0)
    total = sum(int(counted.sum()) for counted in counts)
    return Curve(precision, hits_above / max(1, total), total)


def _areas(boxes: Numbers) -> Numbers:
    return np.asarray(np.prod(boxes[..., 2:] - boxes[..., :2] + 1, axis=-1))


def _judge(
    detected: NDArray[Any], faces: Boxes, counted: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which detections [D, 4] of one image, best score first, take part, and which of them are hits; both bool [D]."""
    hits = np.zeros(len(detected), np.bool_)
    if not len(faces) or not len(detected):
        return np.zeros(len(detected), np.bool_), hits
    shares = overlaps(detected, faces)
    nearest = shares.argmax(axis=1)
    near = shares.max(axis=1) >= MIN_OVERLAP
    rows = np.flatnonzero(near & counted[nearest])
    hits[rows[np.unique(nearest[rows], return_index=True)[1]]] = True
    return ~(near & ~counted[nearest]), hits


def _stretched(scores: Numbers) -> Numbers:
    if not len(scores):
        return scores
    low = scores.min()
    high = scores.max()
    return np.ones_like(scores) if low == high else np.asarray((scores - low) / (high - low))


def _above(scores: Numbers, limits: Numbers) -> NDArray[np.int64]:
    """How many of ``scores`` reach each of the falling ``limits``."""
    return len(scores) - np.searchsorted(np.sort(scores), limits, side="left")
