"""What may be in a bundle's folder, and how its files are read: no links, no devices, nothing large, nothing else."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ferbench.errors import BundleError, printable

RESULT = "result.json"
PREDICTIONS = "predictions.csv"
LEAKS = "leaks.csv"
SUBJECTS = "subjects.csv"
OTHERS = "predictions"
MODEL = "model"
UNFINISHED = ".unfinished"
MAX_BYTES = {".json": 16 * 2**20, ".csv": 64 * 2**20}
"""Bytes of a file of a bundle, by its ending, beyond which it is not read."""
FIX = "restore the files that ferbench wrote, or run it again"


@dataclass
class Survey:
    """What is under a folder: bundles, links (which are never followed), and files that belong to no bundle."""

    bundles: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    strays: list[Path] = field(default_factory=list)


def survey(root: Path) -> Survey:
    """Searches ``root``, but neither bundles nor unfinished runs. Raises ``BundleError``."""
    result = Survey()
    waiting = [root] if root.is_dir() else []
    while waiting:
        folder = waiting.pop()
        entries = _list(folder)
        if any(entry.name == RESULT and not entry.is_dir(follow_symlinks=False) for entry in entries):
            result.bundles.append(folder)
            continue
        for entry in entries:
            if entry.is_symlink():
                result.links.append(Path(entry))
            elif not entry.is_dir():
                result.strays.append(Path(entry))
            elif not entry.name.endswith(UNFINISHED):
                waiting.append(Path(entry))
    for paths in (result.bundles, result.links, result.strays):
        paths.sort()
    return result


def problems(folder: Path) -> Iterator[str]:
    """What must not be in a bundle's folder, by names and kinds alone; nothing is opened. Raises ``BundleError``."""
    folders = [folder]
    while folders:
        for entry in _list(folders.pop()):
            path = Path(entry)
            inside = path.relative_to(folder)
            if entry.is_symlink():
                yield f"{path} is a link"
            elif entry.is_dir():
                if inside.parts[0] == MODEL or inside.parts == (OTHERS,):
                    folders.append(path)
                else:
                    yield f"{path} does not belong in a bundle"
            elif not entry.is_file():
                yield f"{path} is not an ordinary file"
            elif inside.parts[0] != MODEL:
                yield from _unfit(path, inside)


def text(file: Path) -> str:
    """A file's text, read only if it is an ordinary file within ``MAX_BYTES``. Raises ``BundleError``."""
    max_bytes = MAX_BYTES[file.suffix]
    try:
        opened = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe must not block
        with os.fdopen(opened, encoding="utf-8") as stream:
            status = os.fstat(opened)
            if not stat.S_ISREG(status.st_mode):
                raise BundleError(f"{file} is not an ordinary file", fix=FIX)
            if status.st_size > max_bytes:
                raise BundleError(f"{file} is larger than {max_bytes:,} bytes", fix=FIX)
            return stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(
            f"{file} cannot be read: {getattr(error, 'strerror', None) or error}",
            fix="give the folder that 'ferbench run' printed at its end",
        ) from error


def _unfit(path: Path, inside: Path) -> Iterator[str]:
    expected = inside.suffix == ".csv"
    if len(inside.parts) == 1:
        expected = inside.name in (RESULT, PREDICTIONS, LEAKS, SUBJECTS)
    if not expected:
        yield f"{path} does not belong in a bundle"
        return
    size = path.lstat().st_size
    max_bytes = MAX_BYTES[path.suffix]
    if size > max_bytes:
        yield f"{path} has {size:,} bytes, more than the {max_bytes:,} that are read"


def _list(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise BundleError(
            printable(f"{folder} cannot be read: {error.strerror or error}"), fix="give a folder that can be read"
        ) from error
