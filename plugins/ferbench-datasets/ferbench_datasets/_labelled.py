"""From labelled image files to samples: no two of one id, every image checked, all that is wrong in one error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferbench.data import Images, Samples, Strings
from ferbench_datasets._archives import Tree, printable, steps
from ferbench_datasets._images import SUFFIXES, TreeImages, decode
from ferbench_datasets._problems import Problems
from ferbench_datasets._release import fingerprint
from ferbench_datasets._sources import Source

NAMED = 5
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


def gather(
    files: Iterable[str], place: Callable[[str], Labelled | None], problems: Problems
) -> tuple[list[Labelled], list[str]]:
    """What ``place`` makes of each file, sorted by id, and the image files that it passed over.

    ``place`` gives ``None`` for a file that is not the dataset's, and raises ``ValueError`` for one that is half so:
    that, and a second file of one id, goes into ``problems``.
    """
    found: dict[str, Labelled] = {}
    over: list[str] = []
    for file in sorted(files):
        try:
            row = place(file)
        except ValueError as error:
            problems.add(file, str(error))
            continue
        if row is None:
            over += [file] * is_image(file)
        elif row.id in found:
            problems.add(file, f"the same image as {found[row.id].file}, by its name")
        else:
            found[row.id] = row
    return [found[key] for key in sorted(found)], over


def samples(
    name: str,
    source: Source,
    data: Path | None,
    tree: Tree,
    rows: Sequence[Labelled],
    problems: Problems,
    *,
    classes: tuple[str, ...],
    notes: Iterable[str],
    cropped: bool = False,
    decoder: Callable[[bytes], Images] = decode,
    fix: str = "",
) -> Samples:
    """The samples that ``rows`` are, in their order; every image is read and decoded once.

    Raises ``DataError`` that names every problem, those found before included; ``fix`` is put before the usual one.
    """
    images = TreeImages(tree, [row.file for row in rows], fix=source.fix, decoder=decoder)
    content = f"bytes:{images.check(problems)}"
    problems.check(data, fix=fix + source.fix)
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
        classes=classes,
        images=images,
        fingerprint=fingerprint(name, ids=ids, labels=labels, content=content, groups=groups),
        subjects=groups["subjects"],
        clips=groups["clips"],
        partitions=groups["parts"],
        cropped=cropped,
        notes=tuple(notes),
    )


def passed_over(files: Sequence[str], source: Source) -> tuple[str, ...]:
    """A note on image files that were not used because their names are not the dataset's; none if there are none."""
    if not files:
        return ()
    return (f"{len(files):,} image files whose names are not those of {source.title} were passed over: {some(files)}",)


def some(names: Sequence[str]) -> str:
    """The first few of ``names`` for a note, and how many more there are."""
    shown = ", ".join(map(printable, names[:NAMED]))
    return shown + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")


def is_image(file: str) -> bool:
    """Whether the name of a file ends as an image's does."""
    return file.lower().endswith(SUFFIXES)


def base(file: str) -> str:
    """A file's own name, without the folders."""
    return steps(file)[-1]


def _column(values: Sequence[str | None]) -> Strings | None:
    return np.array(values, np.str_) if values and values[0] is not None else None
