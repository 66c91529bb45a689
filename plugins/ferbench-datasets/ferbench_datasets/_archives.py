"""The files of a folder, a zip or a tar under one face: names, sizes and bytes.

Archives are taken as hostile. Nothing is ever extracted to disk, so that a member's name can do no harm; members are
read with a limit on their true size, which the caller gives; encrypted ones are refused; and whatever the
decompressors raise comes out as a ``DataError`` that names the file and the member.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Protocol, cast

from ferbench.errors import DataError
from ferbench.errors import printable as printable

#: What reading a damaged file or archive raises.
BROKEN = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    IndexError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    tarfile.TarError,
)

#: The most that a tar's own headers may ask for in one piece; its reader would trust any number that is there.
TAR_PIECE = 16 << 20
#: The most that a compressed tar may unpack to; a plain one cannot hold more than its own size.
TAR_TOTAL = 4 << 30

_PACKED: dict[bytes, Callable[..., object]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}


class Tree(Protocol):
    """Files by their relative names with ``/``. Can be pickled: no open handle travels."""

    def files(self) -> dict[str, int]:
        """Name -> size in bytes of every file, hidden ones and ``__MACOSX`` left out. Raises ``DataError``."""
        ...

    def where(self, name: str) -> str:
        """The file ``name`` as errors call it."""
        ...

    def open(self, name: str, *, limit: int, fix: str) -> AbstractContextManager[IO[bytes]]:
        """A context manager that gives a binary file. Raises ``DataError`` if it has more than ``limit`` bytes."""
        ...


def open_tree(path: Path, *, fix: str) -> Tree | None:
    """The folder, zip or tar at ``path``; ``None`` if it is a file of another kind. Raises ``DataError``."""
    with reading(str(path), fix=fix):
        if path.is_dir():
            return FolderTree(path)
        if zipfile.is_zipfile(path):
            return ZipTree(path, fix=fix)
        with path.open("rb") as file:
            head = file.read(512)
    if head[257:262] == b"ustar" or head.startswith(tuple(_PACKED)):
        return TarTree(path, fix=fix)
    return None


@contextmanager
def reading(where: str, *, fix: str) -> Iterator[None]:
    """Turns whatever reading a damaged file raises into a ``DataError`` about ``where``."""
    try:
        yield
    except BROKEN as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"{where} cannot be read: {printable(reason or type(error).__name__)}", fix=fix) from error


def read(tree: Tree, name: str, *, limit: int, fix: str) -> bytes:
    """The whole file ``name``, of at most ``limit`` bytes. Raises ``DataError``."""
    where = tree.where(name)
    with tree.open(name, limit=limit, fix=fix) as file, reading(where, fix=fix):
        data = file.read(limit + 1)
    _check_size(where, len(data), limit, fix)
    return data


class FolderTree:
    """The files below a folder. Symbolic links are followed, each folder once."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def files(self) -> dict[str, int]:
        sizes: dict[str, int] = {}
        seen: set[tuple[int, int]] = set()
        stack = [(self._root, "")]
        while stack:
            folder, prefix = stack.pop()
            status = folder.stat()
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    if hidden(entry.name):
                        continue
                    if entry.is_dir():
                        stack.append((Path(entry.path), f"{prefix}{entry.name}/"))
                    elif entry.is_file():
                        sizes[prefix + entry.name] = entry.stat().st_size
        return sizes

    def where(self, name: str) -> str:
        return printable(str(self._root / name))

    @contextmanager
    def open(self, name: str, *, limit: int, fix: str) -> Iterator[IO[bytes]]:
        where = self.where(name)
        with reading(where, fix=fix):
            file = (self._root / name).open("rb")
        with file:
            _check_size(where, os.fstat(file.fileno()).st_size, limit, fix)
            yield file


