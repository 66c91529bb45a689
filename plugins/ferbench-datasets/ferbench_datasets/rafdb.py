"""RAF-DB, the basic set (Li et al. 2017): 15,339 faces from the web, seven expressions, official train and test."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from ferbench.data import Samples
from ferbench.errors import DataError
from ferbench_datasets._archives import Tree, printable, read, steps
from ferbench_datasets._labelled import Copy, Labelled, base, samples, some
from ferbench_datasets._problems import Problems
from ferbench_datasets._release import EXPRESSIONS, Counts, absent, open_images
from ferbench_datasets._sources import RAFDB

CLASSES = EXPRESSIONS[:7]
#: The class of each code, from 1.
CODES = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
#: The partitions' sums are the release's; the classes' counts are those that the field's literature gives.
RELEASE = Counts(
    CLASSES, {"train": (705, 717, 281, 4772, 1982, 1290, 2524), "test": (162, 160, 74, 1185, 478, 329, 680)}
)
#: So spelt in the release.
LISTS = ("list_patition_label.txt", "list_partition_label.txt")
MAX_LIST = 16 << 20

_LINE = re.compile(r"((train|test)_([0-9]{1,9}))\.jpg\s+([1-7])", re.IGNORECASE | re.ASCII)
_NAMES = {
    "aligned": re.compile(r"((?:train|test)_[0-9]{1,9})_aligned\.jpg", re.IGNORECASE | re.ASCII),
    "original": re.compile(r"((?:train|test)_[0-9]{1,9})\.jpg", re.IGNORECASE | re.ASCII),
}


class RafDb:
    """RAF-DB's basic set from a folder, a zip or a plain tar that holds ``EmoLabel`` and ``Image`` at any depth.

    ``EmoLabel/list_patition_label.txt`` (sic) has a line ``train_00001.jpg 5`` for every image; the images are
    ``Image/aligned/train_00001_aligned.jpg`` or ``Image/original/train_00001.jpg``. Images are looked for below the
    folder that holds ``EmoLabel``, so that the compound set may be next to the basic one.

    - ids: ``train_00001``; the order is the release's: train, then test, by number.
    - labels: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral.
    - partitions: train and test; a validation partition does not exist, the protocol has to hold one out of train. No
      subjects: the release names none. No boxes: a detector finds the face in an original image.
    - images: RGB uint8 [100, 100, 3] face crops (aligned), or the photographs in any size (original).
    - fingerprint: SHA-256 over ids, labels, partitions and the files' bytes.
    - notes: a partial copy, images that are not in the list.

    Args:
        images: the release's own 100x100 crops, aligned by the eyes and the mouth, or the original photographs.
    """

    default_protocol: ClassVar[str] = "official"
    needs_data: ClassVar[bool] = True

    def __init__(self, images: Literal["aligned", "original"] = "aligned") -> None:
        self.images = images

    def load(self, data: Path | None) -> Samples:
        """The samples in ``data``, every image checked. Raises one ``DataError`` that names every bad line or file."""
        tree, files = open_images(data, RAFDB)
        table = _table(data, files)
        problems = Problems()
        labelled = _labelled(tree, table, problems)
        images = _images(files, table, _NAMES[self.images], problems)
        if not images:
            raise absent(data, RAFDB, files, f"no image such as Image/{self.images}/{_example(self.images)}")
        rows = []
        for name, (label, partition) in sorted(labelled.items(), key=lambda item: _order(item[0])):
            if name in images:
                rows.append(Labelled(images[name], name, label, partition=partition))
            else:
                problems.add(table, f"lists {name}.jpg, whose {self.images} image is not there")
        labels = np.array([row.label for row in rows], np.int64)
        partitions = np.array([row.partition for row in rows], np.str_)
        notes = [*RELEASE.differences(labels, partitions)]
        unlisted = sorted(images[name] for name in images.keys() - labelled.keys())
        if unlisted:
            notes.append(f"{len(unlisted):,} images are not in {base(table)} and are not used: {some(unlisted)}")
        copy = Copy(
            name=f"rafdb {self.images} 1",
            source=RAFDB,
            data=data,
            tree=tree,
            classes=CLASSES,
            release=RELEASE.release(labels, partitions),
            cropped=self.images == "aligned",
        )
        return samples(copy, rows, problems, notes=notes)


def _table(data: Path | None, files: Mapping[str, int]) -> str:
    """The list of labels; where the compound set has one too, that of the basic set."""
    tables = [file for file in files if base(file).lower() in LISTS]
    if len(tables) > 1:
        tables = [file for file in tables if "basic" in map(str.lower, steps(file))] or tables
    if not tables:
        raise absent(data, RAFDB, files, f"no EmoLabel/{LISTS[0]}")
    if len(tables) > 1:
        raise DataError(
            f"{data} holds the list of labels more than once: {some(sorted(tables))}",
            fix=f"pass --data with the folder of the basic set; or {RAFDB.fix}",
        )
    return tables[0]


def _labelled(tree: Tree, table: str, problems: Problems) -> dict[str, tuple[int, str]]:
    """Label and partition of every image in the list."""
    labelled: dict[str, tuple[int, str]] = {}
    wrong: list[tuple[int, str]] = []
    text = read(tree, table, limit=MAX_LIST, fix=RAFDB.fix).decode("utf-8-sig", "backslashreplace")
    for number, line in enumerate(map(str.strip, text.split("\n")), start=1):
        named = _LINE.fullmatch(line)
        if named is None:
            if line:
                wrong.append((number, f"'{line[:40]}' is not like 'train_00001.jpg 5'"))
            continue
        name = named[1].lower()
        if name in labelled:
            wrong.append((number, f"{name}.jpg is listed a second time"))
        labelled[name] = (CLASSES.index(CODES[int(named[4]) - 1]), named[2].lower())
    if not labelled:
        problems.add(table, "has no line such as 'train_00001.jpg 5'")
    else:
        for number, what in wrong:
            problems.add(f"{table}, line {number}", what)
    return labelled


def _images(files: Iterable[str], table: str, pattern: re.Pattern[str], problems: Problems) -> dict[str, str]:
    """Name -> file of every image below the folder that the list's folder is in."""
    root = steps(table)[:-1]
    if root and root[-1].lower() == "emolabel":
        root = root[:-1]
    images: dict[str, str] = {}
    for file in sorted(files):
        named = pattern.fullmatch(base(file))
        if named is None or steps(file)[: len(root)] != root:
            continue
        name = named[1].lower()
        if name in images:
            problems.add(file, f"the same image as {printable(images[name])}, by its name")
        else:
            images[name] = file
    return images


def _order(name: str) -> tuple[bool, int, str]:
    partition, number = name.split("_")
    return partition == "test", int(number), name


def _example(images: str) -> str:
    return "train_00001_aligned.jpg" if images == "aligned" else "train_00001.jpg"
