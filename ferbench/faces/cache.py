"""The crop cache on disk: written front to back, continued where it stopped, read without taking memory for all of it.

    crops.npy     uint8 [N, S, S]
    has_face.npy  bool [N]: whether the row has a face
    state.json    how many rows of an unfinished cache are on the disk for certain, noted every second
    written       how many are written, noted with each batch: what survives a kill, and a checksum of those since
                  state.json, as a power failure may lose some of them
    done.json     there once all rows are

Rows are written through file handles. Mapped pages would count into the process's memory until the last one is
written, and their flush slows down as the file grows. Two runs may fill one cache at a time: they write the same bytes
to the same places, and neither ever empties a file.
"""

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
from typing import Any, BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Images
from ferbench.support.atomic import explain, write_text

SYNC_EVERY = 1.0
"""Seconds between two moments at which all rows are brought to the disk for certain."""
WRITTEN = struct.Struct("<QII")
"""Rows, and the CRC-32 of crops.npy and of has_face.npy since the row of state.json."""


class CropCache:
    """The cache in ``folder``, for ``count`` crops of ``size`` x ``size`` pixels.

    Used in ``with``; leaving it, by an error too, notes how far it has come. Raises ``StorageError``.
    """

    def __init__(self, folder: Path, count: int, size: int) -> None:
        self.folder = folder
        self.count = count
        self.size = size
        self.done = 0
        self._checksums = (0, 0)
        self._synced = time.monotonic()

    @property
    def complete(self) -> bool:
        return (self.folder / "done.json").exists()

    def read(self) -> tuple[Images, NDArray[np.bool_]]:
        """The crops, uint8 [N, S, S] and memory-mapped, and whether each has a face, bool [N]."""
        return np.load(self.folder / "crops.npy", mmap_mode="r"), np.load(self.folder / "has_face.npy")

    def __enter__(self) -> Self:
        with ExitStack() as opened, _explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            state = self.folder / "state.json"
            shape = (self.count, self.size, self.size)
            self._crops, was_whole = _open_array(opened, self.folder / "crops.npy", np.uint8, shape)
            self._has_face, _ = _open_array(opened, self.folder / "has_face.npy", np.bool_, (self.count,))
            safe = json.loads(state.read_text())["images"] if was_whole and state.exists() else 0
            self._crops.seek(safe * self.size**2, os.SEEK_CUR)
            self._has_face.seek(safe, os.SEEK_CUR)
            descriptor = os.open(self.folder / "written", os.O_RDWR | os.O_CREAT, 0o666)
            self._written = opened.enter_context(os.fdopen(descriptor, "r+b", buffering=0))
            self.done = safe + self._rows_beyond(safe)
            self._files = opened.pop_all()
        return self

    def append(self, crops: Images, has_face: NDArray[np.bool_]) -> None:
        """The next rows: uint8 [M, S, S] and bool [M]."""
        pixels = crops.tobytes()
        flags = has_face.tobytes()
        with _explained(self.folder):
            for file, rows in ((self._crops, pixels), (self._has_face, flags)):
                file.write(rows)
                file.flush()
            self.done += len(crops)
            self._checksums = (zlib.crc32(pixels, self._checksums[0]), zlib.crc32(flags, self._checksums[1]))
            os.pwrite(self._written.fileno(), WRITTEN.pack(self.done, *self._checksums), 0)
        if time.monotonic() - self._synced >= SYNC_EVERY:
            self._sync()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._files:
            self._sync()
        if self.done == self.count:
            write_text(self.folder / "done.json", json.dumps({"images": self.count}))
            for name in ("state.json", "written"):
                (self.folder / name).unlink(missing_ok=True)

    def _rows_beyond(self, safe: int) -> int:
        """How many whole rows follow row ``safe``, where both files stand; moves both behind them."""
        header = self._written.read(WRITTEN.size)
        count, *checksums = WRITTEN.unpack(header) if len(header) == WRITTEN.size else (0, 0, 0)
        if not safe < count <= self.count:
            return 0
        starts = (self._crops.tell(), self._has_face.tell())
        pixels = self._crops.read((count - safe) * self.size**2)
        flags = self._has_face.read(count - safe)
        self._checksums = (zlib.crc32(pixels), zlib.crc32(flags))
        if self._checksums == tuple(checksums):
            return int(count - safe)
        self._checksums = (0, 0)
        self._crops.seek(starts[0])
        self._has_face.seek(starts[1])
        return 0

    def _sync(self) -> None:
        """Brings all rows to the disk, and then notes how many there are."""
        with _explained(self.folder):
            for file in (self._crops, self._has_face):
                os.fsync(file.fileno())
        write_text(self.folder / "state.json", json.dumps({"images": self.done}))
        self._checksums = (0, 0)
        self._synced = time.monotonic()


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise explain(error, folder) from error


def _open_array(opened: ExitStack, file: Path, dtype: Any, shape: tuple[int, ...]) -> tuple[BinaryIO, bool]:
    """An array's file at its first row, made if it is not there, and whether it had its full size already.

    Its space is taken at once, so that a full disk is known before the work.
    """
    header = io.BytesIO()
    description = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, description)
    size = header.tell() + math.prod(shape) * np.dtype(dtype).itemsize
    handle = opened.enter_context(os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o666), "r+b"))
    was_whole = os.fstat(handle.fileno()).st_size == size
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle.fileno(), 0, size)
    handle.truncate(size)
    handle.write(header.getvalue())
    return handle, was_whole
