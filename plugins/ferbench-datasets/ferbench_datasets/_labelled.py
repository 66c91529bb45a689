"""From labelled image files to samples: ids are unique, every image is checked, all problems are in one error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferbench.data import Images, Release, Samples, Strings
from ferbench_datasets._archives import Tree, printable, steps
from ferbench_datasets._images import SUFFIXES, TreeImages, decode
from ferbench_datasets._problems import Problems
from ferbench_datasets._release import fingerprint
from ferbench_datasets._sources import Source

MAX_EXAMPLES = 5
"""File names that a note gives as examples."""


@dataclass(frozen=True)
class Labelled:
    """One labelled image file: its name in the tree, the sample's id, label, and groups where there are any."""

    file: str
    id: str
    label: int
    subject: str | None = None
    clip: str | None = None
    partition: str | None = None


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A user's copy of a dataset: where its files are, and what holds for all its images.

    ``name`` and version begin the fingerprint; ``decoder`` makes pixels of a file's bytes; errors are about ``data``.
    """

    name: str
    source: Source
    data: Path | None
    tree: Tree
    classes: tuple[str, ...]
    release: Release
    cropped: bool = False
    decoder: Callable[[bytes], Images] = decode


def gather(
    files: Iterable[str], label: Callable[[str], Labelled | None], problems: Problems
) -> tuple[list[Labelled], list[str]]:
    """What ``label`` makes of each file, sorted by id, and the image files that are not the dataset's.

    ``label`` gives ``None`` for a file that is not the dataset's, and raises ``ValueError`` for one that only looks
    like it: that, and a second file with the same id, goes into ``problems``.
    """
    rows: dict[str, Labelled] = {}
    unused: list[str] = []
    for file in sorted(files):
        try:
            row = label(file)
        except ValueError as error:
            problems.add(file, str(error))
            continue
        if row is None:
            if is_image(file):
                unused.append(file)
        elif row.id in rows:
            problems.add(file, f"the same image as {rows[row.id].file}, by its name")
        else:
            rows[row.id] = row
    return [rows[key] for key in sorted(rows)], unused


def samples(
    copy: Copy, rows: Sequence[Labelled], problems: Problems, *, notes: Iterable[str], fix: str = ""
) -> Samples:
    """The samples that ``rows`` describe, in their order; every image is read and decoded once.

    Raises a ``DataError`` that names every problem, earlier ones included; ``fix`` is put before the usual one.
    """
    images = TreeImages(copy.tree, [row.file for row in rows], fix=copy.source.fix, decoder=copy.decoder)
    content = f"bytes:{images.check(problems)}"
    problems.check(copy.data, fix=fix + copy.source.fix)
    ids = np.array([row.id for row in rows])
    labels = np.array([row.label for row in rows], np.int64)
    groups = {
        "subjects": _column([row.subject for row in rows]),
        "clips": _column([row.clip for row in rows]),
        "parts": _column([row.partition for row in rows]),
    }
    return Samples(
        ids=ids,
        labels=labels,
        classes=copy.classes,
        images=images,
        fingerprint=fingerprint(copy.name, ids=ids, labels=labels, content=content, groups=groups),
        subjects=groups["subjects"],
        clips=groups["clips"],
        partitions=groups["parts"],
        cropped=copy.cropped,
        release=copy.release,
        notes=tuple(notes),
    )


def passed_over(files: Sequence[str], source: Source) -> tuple[str, ...]:
    """A note on image files that are not used because their names are not the dataset's; empty without any."""
    if not files:
        return ()
    return (f"{len(files):,} image files whose names are not those of {source.title} were passed over: {some(files)}",)


def some(names: Sequence[str]) -> str:
    """The first few of ``names`` for a note, and how many more there are."""
    shown = ", ".join(map(printable, names[:MAX_EXAMPLES]))
    return shown + (f" and {len(names) - MAX_EXAMPLES:,} more" if len(names) > MAX_EXAMPLES else "")


def is_image(file: str) -> bool:
    """Whether the name of a file ends as an image's does."""
    return file.lower().endswith(SUFFIXES)


def base(file: str) -> str:
    """A file's own name, without the folders."""
    return steps(file)[-1]


def _column(values: Sequence[str | None]) -> Strings | None:
    return np.array(values, np.str_) if values and values[0] is not None else None
