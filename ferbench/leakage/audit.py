"""What the sides of a split share that they should not: subjects, clips, exact and near duplicates.

A finding touches images of the later side (validation or test) and names for each a sample of the earlier side that it
shares something with. Test images that a training could have seen in one of these ways are the split's *leaks*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.data import ImageRows, Indices, Samples, Split, Strings
from ferbench.interfaces import Selection
from ferbench.leakage.duplicates import CORRELATION, RADIUS, Prints, correlation
from ferbench.leakage.hamming import within

KINDS = ("exact", "near", "clip", "subject")
"""What two sides may share, the strongest first."""
METHOD = {"exact": "equal pixels of the crop", "near": f"phash within {RADIUS} of 64 bits, correlation {CORRELATION}"}


@dataclass(frozen=True)
class Finding:
    """One thing that two sides share.

    ``rows`` int64 [R] are the images of the later side, ``partners`` int64 [R] one of the earlier side for each: the
    most alike. ``likeness`` float32 [R] is their correlation (1 for what is not about pixels). ``disagree`` bool [R]
    says that a duplicate on the earlier side has another label; it is all False for subjects and clips. ``shared`` is
    how many different subjects, clips or contents the rows are of.
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
    """All that is wrong with one split.

    ``missing`` are the classes that a side lacks. ``leaks`` are int64 indices into ``Samples``, sorted: the test
    images that share anything with ``seen``, the sides that training or the choice of the epoch used.
    """

    split: Split
    missing: dict[str, list[str]]
    between: tuple[Between, ...]
    seen: tuple[str, ...]
    leaks: Indices

    def summary(self) -> dict[str, Any]:
        """The counts, as plain values: what a result keeps. ``images`` are those of the later side."""
        return {
            "split": self.split.name,
            **{side: len(getattr(self.split, side)) for side in ("train", "validation", "test")},
            "validation_is_test": _same(self.split),
            "missing_classes": self.missing,
            "between": [
                {
                    "sides": [one.earlier, one.later],
                    **{kind: found and _counts(found) for kind, found in one.findings.items()},
                }
                for one in self.between
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
    if len(split.validation) and not _same(split):
        sides += [("validation", "test"), ("train", "validation")]
    between = []
    for number, (earlier, later) in enumerate(sides):
        first, second = getattr(split, earlier), getattr(split, later)
        done = _part(progress, number, len(sides))
        findings = {
            "exact": _exact(contents, samples, first, second),
            "near": _near(contents, samples, images, prints, first, second, done),
            "clip": _grouped("clip", samples.clips, first, second),
            "subject": _grouped("subject", samples.subjects, first, second),
        }
        between.append(Between(earlier, later, findings))
    seen = ("train", "validation") if selection == "validation" and len(sides) > 1 else ("train",)
    shared = [
        found.rows
        for one in between
        if one.later == "test" and one.earlier in seen
        for found in one.findings.values()
        if found
    ]
    return Audit(split, _missing(split, samples), tuple(between), seen, np.unique(np.concatenate(shared)))


def _exact(contents: Indices, samples: Samples, first: Indices, second: Indices) -> Finding:
    rows, partners = _matched(contents, first, second)
    disagree = _other_labels(contents, samples, first, rows, contents[rows], contents[rows])
    return Finding("exact", rows, partners, np.ones(len(rows), np.float32), disagree, len(np.unique(contents[rows])))


def _near(
    contents: Indices,
    samples: Samples,
    images: ImageRows,
    prints: Prints,
    first: Indices,
    second: Indices,
    progress: Callable[[int, int], None],
) -> Finding:
    """Works on one sample of each content: a picture that is there a thousand times is compared once."""
    known, wanted = (side[np.unique(contents[side], return_index=True)[1]] for side in (first, second))
    pairs: list[tuple[Indices, Indices, NDArray[np.float32]]] = []
    for mirrored in (0, 1):
        done = _part(progress, mirrored, 2)
        for left, right in within(prints.hashes[known, 0], prints.hashes[wanted, mirrored], RADIUS, done):
            other = contents[known[left]] != contents[wanted[right]]
            left, right = known[left[other]], wanted[right[other]]
            values = correlation(images, left, right, mirrored=bool(mirrored))
            near = values >= CORRELATION
            if near.any():
                pairs.append((left[near], right[near], values[near]))
    if not pairs:
        nothing = np.empty(0, np.int64)
        return Finding("near", nothing, nothing, np.empty(0, np.float32), np.empty(0, np.bool_), 0)
    left, right, values = (np.concatenate(column) for column in zip(*pairs, strict=True))
    order = np.lexsort((left, -values, contents[right]))
    left, right, values = left[order], right[order], values[order]
    of, best = np.unique(contents[right], return_index=True)  # the most alike partner of each content
    rows = second[np.isin(contents[second], of)]
    place = best[np.searchsorted(of, contents[rows])]
    disagree = _other_labels(contents, samples, first, rows, contents[right], contents[left])
    return Finding("near", rows, left[place], values[place], disagree, len(of))


def _grouped(kind: str, names: Strings | None, first: Indices, second: Indices) -> Finding | None:
    if names is None:
        return None
    codes = np.unique(names, return_inverse=True)[1]
    rows, partners = _matched(codes, first, second)
    plain = np.ones(len(rows), np.float32), np.zeros(len(rows), np.bool_)
    return Finding(kind, rows, partners, *plain, len(np.unique(codes[rows])))


def _matched(codes: Indices, first: Indices, second: Indices) -> tuple[Indices, Indices]:
    """The rows of ``second`` whose code occurs in ``first``, and the first row there that has it."""
    known, where = np.unique(codes[first], return_index=True)
    rows = second[np.isin(codes[second], known)]
    return rows, first[where[np.searchsorted(known, codes[rows])]]


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
    sides = {side: getattr(split, side) for side in ("train", "validation", "test")}
    return {
        side: [name for code, name in enumerate(samples.classes) if not (samples.labels[rows] == code).any()]
        for side, rows in sides.items()
        if len(rows)
    }


def _counts(found: Finding) -> dict[str, int]:
    counts = {"shared": found.shared, "images": len(found.rows)}
    return {**counts, "labels_disagree": int(found.disagree.sum())} if found.kind in ("exact", "near") else counts


def _same(split: Split) -> bool:
    return bool(np.array_equal(split.validation, split.test))


def _part(progress: Callable[[int, int], None], number: int, of: int) -> Callable[[int, int], None]:
    """The progress of one of ``of`` equal pieces of work."""
    return lambda done, total: progress(number * total + done, of * total)
