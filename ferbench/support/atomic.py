"""Atomic writes: a file or folder is there whole, or what was there before still is."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ferbench.errors import StorageError


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Gives a fresh path next to ``target``, and moves it to ``target`` when the block ends without an error.

    For a file the block writes the file; for a folder it makes the folder. Raises ``StorageError`` where the disk is
    full or the path may not be written; the old content is intact then.
    """
    fresh: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent)) / target.name
        yield fresh
        _sync(fresh)
        if fresh.is_dir() and target.exists():
            target.rename(fresh.parent / "replaced")
        fresh.replace(target)
    except OSError as error:
        raise explain(error, target) from error
    finally:
        if fresh is not None:
            shutil.rmtree(fresh.parent, ignore_errors=True)


def write_text(target: Path, text: str) -> None:
    """Writes UTF-8 text atomically. Raises ``StorageError``."""
    with replacing(target) as fresh:
        fresh.write_text(text, encoding="utf-8", newline="\n")


def write_json(target: Path, value: Any) -> None:
    """Writes indented JSON atomically; NaN and infinity are refused. Raises ``StorageError``."""
    write_text(target, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def explain(error: OSError, target: Path) -> StorageError:
    """The ``StorageError`` that says what an ``OSError`` while writing ``target`` means to a person."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        fix = f"choose a folder you may write to (--out DIR), or get write permission for {target.parent}"
    elif error.errno in (errno.ENOSPC, errno.EDQUOT):
        fix = "free some space or choose another disk (--out DIR); what was there before is intact"
    else:
        fix = "choose another folder with --out DIR"
    return StorageError(f"{target} cannot be written: {error.strerror or error}", fix=fix)


def _sync(path: Path) -> None:
    """Flushes file content to the disk, so that a crash after the rename cannot leave an empty file."""
    for file in [path] if path.is_file() else sorted(path.rglob("*")):
        if file.is_file():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
