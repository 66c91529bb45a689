"""Weights that a part needs: where they lie, whether they are the right ones, and how they get there.

A file is looked for where the part's parameter says, else in the weights folder, and its SHA-256 is checked before
anybody reads it. Naming the part that needs the weights counts as asking for them, so a missing file is downloaded from
its public address; where that fails, the error says which file to put where by hand.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from platformdirs import user_cache_path

from ferbench.errors import PluginError, StorageError, WeightsError
from ferbench.support.atomic import replacing
from ferbench.support.hashing import of_file

CHUNK = 1 << 18
"""Bytes read at once."""
PATIENCE = 20.0
"""Seconds without a byte after which a download has failed."""
PLAIN_EVERY = 5.0
"""Seconds between two lines of a download's progress where there is no terminal."""


_may_download: ContextVar[bool] = ContextVar("may_download", default=True)


@dataclass(frozen=True)
class Weights:
    """One file of weights, as its publisher offers it.

    ``name`` is the file's name in the weights folder, ``url`` its public https address. ``sha256`` is its SHA-256 in
    lower-case hex; a publisher who gives only its beginning is taken at that (8 digits or more), and messages say so.
    ``licence`` is the weights' own, ``megabytes`` about what is to be downloaded. Raises ``PluginError``.
    """

    name: str
    url: str
    sha256: str
    licence: str
    megabytes: float

    def __post_init__(self) -> None:
        if Path(self.name).name != self.name or not re.fullmatch(r"[0-9a-f]{8,64}", self.sha256):
            raise PluginError(
                f"the weights {self.name!r} need a plain file name and 8 to 64 hex digits of their SHA-256, "
                f"have {self.sha256!r}",
                fix="report it to the author of the part",
            )
        if not _is_safe(self.url):
            raise PluginError(f"{self.url} is no https address", fix="report it to the author of the part")

    @property
    def expected(self) -> str:
        """The expected SHA-256 as messages name it: ``SHA-256 ab12...`` or ``SHA-256 beginning with ab12``."""
        return f"SHA-256 {'' if len(self.sha256) == 64 else 'beginning with '}{self.sha256}"


def folder() -> Path:
    """Where weights lie: the folder that ``FERBENCH_WEIGHTS`` names, else ``weights`` in the user's cache folder."""
    named = os.environ.get("FERBENCH_WEIGHTS")
    return Path(named).expanduser() if named else user_cache_path("ferbench") / "weights"


def locate(weights: Weights, explicit: Path | None = None, *, download: bool = True) -> Path:
    """The checked file: ``explicit`` if given, else the one in the weights folder, downloaded if it is missing.

    Raises ``WeightsError`` if there is no such file or its SHA-256 is another; the message names the file, the address,
    the SHA-256 and the place. ``StorageError`` if a download cannot be written.
    """
    if explicit is not None:
        path = explicit.expanduser()
        if not path.is_file():
            raise WeightsError(f"there is no weights file {path}", fix=_by_hand(weights, path))
    else:
        path = folder() / weights.name
        if not path.exists():
            if not (download and _may_download.get()):
                raise WeightsError(f"the weights {weights.name} are not in {path.parent}", fix=_by_hand(weights, path))
            return fetch(weights)
    found = sha256(path)
    if not found.startswith(weights.sha256):
        raise WeightsError(
            f"{path} is not the file expected: it has SHA-256 {found}, {weights.name} has {weights.expected}",
            fix=f"delete or rename it (an incomplete download?); {_by_hand(weights, path)}",
        )
    return path


@contextmanager
def no_downloads() -> Iterator[None]:
    """Within it, weights that are missing are an error: for parts that a person did not ask for by name."""
    token = _may_download.set(False)
    try:
        yield
    finally:
        _may_download.reset(token)


def sha256(path: Path) -> str:
    """A file's SHA-256 in hex, read once a process unless the file changes. Raises ``WeightsError``."""
    try:
        status = path.stat()
        return _sha256(path.resolve(), status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}", fix="check its permissions") from error


