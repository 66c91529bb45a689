"""Weights that a component needs: where they are, whether they are the right ones, and how they get there.

A file is looked for where the component's parameter says, else in the weights folder, and its SHA-256 is checked before
anybody reads it. To name a component that needs weights is to ask for them, so a missing file is downloaded from its
public address; where that fails, the error says which file to put where by hand.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
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
from ferbench.support.hashing import hash_file

BLOCK_BYTES = 1 << 18
"""Bytes read at once."""
TIMEOUT = 20.0
"""Seconds without a byte after which a download has failed."""

_may_download: ContextVar[bool] = ContextVar("may_download", default=True)


@dataclass(frozen=True)
class Weights:
    """One file of weights, as its publisher offers it.

    ``name`` is the file's name in the weights folder, ``url`` its public https address. ``sha256`` is its SHA-256 in
    lower-case hex; where a publisher gives only its beginning (8 digits or more), that is checked, and messages say so.
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
                f"not {self.sha256!r}",
                fix="report it to the author of the component",
            )
        if not _is_safe(self.url):
            raise PluginError(f"{self.url} is not an https address", fix="report it to the author of the component")

    @property
    def expected(self) -> str:
        """The expected SHA-256 as messages name it: ``SHA-256 ab12...`` or ``SHA-256 beginning with ab12``."""
        return f"SHA-256 {'' if len(self.sha256) == 64 else 'beginning with '}{self.sha256}"


def weights_folder() -> Path:
    """Where weights are: the folder that ``FERBENCH_WEIGHTS`` names, else ``weights`` in the user's cache folder."""
    named = os.environ.get("FERBENCH_WEIGHTS")
    return Path(named).expanduser() if named else user_cache_path("ferbench") / "weights"


def locate(weights: Weights, explicit: Path | None = None, *, download: bool = True) -> Path:
    """The checked file: ``explicit`` if given, else the one in the weights folder, downloaded if it is missing.

    Raises ``WeightsError`` if there is no such file or its SHA-256 is another; the message names the file, the address,
    the SHA-256 and the folder. ``StorageError`` if a download cannot be written.
    """
    if explicit is not None:
        path = explicit.expanduser()
        if not path.is_file():
            raise WeightsError(f"there is no weights file {path}", fix=_by_hand(weights, path))
    else:
        path = weights_folder() / weights.name
        if not path.exists():
            if not (download and _may_download.get()):
                raise WeightsError(f"the weights {weights.name} are not in {path.parent}", fix=_by_hand(weights, path))
            return fetch(weights)
    actual = sha256(path)
    if not actual.startswith(weights.sha256):
        raise WeightsError(
            f"{path} is not the file expected: it has SHA-256 {actual}, {weights.name} has {weights.expected}",
            fix=f"delete or rename it (an incomplete download?); {_by_hand(weights, path)}",
        )
    return path


@contextmanager
def no_downloads() -> Iterator[None]:
    """Within it, weights that are missing are an error: for components that nobody asked for by name."""
    token = _may_download.set(False)
    try:
        yield
    finally:
        _may_download.reset(token)


def sha256(path: Path) -> str:
    """A file's SHA-256 in hex, read once per process unless the file changes. Raises ``WeightsError``."""
    try:
        status = path.stat()
        return _sha256(path.resolve(), status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}", fix="check its permissions") from error


def fetch(weights: Weights) -> Path:
    """Downloads the weights into the weights folder, over https and with a progress bar, and returns their path.

    The file appears only whole and with the right SHA-256. Raises ``WeightsError`` if it cannot be downloaded or
    is another one, ``StorageError`` if it cannot be written.
    """
    target = weights_folder() / weights.name
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
    return hash_file(path)


def _blocks(weights: Weights, target: Path) -> Generator[bytes]:
    """The bytes at the weights' address, with their progress shown. Raises ``WeightsError`` for all that goes wrong."""
    from ferbench.support.progress import Reporter  # slow to import, and rarely needed

    reporter = Reporter()
    reporter.say(f"downloading {weights.name} from {weights.url}")
    try:
        with _open(weights.url) as reply, reporter.stage(weights.name):
            length = reply.headers.get("Content-Length")
            total = int(length) if length else None
            done = 0
            while block := reply.read(BLOCK_BYTES):
                yield block
                done += len(block)
                reporter.advance_bytes(done, total)
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
    """The reply of an address; tests replace it."""
    request = urllib.request.Request(url, headers={"User-Agent": "ferbench"})
    return urllib.request.build_opener(_OnlySafe()).open(request, timeout=TIMEOUT)


class _OnlySafe(urllib.request.HTTPRedirectHandler):
    """Follows redirections to https only."""

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
        f"the file must have {weights.expected}; the weights folder is {weights_folder()} "
        "(set FERBENCH_WEIGHTS to change it)"
    )
