"""What may lie in a bundle's folder, and how its files are read: no links, no devices, nothing large, nothing else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ferbench.errors import BundleError, printable

RESULT, PREDICTIONS, LEAKS, SUBJECTS = "result.json", "predictions.csv", "leaks.csv", "subjects.csv"
OTHERS, MODEL = "predictions", "model"
UNFINISHED = ".unfinished"
MAX_BYTES = {".json": 16 * 2**20, ".csv": 64 * 2**20}
"""Bytes of a file of a bundle, by its ending, beyond which it is not read."""
FIX = "restore the files that ferbench wrote, or run it again"


@dataclass
class Survey:
    """What lies under a folder: bundles, links (which are never followed), and files that belong to no bundle."""

    bundles: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    strays: list[Path] = field(default_factory=list)


def survey(root: Path) -> Survey:
    """Looks through ``root``, but neither into bundles nor into unfinished runs. Raises ``BundleError``."""
    found = Survey()
    waiting = [root] if root.is_dir() else []
    while waiting:
        folder = waiting.pop()
        inside = _listing(folder)
        if any(entry.name == RESULT and not entry.is_dir(follow_symlinks=False) for entry in inside):
            found.bundles.append(folder)
            continue
        for entry in inside:
            if entry.is_symlink():
                found.links.append(Path(entry))
            elif not entry.is_dir():
                found.strays.append(Path(entry))
            elif not entry.name.endswith(UNFINISHED):
                waiting.append(Path(entry))
    for paths in (found.bundles, found.links, found.strays):
        paths.sort()
    return found


def problems(folder: Path) -> Iterator[str]:
    """What must not be in a bundle's folder, by its names and kinds alone; nothing is opened. ``BundleError``."""
    folders = [folder]
    while folders:
        place = folders.pop()
        for entry in _listing(place):
            path = Path(entry)
            where = path.relative_to(folder)
            if entry.is_symlink():
                yield f"{path} is a link"
            elif entry.is_dir():
                if where.parts[0] == MODEL or where.parts == (OTHERS,):
                    folders.append(path)
                else:
                    yield f"{path} does not belong into a bundle"
            elif not entry.is_file():
                yield f"{path} is no ordinary file"
            elif where.parts[0] != MODEL:
                yield from _unfit(path, where)


def text(file: Path) -> str:
    """A file's text, read only if it is an ordinary file of a bearable size. Raises ``BundleError``."""
    largest = MAX_BYTES[file.suffix]
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe must not keep us waiting
        with os.fdopen(opened, encoding="utf-8") as stream:
            facts = os.fstat(opened)
            if not stat.S_ISREG(facts.st_mode):
                raise BundleError(f"{file} is no ordinary file", fix=FIX)
            if facts.st_size > largest:
                raise BundleError(
                    f"{file} is larger than {largest:,} bytes", fix="a bundle's files are small; check it"
                )
            return stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(
            f"{file} cannot be read: {getattr(error, 'strerror', None) or error}",
            fix="give the folder that 'ferbench run' printed at its end",
        ) from error


def _unfit(path: Path, where: Path) -> Iterator[str]:
    known = where.name in (RESULT, PREDICTIONS, LEAKS, SUBJECTS) if len(where.parts) == 1 else where.suffix == ".csv"
    if not known:
        yield f"{path} does not belong into a bundle"
    elif (size := path.lstat().st_size) > MAX_BYTES[path.suffix]:
        yield f"{path} has {size:,} bytes, more than the {MAX_BYTES[path.suffix]:,} that are read"


def _listing(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise BundleError(
            printable(f"{folder} cannot be read: {error.strerror or error}"), fix="give a folder that may be read"
        ) from error