def fetch(weights: Weights) -> Path:
    """Downloads the weights into the weights folder, over https and with a progress bar, and returns their path.

    The file appears only whole and with the right SHA-256. Raises ``WeightsError`` if it cannot be had or is another
    one, ``StorageError`` if it cannot be written.
    """
    target = folder() / weights.name
    checked = hashlib.sha256()
    try:
        with replacing(target) as fresh, fresh.open("wb") as file, closing(_blocks(weights, target)) as blocks:
            for block in blocks:
                checked.update(block)
                file.write(block)
            if not checked.hexdigest().startswith(weights.sha256):
                raise WeightsError(
                    f"what {weights.url} gives is not the file expected: it has SHA-256 {checked.hexdigest()}, "
                    f"{weights.name} has {weights.expected}; nothing was kept",
                    fix=f"try again; if it stays so, {_by_hand(weights, target)}",
                )
    except StorageError as error:
        raise StorageError(
            error.what, fix="set FERBENCH_WEIGHTS to a folder with space that you may write to"
        ) from error
    return target


@lru_cache(maxsize=64)
def _sha256(path: Path, size: int, modified: int) -> str:
    return of_file(path)


def _blocks(weights: Weights, target: Path) -> Generator[bytes]:
    """The bytes at the weights' address, with their progress shown. Raises ``WeightsError`` for all that goes wrong."""
    try:
        with _open(weights.url) as reply:
            length = reply.headers.get("Content-Length")
            total, done = int(length) if length else None, 0
            with _progress(weights, total) as show:
                while block := reply.read(CHUNK):
                    done += len(block)
                    yield block
                    show(done)
            if total is not None and done != total:
                raise HTTPException(f"it ended after {done} of {total} bytes")
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        reason = getattr(error, "reason", None) or error
        raise WeightsError(
            f"the weights {weights.name} are not in {target.parent}, and {weights.url} cannot be read: {reason}",
            fix=_by_hand(weights, target),
        ) from error


def _open(url: str) -> Any:
    """The reply of an address; tests put their own in its place."""
    request = urllib.request.Request(url, headers={"User-Agent": "ferbench"})
    return urllib.request.build_opener(_OnlySafe()).open(request, timeout=PATIENCE)


class _OnlySafe(urllib.request.HTTPRedirectHandler):
    """Follows a redirection to https alone."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not _is_safe(newurl):
            fp.close()
            raise urllib.error.URLError(f"it leads to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _is_safe(url: str) -> bool:
    """https, or plain http within this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"))


def _by_hand(weights: Weights, path: Path) -> str:
    command = f"curl -fL --create-dirs -o {shlex.quote(str(path))} {shlex.quote(weights.url)}"
    return (
        f"get it by hand (about {weights.megabytes:g} MB, licence {weights.licence}): {command}\n"
        f"the file must have {weights.expected}; the weights folder is {folder()} (set FERBENCH_WEIGHTS to change it)"
    )


@contextmanager
def _progress(weights: Weights, total: int | None) -> Iterator[Callable[[int], None]]:
    """Shows bytes done on standard error: a bar with rate and time left in a terminal, else a line now and then."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    console.print(f"downloading {weights.name} from {weights.url}", highlight=False, soft_wrap=True)
    if console.is_terminal:
        columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
        with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
            task = bar.add_task(weights.name, total=total)
            yield lambda done: bar.update(task, completed=done)
        return
    started = said = time.monotonic()

    def line(done: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= PLAIN_EVERY:
            said = now
            rate = done / (now - started)
            left = f"  {(total - done) / rate:.0f} s left" if total else ""
            share = f"{done / 1e6:.1f}/{total / 1e6:.1f}" if total else f"{done / 1e6:.1f}"
            console.print(f"{weights.name}: {share} MB  {rate / 1e6:.1f} MB/s{left}", highlight=False)

    yield line
