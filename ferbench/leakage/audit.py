"""What the sides of a split share that they should not: subjects, clips, exact and near duplicates.

A finding lists images of the later side (validation or test), each with a sample of the earlier side that it shares
something with. Test images that a training could have seen in one of these ways are the split's *leaks*.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.data import ImageRows, Indices, Samples, Split, Strings
from ferbench.interfaces import Selection
from ferbench.leakage.duplicates import CORRELATION, RADIUS, Prints, correlation
from ferbench.leakage.hamming import within

SIDES = ("train", "validation", "test")
KINDS = ("exact", "near", "clip", "subject")
"""What two sides may share, the strongest first."""
METHOD = {"exact": "equal pixels of the crop", "near": f"phash within {RADIUS} of 64 bits, correlation {CORRELATION}"}


@dataclass(frozen=True)
class Finding:
    """One thing that two sides share.

    ``rows`` int64 [R] are the images of the later side, ``partners`` int64 [R] the most similar image of the earlier
    side for each. ``likeness`` float32 [R] is their correlation (1 for what is not about pixels). ``disagree``
    bool [R] says that a duplicate on the earlier side has another label; it is all False for subjects and clips.
    ``shared`` is the number of different subjects, clips or contents among the rows.
    """

    kind: str
    rows: Indices
    partners: Indices
    likeness: NDArray[np.float32]
    disagree: NDArray[np.bool_]
    shared: int


@dataclass(frozen=True)
class Between:
    """What ``later`` shares with ``earlier``, by kind; ``None`` where the dataset names no subjects or clips."""

    earlier: str
    later: str
    findings: dict[str, Finding | None]


@dataclass(frozen=True)
class Audit:
    """The findings on one split.

    ``missing`` are the classes that a side lacks. ``leaks`` are int64 indices into ``Samples``, sorted: the test
    images that share anything with ``seen``, the sides that training or the choice of the epoch used.
    """

    split: Split
    missing: dict[str, list[str]]
    between: tuple[Between, ...]
    seen: tuple[str, ...]
    leaks: Indices

    def to_dict(self) -> dict[str, Any]:
        """The counts, as plain values: what a result keeps. ``images`` are those of the later side."""
        return {
            "split": self.split.name,
            **{side: len(getattr(self.split, side)) for side in SIDES},
            "validation_is_test": _validation_is_test(self.split),
            "missing_classes": self.missing,
            "between": [
                {
                    "sides": [pair.earlier, pair.later],
                    **{kind: finding and _counts(finding) for kind, finding in pair.findings.items()},
                }
                for pair in self.between
            ],
            "leaks": {"test_images": len(self.leaks), "seen": list(self.seen)},
        }


def audit(
    split: Split,
    samples: Samples,
    images: ImageRows,
    prints: Prints,
    selection: Selection,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Audit:
    """Compares every side of ``split`` with every later one by ``samples``, crops uint8 [N, S, S] and their prints."""
    contents = np.unique(prints.contents, axis=0, return_inverse=True)[1].reshape(-1)
    sides = [("train", "test")]
    if len(split.validation) and not _validation_is_test(split):
        sides += [("validation", "test"), ("train", "validation")]
    between = []
    for number, (earlier, later) in enumerate(sides):
        first, second = getattr(split, earlier), getattr(split, later)
        done = piece(progress, number, len(sides))
        exact = _equal("exact", contents, first, second)
        equal = contents[exact.rows]
        findings = {
            "exact": replace(exact, disagree=_other_labels(contents, samples, first, exact.rows, equal, equal)),
            "near": _near(contents, samples, images, prints, first, second, done),
            "clip": None if samples.clips is None else _equal("clip", samples.clips, first, second),
            "subject": None if samples.subjects is None else _equal("subject", samples.subjects, first, second),
        }
        between.append(Between(earlier, later, findings))
    seen = ("train", "validation") if selection == "validation" and len(sides) > 1 else ("train",)
    leaks = [
        finding.rows
        for pair in between
        if pair.later == "test" and pair.earlier in seen
        for finding in pair.findings.values()
        if finding
    ]
    return Audit(split, _missing(split, samples), tuple(between), seen, np.unique(np.concatenate(leaks)))


def _near(
    contents: Indices,
    samples: Samples,
    images: ImageRows,
    prints: Prints,
    first: Indices,
    second: Indices,
    progress: Callable[[int, int], None],
) -> Finding:
    """Compares one sample of each content: a picture that occurs a thousand times is compared once."""
    earlier = first[np.unique(contents[first], return_index=True)[1]]
    later = second[np.unique(contents[second], return_index=True)[1]]
    pairs: list[tuple[Indices, Indices, NDArray[np.float32]]] = []
    for mirrored in (0, 1):
        done = piece(progress, mirrored, 2)
        for left, right in within(prints.hashes[earlier, 0], prints.hashes[later, mirrored], RADIUS, done):
            other = contents[earlier[left]] != contents[later[right]]
            left = earlier[left[other]]
            right = later[right[other]]
            values = correlation(images, left, right, mirrored=bool(mirrored))
            near = values >= CORRELATION
            if near.any():
                pairs.append((left[near], right[near], values[near]))
    if not pairs:
        nothing = np.empty(0, np.int64)
        return Finding("near", nothing, nothing, np.empty(0, np.float32), np.empty(0, np.bool_), 0)
    left, right, values = (np.concatenate(column) for column in zip(*pairs, strict=True))
    order = np.lexsort((left, -values, contents[right]))
    left = left[order]
    right = right[order]
    values = values[order]
    found, best = np.unique(contents[right], return_index=True)  # the most similar partner of each content
    rows = second[np.isin(contents[second], found)]
    pairs_of_rows = best[np.searchsorted(found, contents[rows])]
    disagree = _other_labels(contents, samples, first, rows, contents[right], contents[left])
    return Finding("near", rows, left[pairs_of_rows], values[pairs_of_rows], disagree, len(found))


def _equal(kind: str, names: Indices | Strings, first: Indices, second: Indices) -> Finding:
    """The rows of ``second`` whose name occurs in ``first``, and the first row there that has it."""
    codes = np.unique(names, return_inverse=True)[1]
    earlier, position = np.unique(codes[first], return_index=True)
    rows = second[np.isin(codes[second], earlier)]
    partners = first[position[np.searchsorted(earlier, codes[rows])]]
    likeness = np.ones(len(rows), np.float32)
    disagree = np.zeros(len(rows), np.bool_)
    return Finding(kind, rows, partners, likeness, disagree, len(np.unique(codes[rows])))


def _other_labels(
    contents: Indices, samples: Samples, first: Indices, rows: Indices, later: Indices, earlier: Indices
) -> NDArray[np.bool_]:
    """Whether a sample of ``first`` has another label than its duplicate, for each of ``rows``.

    ``later`` and ``earlier`` [P] are the contents that are duplicates of each other.
    """
    count, classes = int(contents.max(initial=-1)) + 1, len(samples.classes)
    labels = np.zeros((count, classes), np.bool_)
    labels[contents[first], samples.labels[first]] = True
    of_partners = np.zeros((count, classes), np.bool_)
    np.logical_or.at(of_partners, later, labels[earlier])
    of_partners = of_partners[contents[rows]]
    of_partners[np.arange(len(rows)), samples.labels[rows]] = False
    return np.asarray(of_partners.any(axis=1))


def _missing(split: Split, samples: Samples) -> dict[str, list[str]]:
    """Classes of which a side has no image; an empty side (nothing is chosen on it) lacks none."""
    sides = {side: getattr(split, side) for side in SIDES}
    return {
        side: [name for code, name in enumerate(samples.classes) if not (samples.labels[rows] == code).any()]
        for side, rows in sides.items()
        if len(rows)
    }


def _counts(finding: Finding) -> dict[str, int]:
    counts = {"shared": finding.shared, "images": len(finding.rows)}
    if finding.kind in ("exact", "near"):
        counts["labels_disagree"] = int(finding.disagree.sum())
    return counts


def _validation_is_test(split: Split) -> bool:
    return bool(np.array_equal(split.validation, split.test))


def piece(progress: Callable[[int, int], None], number: int, pieces: int) -> Callable[[int, int], None]:
    """The progress of one of ``pieces`` equal pieces of work."""
    return lambda done, total: progress(number * total + done, pieces * total)
