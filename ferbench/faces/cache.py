"""The crop cache on disk: written front to back, goes on where it stopped, read without taking memory for all of it.

    crops.npy     uint8 [N, S, S]
    found.npy     bool [N]: whether the row has a face
    state.json    how many rows of an unfinished cache are on the disk for certain, noted every second
    written       how many are written, noted with each batch: what survives a kill, and a checksum of those since
                  state.json, as a power failure may lose some of them
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
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Images
from ferbench.support.atomic import explain, write_text

NOTE_EVERY = 1.0
"""Seconds between two moments at which all rows are brought to the disk for certain."""
WRITTEN = struct.Struct("<QII")
"""Rows, and the CRC-32 of crops and of ``found`` since the row of state.json."""


class CropCache:
    """The cache in the folder ``place``, for ``count`` crops of ``size`` x ``size`` pixels.

    Used in ``with``; leaving it, by an error too, notes how far it has come. Raises ``StorageError``.
    """

    def __init__(self, place: Path, count: int, size: int) -> None:
        self.place, self.count, self.size = place, count, size
        self.done = 0
        self._sums = 0, 0
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
            safe = json.loads(state.read_text())["images"] if whole and state.exists() else 0
            self._crops.seek(safe * self.size**2, os.SEEK_CUR)
            self._found.seek(safe, os.SEEK_CUR)
            self._written = opened.enter_context(_unbuffered(self.place / "written"))
            self.done = safe + self._beyond(safe)
            self._files = opened.pop_all()
        return self

    def append(self, crops: Images, found: NDArray[np.bool_]) -> None:
        """The next rows: uint8 [M, S, S] and bool [M]."""
        pixels, flags = crops.tobytes(), found.tobytes()
        with _explained(self.place):
            for file, rows in ((self._crops, pixels), (self._found, flags)):
                file.write(rows)
                file.flush()
            self.done += len(crops)
            self._sums = zlib.crc32(pixels, self._sums[0]), zlib.crc32(flags, self._sums[1])
            os.pwrite(self._written.fileno(), WRITTEN.pack(self.done, *self._sums), 0)
        if time.monotonic() - self._noted >= NOTE_EVERY:
            self._note()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._files:
            self._note()
        if self.done == self.count:
            write_text(self.place / "done.json", json.dumps({"images": self.count}))
            for name in ("state.json", "written"):
                (self.place / name).unlink(missing_ok=True)

    def _beyond(self, safe: int) -> int:
        """How many whole rows lie behind row ``safe``, where both files stand; moves both behind them."""
        noted = self._written.read(WRITTEN.size)
        count, *sums = WRITTEN.unpack(noted) if len(noted) == WRITTEN.size else (0, 0, 0)
        if not safe < count <= self.count:
            return 0
        places = self._crops.tell(), self._found.tell()
        pixels, flags = self._crops.read((count - safe) * self.size**2), self._found.read(count - safe)
        self._sums = zlib.crc32(pixels), zlib.crc32(flags)
        if self._sums == tuple(sums):
            return int(count - safe)
        self._sums = 0, 0
        self._crops.seek(places[0])
        self._found.seek(places[1])
        return 0

    def _note(self) -> None:
        """Notes how many rows are there, once they are on the disk."""
        with _explained(self.place):
            for file in (self._crops, self._found):
                os.fsync(file.fileno())
        write_text(self.place / "state.json", json.dumps({"images": self.done}))
        self._sums = 0, 0
        self._noted = time.monotonic()


@contextmanager
def _explained(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise explain(error, place) from error


def _unbuffered(file: Path) -> BinaryIO:
    return os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)


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
