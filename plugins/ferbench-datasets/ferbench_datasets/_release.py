"""What is known of a dataset's release, and how a copy is compared with it and turned into samples."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Labels, Release, Strings
from ferbench.errors import DataError
from ferbench_datasets._archives import TarTree, Tree, open_tree, printable, reading, steps
from ferbench_datasets._sources import Source

#: The names that datasets give to the same expressions, made one: FER2013's, then contempt.
EXPRESSIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar")


@dataclass(frozen=True)
class Counts:
    """How many images of each class (columns, as in ``classes``) each partition (keys) of the official release has.

    A release without partitions has one, "". ``unit`` is what is counted.
    """

    classes: tuple[str, ...]
    official: Mapping[str, Sequence[int]]
    unit: str = "images"

    def differences(self, labels: Labels, partitions: Strings | None = None) -> tuple[str, ...]:
        """How the numbers of a copy differ from the official ones, in a sentence for ``notes``; empty if they do not.

        ``labels`` are int64 [N] indices into ``classes``, ``partitions`` that of each, or ``None`` if there is one.
        "partial copy" if no class of a partition has more than it should, else "altered copy"; where the
        partitions' sums are right, the classes that differ are named.
        """
        official = np.array(list(self.official.values()), np.int64)
        have = self._count(labels, partitions)
        if (have == official).all():
            return ()
        found, whole = have.sum(axis=1), official.sum(axis=1)
        if (found != whole).any():
            kind = "partial" if (have <= official).all() else "altered"
            sides = ", ".join(
                f"{name} {a:,} of {b:,}".strip() for name, a, b in zip(self.official, found, whole, strict=True)
            )
            unit = "" if self.unit == "images" and partitions is not None else f" {self.unit}"
            return (f"{kind} copy: {sides}{unit}",)
        off = [
            f"{partition} {self.classes[label]} {have[row, label]:,} of {official[row, label]:,}".strip()
            for row, partition in enumerate(self.official)
            for label in np.flatnonzero(have[row] != official[row])
        ]
        return (f"differs from the official counts: {', '.join(off)}",)

    def release(self, labels: Labels, partitions: Strings | None = None) -> Release:
        """``Samples.release`` of a copy, by its numbers; ``labels`` and ``partitions`` are as for ``differences``."""
        official = np.array(list(self.official.values()), np.int64)
        have = self._count(labels, partitions)
        if (have == official).all():
            return "known"
        return "partial" if (have <= official).all() else "altered"

    def _count(self, labels: Labels, partitions: Strings | None) -> NDArray[np.int64]:
        """int64 [partitions, classes]."""
        rows = [labels if partitions is None else labels[partitions == name] for name in self.official]
        return np.stack([np.bincount(some, minlength=len(self.classes)) for some in rows])


def fingerprint(
    name: str, *, ids: Strings, labels: Labels, content: str, groups: Mapping[str, Strings | None] | None = None
) -> str:
    """SHA-256 over the dataset's name, the ids, the labels, the groups (subjects, clips, partitions) and ``content``.

    ``content`` says what of the images is covered: ``TreeImages.check`` gives a hash over every file's bytes, which
    is for datasets of up to some ten thousand images; ``sizes`` one over the files' sizes, for larger ones.
    """
    digest = hashlib.sha256(f"{name}\n".encode())
    digest.update("\n".join(ids.tolist()).encode() + b"\0" + labels.astype("<i8").tobytes())
    for group, values in sorted((groups or {}).items()):
        if values is not None:
            digest.update(f"\0{group}\0".encode() + "\n".join(values.tolist()).encode())
    digest.update(b"\0" + content.encode())
    return digest.hexdigest()


def sizes(files: Mapping[str, int], names: Sequence[str]) -> str:
    """A stand-in for the content of many files: SHA-256 over their sizes, in the order of ``names``.

    Costs no reading, but an image replaced by another of the same number of bytes is not noticed.
    """
    lines = "\n".join(str(files[name]) for name in names)
    return f"sizes:{hashlib.sha256(lines.encode()).hexdigest()}"


def open_images(data: Path | None, source: Source) -> tuple[Tree, dict[str, int]]:
    """The folder, zip or plain tar in which a dataset's images lie, and its files with their sizes.

    Raises ``DataError`` if ``data`` is not given, is missing, unreadable or empty, is another kind of file, or is a
    compressed tar: that would be unpacked from its start for every image.
    """
    if data is None:
        raise DataError(f"{source.title} needs its files, and none were given", fix=source.fix)
    path = Path(data)
    with reading(str(path), fix=source.fix):
        missing = not path.exists()
    if missing:
        raise DataError(f"there is no {printable(str(path))}", fix=source.fix)
    tree = open_tree(path, fix=source.fix)
    if tree is None:
        raise DataError(f"{path} is neither a folder nor a zip nor a tar", fix=source.fix)
    if isinstance(tree, TarTree) and tree.packed:
        raise DataError(
            f"{path} is a compressed tar, which has to be unpacked from its start for every single image",
            fix=f"unpack it (tar -xf {path}) and pass the folder; or {source.fix}",
        )
    with reading(str(path), fix=source.fix):
        files = tree.files()
    if not files:
        raise DataError(f"{path} is empty", fix=source.fix)
    return tree, files


def absent(data: Path | None, source: Source, files: Mapping[str, int], wanted: str, *, hint: str = "") -> DataError:
    """The error for a tree in which nothing is ``wanted`` (such as "no image like KA.AN1.39.tiff").

    ``hint`` is what else it may be; archives inside are named, as they are what a person forgets to unpack.
    """
    packed = [file for file in files if steps(file)[-1].lower().endswith(_ARCHIVES)]
    unpack = f"unpack {', '.join(map(printable, packed[:5]))} first; or " if packed else ""
    return DataError(f"{data} is not {source.title}: it holds {wanted}", fix=hint + unpack + source.fix)
