"""Many bundles, each verified, and none twice: what was verified is remembered by the hash of every byte of it.

The memory is one SQLite file in the user's cache, from a bundle's hash to its classifiers' right answers, eight to a
byte. It is emptied by any change in ferbench's own code or in a manifest: what was taken before may be refused now.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

import ferbench
from ferbench.bundles import bundle, files, right_answers
from ferbench.bundles.bundle import Result
from ferbench.bundles.files import SUBJECTS
from ferbench.bundles.right_answers import Right
from ferbench.components.discovery import installed
from ferbench.data import batches
from ferbench.errors import BundleError, StorageError
from ferbench.support.atomic import explain
from ferbench.support.hashing import hash_file
from ferbench.support.processes import in_order
from ferbench.verify import verify

TOGETHER = 16
"""Bundles that a worker verifies at a time."""
MODEL = "model"
Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class Verified:
    """A bundle whose scores were recomputed from its predictions.

    ``result`` is without curves, splits, stored files and environment: ten thousand are held at a time. ``packed`` are
    the right answers of each classifier in the order of ``answers.TestSet``, ``subjects`` is the SHA-256 of the file
    that names the test images' subjects, if there is one. ``compared`` says what ids, labels and splits were compared
    with (``verification.Verdict``).
    """

    folder: Path
    result: Result
    packed: dict[str, bytes]
    subjects: str | None
    compared: str

    def right(self, label: str) -> Right:
        """bool [M]: which test images the classifier ``label`` has right."""
        return right_answers.unpack(self.packed[label], self.result.scores[label].count)


def read(root: Path, *, workers: int = 1, advance: Advance = lambda done, total: None) -> list[Verified]:
    """All bundles under ``root``, sorted by folder; those not remembered are verified first, by ``workers`` processes.

    Raises ``BundleError`` for the first one that is not what it should be.
    """
    folders = bundle.find(root)
    with ThreadPoolExecutor(workers) as pool, _memory() as memory:
        hashes = list(pool.map(fingerprint, folders))
        known = dict(memory.execute("SELECT hash, answers FROM verified"))
        fresh = [(folder, hashed) for folder, hashed in zip(folders, hashes, strict=True) if hashed not in known]
        pieces = [fresh[part] for part in batches(len(fresh), TOGETHER)]
        with closing(in_order(_verify, pieces, workers=workers)) as verified:
            for number, (piece, found) in enumerate(zip(pieces, verified, strict=False), start=1):
                rows = [(hashed, text) for (_, hashed), text in zip(piece, found, strict=True)]
                memory.executemany("INSERT OR REPLACE INTO verified VALUES (?, ?)", rows)
                memory.commit()
                known.update(rows)
                advance(min(number * TOGETHER, len(fresh)), len(fresh))
        return [_open(folder, known[hashed]) for folder, hashed in zip(folders, hashes, strict=True)]


def fingerprint(folder: Path) -> str:
    """SHA-256 over the names and bytes of all that a bundle is verified by. Raises ``BundleError``."""
    if problems := list(files.problems(folder)):  # so that nothing too large is read, and no link followed
        raise BundleError("\n".join(problems), fix="restore the files that ferbench wrote, or run it again")
    hashed = hashlib.sha256()
    try:
        for name in _names(folder):
            with (folder / name).open("rb") as opened:
                content = hashlib.file_digest(opened, "sha256").hexdigest()
            hashed.update(f"{name}\0{content}\0".encode())
    except OSError as error:
        raise BundleError(
            f"{error.filename} cannot be read: {error.strerror}", fix="restore it, or remove the bundle"
        ) from error
    return hashed.hexdigest()


def _names(folder: Path) -> list[str]:
    """Every file of a bundle but those of its model, which is no part of what is verified."""
    return sorted(
        file.relative_to(folder).as_posix()
        for entry in folder.iterdir()
        if entry.name != MODEL
        for file in ([entry] if entry.is_file() else entry.rglob("*"))
        if file.is_file()
    )


def _verify(piece: Sequence[tuple[Path, str]]) -> list[str]:
    """What is to be remembered of each bundle, as JSON; the right answers in hex digits."""
    found = []
    for folder, hashed in piece:
        verdict = verify.require(folder)
        test_set, right = right_answers.of(verdict.predictions)
        named = right_answers.subjects(folder, test_set.ids)
        subjects = None if named is None else hash_file(folder / SUBJECTS)
        packed = {label: right_answers.pack(one).hex() for label, one in right.items()}
        if fingerprint(folder) != hashed:
            raise BundleError(f"{folder} changed while it was read", fix="try again once nothing writes to it")
        found.append(json.dumps({"right": packed, "subjects": subjects, "compared": verdict.compared}))
    return found


def _open(folder: Path, remembered: str) -> Verified:
    result = bundle.read(folder)
    said = json.loads(remembered)
    packed = {label: bytes.fromhex(digits) for label, digits in said["right"].items()}
    slim: dict[str, Any] = {"curves": {}, "splits": [], "stored": {}, "environment": {}}
    return Verified(folder, result.model_copy(update=slim), packed, said["subjects"], said["compared"])


@contextmanager
def _memory() -> Iterator[sqlite3.Connection]:
    """The file that remembers, without what another version of the code put there. Raises ``StorageError``."""
    file = user_cache_path("ferbench") / "verified.sqlite3"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise explain(error, file) from error
    try:
        with closing(sqlite3.connect(file, timeout=60)) as memory:
            if memory.execute("PRAGMA user_version").fetchone() != (_code(),):
                memory.execute("DROP TABLE IF EXISTS verified")
                memory.execute(f"PRAGMA user_version = {_code()}")
            memory.execute("CREATE TABLE IF NOT EXISTS verified (hash TEXT PRIMARY KEY, answers TEXT) WITHOUT ROWID")
            memory.commit()
            yield memory
    except sqlite3.Error as error:
        raise StorageError(
            f"{file}, where verified bundles are remembered, cannot be used: {error}",
            fix="delete it, or choose another cache folder: XDG_CACHE_HOME",
        ) from error


@cache
def _code() -> int:
    """What stands for ferbench's own code and the manifests that it compares with, in 31 bits."""
    texts = [file.read_bytes() for file in sorted(Path(ferbench.__file__).parent.rglob("*.py"))]
    texts += [entry.text(entry.manifest).encode() for entry in installed().registry if entry.manifest]
    return int.from_bytes(hashlib.sha256(b"".join(texts)).digest()[:4], "big") >> 1
