"""FER+ (Barsoum et al. 2016, arXiv:1608.01041): FER2013's images with the votes of ten people each, eight classes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np

from ferbench.data import Images, ImageSource, Indices, Labels, Samples
from ferbench.errors import DataError
from ferbench_datasets._archives import FolderTree, open_tree, printable, reading, steps
from ferbench_datasets._fer2013_rows import PARTITIONS, USAGES, Rows
from ferbench_datasets._ferplus_votes import (
    CLASSES,
    FIX,
    NO_FACE,
    NO_MAJORITY,
    TABLE,
    UNKNOWN,
    Rule,
    Votes,
    labels_of,
    read_votes,
)
from ferbench_datasets._release import Counts, fingerprint
from ferbench_datasets.fer2013 import TABLES, read_rows

#: How many images each rule keeps of the release, counted in it; those by majority are the authors' 25,060 / 3,199 /
#: 3,153.
OFFICIAL: dict[Rule, dict[str, tuple[int, ...]]] = {
    "majority": {
        "train": (2100, 119, 532, 7287, 3014, 3149, 8740, 119),
        "validation": (287, 24, 62, 865, 351, 415, 1182, 13),
        "test": (273, 18, 83, 893, 384, 396, 1090, 16),
    },
    "argmax": {
        "train": (2467, 191, 652, 7528, 3515, 3562, 10309, 165),
        "validation": (319, 34, 74, 899, 412, 456, 1335, 24),
        "test": (325, 23, 93, 928, 444, 444, 1262, 27),
    },
}
#: Rows of the release.
ROWS = 35_887

#: Below this share of images on which FER2013 and FER+ agree, the rows of one are not those of the other: the release
#: agrees on 68%, a row that is moved by one on 18%.
AGREEMENT = 0.4
#: A share of fewer images says nothing.
ENOUGH = 200

_JPEGS = tuple(f"{usage.lower()}_" for usage in USAGES)
_ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


class FerPlus:
    """FER+: row i of its votes belongs to row i of FER2013, whose images it labels again.

    ``data`` is a folder or a zip that holds ``fer2013new.csv`` and any form of FER2013 that the dataset fer2013 reads,
    its ``fer2013.tar.gz`` or zip as it was downloaded among them. Votes and images are joined by row, never by name, as
    the names in the votes are not those of the rows; so a copy of JPEG files whose numbers are no rows (the usual
    Kaggle folder) is refused. Images with no label by the rule, most of all unknown, or no face are left out.

    - ids, order, images and partitions: as in fer2013; Training is "train", PublicTest "validation", the rest "test".
    - labels: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral, as in fer2013, and 7 contempt.
    - counts by the majority rule: 25,060 train, 3,199 validation, 3,153 test.
    - fingerprint: SHA-256 over ids, labels, partitions, the rule and FER2013's pixels (or its JPEG files).
    - notes: the rule and what it leaves out, and all that fer2013 notes of the images.

    Args:
        rule: "majority" is the authors' (votes of one are dropped, and the class must have more than half of the
            rest); "argmax" takes the class with most votes, the first in the table's order among equals.
        contempt: whether contempt is an eighth class; without it its images are left out.
    """

    default_protocol: ClassVar[str] = "official"
    needs_data: ClassVar[bool] = True

    def __init__(self, rule: Rule = "majority", contempt: bool = True) -> None:
        self.rule: Rule = rule
        self.contempt = contempt

    def load(self, data: Path | None) -> Samples:
        """The labelled samples in ``data``. Nothing is downloaded, and nothing is extracted to disk.

        Raises ``DataError``: what is missing or broken, that the rows do not belong together, where to get both.
        """
        if data is None:
            raise DataError("FER+ needs its files, and none were given", fix=FIX)
        votes, rows = _read(Path(data))
        labels = labels_of(votes.counts[_join(rows, votes)], self.rule)
        _check_agreement(rows.labels, labels)
        classes = CLASSES if self.contempt else CLASSES[:-1]
        kept = np.flatnonzero((labels >= 0) & (labels < len(classes)))
        if not len(kept):
            raise DataError(f"the {self.rule} rule leaves none of the {len(labels):,} images of {data}", fix=FIX)
        ids = np.array([f"{USAGES[rows.usages[row]]}_{rows.numbers[row]}" for row in kept])
        partitions = np.array(PARTITIONS)[rows.usages[kept]]
        known = Counts(classes, {name: counts[: len(classes)] for name, counts in OFFICIAL[self.rule].items()})
        return Samples(
            ids=ids,
            labels=labels[kept],
            classes=classes,
            images=Chosen(rows.images, kept),
            fingerprint=fingerprint(
                f"ferplus 1 {self.rule}",
                ids=ids,
                labels=labels[kept],
                content=rows.pixels,
                groups={"parts": partitions},
            ),
            partitions=partitions,
            cropped=True,
            release="altered" if rows.release == "altered" else known.release(labels[kept], partitions),
            notes=(self._note(labels, len(kept)), *rows.notes, *known.differences(labels[kept], partitions)),
        )

    def _note(self, labels: Labels, kept: int) -> str:
        reasons = {
            NO_MAJORITY: "without a majority",
            UNKNOWN: "unknown",
            NO_FACE: "no face",
            **({} if self.contempt else {CLASSES.index("contempt"): "contempt"}),
        }
        counts = {words: int((labels == code).sum()) for code, words in reasons.items()}
        out = ", ".join(f"{count:,} {words}" for words, count in counts.items() if count) or "none"
        return f"labels by the {self.rule} rule: {kept:,} of {len(labels):,} images; left out: {out}"


class Chosen:
    """Some of the images of another source, in the order of ``rows``."""

    def __init__(self, images: ImageSource, rows: Indices) -> None:
        self._images = images
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, index: int) -> Images:
        """Image ``index`` as the other source gives it. Raises ``DataError`` naming the file."""
        return self._images.read(int(self._rows[index]))


def _read(path: Path) -> tuple[Votes, Rows]:
    """Votes and images of a folder or zip. Every error says how to get both."""
    try:
        with reading(str(path), fix=FIX):
            path = path.parent if path.is_file() and path.name.lower() == TABLE else path
            missing = not path.exists()
        if missing:
            raise DataError(f"there is no {path}: a folder with {TABLE} and FER2013", fix=FIX)
        tree = open_tree(path, fix=FIX)
        if tree is None:
            raise DataError(f"{path} is neither a folder nor a zip with {TABLE} and FER2013", fix=FIX)
        with reading(str(path), fix=FIX):
            files = tree.files()
        tables = [file for file in files if steps(file)[-1].lower() == TABLE]
        if len(tables) != 1:
            shown = ": " + ", ".join(map(printable, tables[:5])) if tables else ""
            raise DataError(f"{path} holds {'more than one' if tables else 'no'} {TABLE}{shown}", fix=FIX)
        votes = read_votes(tree, tables[0])
        return votes, read_rows(_images(path, files) if isinstance(tree, FolderTree) else path)
    except DataError as error:
        raise DataError(error.what, fix=FIX) from error


def _images(folder: Path, files: Iterable[str]) -> Path:
    """Where FER2013 is in a folder: in the folder itself, or in the one archive that is there."""
    names = {file: steps(file)[-1].lower() for file in files}
    if any(name in TABLES or name.startswith(_JPEGS) for name in names.values()):
        return folder
    archives = [file for file, name in names.items() if name.endswith(_ARCHIVES)]
    if len(archives) > 1:
        shown = ", ".join(map(printable, archives[:5]))
        raise DataError(f"{folder} holds no FER2013 csv, and more than one archive: {shown}", fix=FIX)
    return folder / archives[0] if archives else folder


def _join(rows: Rows, votes: Votes) -> Indices:
    """The row of the votes for each image. Raises ``DataError`` if there is none, or it is another partition's."""
    within = rows.numbers < len(votes)
    usages = votes.usages[np.where(within, rows.numbers, 0)]
    lost = np.flatnonzero(~within | (usages != rows.usages))
    if len(lost):
        first = f"{USAGES[rows.usages[lost[0]]]}_{rows.numbers[lost[0]]}"
        table = f"{TABLE} has {len(votes):,} rows" + ("" if len(votes) == ROWS else f" of {ROWS:,}")
        raise DataError(
            f"FER+ belongs to the rows of fer2013.csv, and {len(lost):,} of {len(rows.numbers):,} images are not where "
            f"their row is, {first} first ({table}): the numbers in the file names of a JPEG copy are usually no rows, "
            "and a csv may have been put into another order",
            fix=FIX,
        )
    return rows.numbers


def _check_agreement(original: Labels, labels: Labels) -> None:
    """Raises ``DataError`` if FER2013's labels and FER+'s agree so seldom that they are of different images."""
    kept = (labels >= 0) & (labels < CLASSES.index("contempt"))
    share = float((original[kept] == labels[kept]).mean()) if kept.sum() >= ENOUGH else 1.0
    if share < AGREEMENT:
        raise DataError(
            f"FER2013's label and FER+'s agree on {share:.0%} of the images, in the true release on 68%: the rows of "
            "this copy of FER2013 are not in the official order",
            fix=FIX,
        )