class ZipTree:
    """The members of a zip. The archive is opened again in every process that reads it."""

    def __init__(self, path: Path, *, fix: str) -> None:
        self._path = path
        self._fix = fix
        self._zip: zipfile.ZipFile | None = None
        self._process = 0

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_zip": None}

    def files(self) -> dict[str, int]:
        with reading(str(self._path), fix=self._fix):
            members = self._open().infolist()
        return {
            member.filename: member.file_size
            for member in members
            if not member.is_dir() and not any(map(hidden, steps(member.filename)))
        }

    def where(self, name: str) -> str:
        return f"{self._path}, member {printable(name)}"

    @contextmanager
    def open(self, name: str, *, limit: int, fix: str) -> Iterator[IO[bytes]]:
        where = self.where(name)
        with reading(where, fix=fix):
            archive = self._open()
            try:
                member = archive.getinfo(name)
            except KeyError:
                raise DataError(f"{where} is no longer there", fix=fix) from None
            if member.flag_bits & 1:
                raise DataError(f"{where} is encrypted", fix=f"unpack it with its password, or {fix}")
            _check_size(where, member.file_size, limit, fix)  # zipfile itself stops at the size that is declared
            file = archive.open(member)
        with file:
            yield file

    def _open(self) -> zipfile.ZipFile:
        if self._zip is None or self._process != os.getpid():  # after a fork the two would share one file position
            self._zip = zipfile.ZipFile(self._path)
            self._process = os.getpid()
        return self._zip


class TarTree:
    """The members of a tar. Of a plain one any member is read where it is; a compressed one is read from its start
    at every ``open``, so it is good for a few large members (``packed`` says so)."""

    def __init__(self, path: Path, *, fix: str) -> None:
        self._path = path
        self._fix = fix
        self._places: dict[str, int] = {}
        with reading(str(path), fix=fix):
            self.packed = _opener(path) is not None

    def files(self) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for name, member, _ in self._members():
            sizes[name] = member.size
            self._places[name] = member.offset
        return sizes

    def where(self, name: str) -> str:
        return f"{self._path}, member {printable(name)}"

    @contextmanager
    def open(self, name: str, *, limit: int, fix: str) -> Iterator[IO[bytes]]:
        members = self._members(0 if self.packed else self._places.get(name, 0))
        try:
            for found, member, archive in members:
                if found == name:
                    _check_size(self.where(name), member.size, limit, fix)
                    with reading(self.where(name), fix=fix):
                        file = archive.extractfile(member)
                    assert file is not None  # _members gives regular files only
                    with file:
                        yield file
                    return
        finally:
            members.close()
        raise DataError(f"{self.where(name)} is no longer there", fix=fix)

    def _members(self, start: int = 0) -> Generator[tuple[str, tarfile.TarInfo, tarfile.TarFile], None, None]:
        with reading(str(self._path), fix=self._fix):
            stream = cast("IO[bytes]", (_opener(self._path) or Path.open)(self._path, "rb"))
            limit = TAR_TOTAL if self.packed else self._path.stat().st_size
        with stream:
            with reading(f"{self._path}, as a tar archive,", fix=self._fix):
                stream.seek(start)
                archive = tarfile.TarFile(fileobj=cast("IO[bytes]", _Pieces(stream)))
            total = 0
            with archive:
                while True:
                    with reading(str(self._path), fix=self._fix):
                        member = archive.next()
                    if member is None:
                        return
                    total += member.size
                    _check_size(str(self._path), total, limit, self._fix)
                    if member.isfile() and not any(map(hidden, steps(member.name))):
                        yield member.name, member, archive


class _Pieces:
    """A stream that refuses to be read in pieces larger than ``TAR_PIECE``."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.seek = stream.seek
        self.tell = stream.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= TAR_PIECE:
            raise ValueError(f"a header asks for {size:,} bytes")
        return self._stream.read(size)


def hidden(name: str) -> bool:
    """Whether a file or folder of that name is the operating system's own."""
    return (name.startswith(".") and name not in (".", "..")) or name == "__MACOSX"


def steps(name: str) -> list[str]:
    """The folders and the file that a name consists of; some zips made on Windows have backslashes."""
    return name.replace("\\", "/").split("/")


def _opener(path: Path) -> Callable[..., object] | None:
    """What opens a compressed file; ``None`` if it is none."""
    with path.open("rb") as file:
        head = file.read(8)
    return next((opener for magic, opener in _PACKED.items() if head.startswith(magic)), None)


def _check_size(where: str, size: int, limit: int, fix: str) -> None:
    if size > limit:
        raise DataError(
            f"{where} is too large: {size:,} bytes unpacked, where {limit:,} is far more than needed", fix=fix
        )
