"""The crop cache on disk: written front to back, goes on where it stopped, read without taking memory for all of it.

    crops.npy     uint8 [N, S, S]
    found.npy     bool [N]: whether the row has a face
    state.json    how many rows of an unfinished cache are there
    done.json     there once all are

Rows are written through file handles. Mapped pages would count into the process's memory until the last one is
written, and their flush slows down as the file grows. Two runs may fill one cache at a time: they write the same bytes
to the same places, and neither ever empties a file.
"""

from __future__ import annotations

import io
import json
import math
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Images
from ferbench.storage import explain, write_text

NOTE_EVERY = 1.0
"""Seconds between two notes of how far an unfinished cache has come: what a kill can cost."""


class CropCache:
    """The cache in the folder ``place``, for ``count`` crops of ``size`` x ``size`` pixels.

    Used in ``with``; leaving it, by an error too, notes how far it has come. Raises ``StorageError``.
    """

    def __init__(self, place: Path, count: int, size: int) -> None:
        self.place, self.count, self.size = place, count, size
        self.done = 0
        self._noted = time.monotonic()

    @property
    def complete(self) -> bool:
        """Whether every row is there."""
        return (self.place / "done.json").exists()

    def read(self) -> tuple[Images, NDArray[np.bool_]]:
        """The crops, uint8 [N, S, S] and memory-mapped, and whether each has a face, bool [N]."""
        return np.load(self.place / "crops.npy", mmap_mode="r"), np.load(self.place / "found.npy")

    def __enter__(self) -> CropCache:
        with ExitStack() as opened, _explained(self.place):
            self.place.mkdir(parents=True, exist_ok=True)
            crops, found, state = (self.place / name for name in ("crops.npy", "found.npy", "state.json"))
            self._crops, whole = _open(opened, crops, np.uint8, (self.count, self.size, self.size))
            self._found, _ = _open(opened, found, np.bool_, (self.count,))
            self.done = json.loads(state.read_text())["images"] if whole and state.exists() else 0
            self._crops.seek(self.done * self.size**2, os.SEEK_CUR)
            self._found.seek(self.done, os.SEEK_CUR)
            self._files = opened.pop_all()
        return self

    def append(self, crops: Images, found: NDArray[np.bool_]) -> None:
        """The next rows: uint8 [M, S, S] and bool [M]."""
        with _explained(self.place):
            self._crops.write(crops.tobytes())
            self._found.write(found.tobytes())
        self.done += len(crops)
        if time.monotonic() - self._noted >= NOTE_EVERY:
            self._note()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._files:
            self._note()
        if self.done == self.count:
            write_text(self.place / "done.json", json.dumps({"images": self.count}))
            (self.place / "state.json").unlink(missing_ok=True)

    def _note(self) -> None:
        """Notes how many rows are there, once they are on the disk."""
        with _explained(self.place):
            for file in (self._crops, self._found):
                file.flush()
                os.fsync(file.fileno())
        write_text(self.place / "state.json", json.dumps({"images": self.done}))
        self._noted = time.monotonic()


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise explain(error, place) from error


def _open(opened: ExitStack, file: Path, dtype: Any, shape: tuple[int, ...]) -> tuple[BinaryIO, bool]:
    """An array's file at its first row, made if it is not there, and whether it had its full size already.

    Its space is taken at once, so that a full disk is known before the work.
    """
    header = io.BytesIO()
    described = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, described)
    size = header.tell() + math.prod(shape) * np.dtype(dtype).itemsize
    handle = opened.enter_context(os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o666), "r+b"))
    whole = os.fstat(handle.fileno()).st_size == size
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle.fileno(), 0, size)
    handle.truncate(size)
    handle.write(header.getvalue())
    return handle, whole
