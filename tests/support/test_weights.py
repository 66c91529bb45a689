"""Weights: found, checked, and downloaded whole or not at all. The server is on this machine."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ferbench.errors import PluginError, StorageError, WeightsError
from ferbench.support import progress, weights
from ferbench.support.weights import Weights, fetch, locate

CONTENT = bytes(range(256)) * 4096  # 1 MiB, more than one block
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves ``/whole``, and what can go wrong."""

    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", {"/to/whole": "/whole", "/to/http": "http://example.org/file"}[self.path])
            self.end_headers()
        elif self.path in ("/whole", "/cut", "/no-length"):
            self.send_response(200)
            if self.path != "/no-length":
                self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT[: len(CONTENT) // 2] if self.path == "/cut" else CONTENT)
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FERBENCH_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def at(url: str, sha256: str = SHA256) -> Weights:
    return Weights("net.onnx", url, sha256, licence="MIT", megabytes=1)


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def left(folder: Path) -> list[str]:
    """All that lies in the weights folder."""
    return sorted(path.name for path in folder.rglob("*"))


def assert_says_it_all(error: WeightsError, wanted: Weights, folder: Path) -> None:
    for part in (wanted.name, wanted.url, wanted.sha256, str(folder / wanted.name), "FERBENCH_WEIGHTS", "curl"):
        assert part in str(error)


@pytest.mark.parametrize("path", ["/whole", "/no-length", "/to/whole"])
def test_a_download_is_there_whole(address: str, folder: Path, path: str) -> None:
    assert fetch(at(address + path)) == folder / "net.onnx"
    assert (folder / "net.onnx").read_bytes() == CONTENT
    assert left(folder) == ["net.onnx"]


def test_a_file_that_is_there_is_not_asked_for_again(address: str, folder: Path) -> None:
    locate(at(address + "/whole"))
    assert locate(at("http://127.0.0.1:9/nobody-listens")) == folder / "net.onnx"


def test_another_file_is_refused_and_nothing_kept(address: str, folder: Path) -> None:
    wanted = at(address + "/whole", "0" * 64)
    with pytest.raises(
        WeightsError, match=f"has SHA-256 {SHA256}, net.onnx has SHA-256 0+; nothing was kept"
    ) as caught:
        fetch(wanted)
    assert_says_it_all(caught.value, wanted, folder)
    assert left(folder) == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/cut", r"ended after 524288 of 1048576|IncompleteRead"), ("/none", "Not Found"), ("/to/http", "is not https")],
)
def test_a_failed_download_leaves_nothing(address: str, folder: Path, path: str, reason: str) -> None:
    with pytest.raises(WeightsError, match=reason) as caught:
        locate(at(address + path))
    assert_says_it_all(caught.value, at(address + path), folder)
    assert left(folder) == []


def test_without_a_network_the_error_says_what_to_do_by_hand(folder: Path) -> None:
    wanted = at("http://127.0.0.1:9/nobody-listens")
    with pytest.raises(WeightsError, match="refused") as caught:
        locate(wanted)
    assert_says_it_all(caught.value, wanted, folder)


class Interrupted:
    """A reply during which somebody presses Ctrl-C."""

    headers: dict[str, str] = {}  # noqa: RUF012 - never changed

    def __init__(self) -> None:
        self.blocks = [CONTENT[:1000]]

    def __enter__(self) -> Interrupted:
        return self

    def __exit__(self, *given: object) -> None:
        pass

    def read(self, size: int) -> bytes:
        if not self.blocks:
            raise KeyboardInterrupt
        return self.blocks.pop()


def test_an_interrupted_download_keeps_what_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_open", lambda url: Interrupted())
    put(folder / "net.onnx", b"as before")
    with pytest.raises(KeyboardInterrupt):
        fetch(at("https://example.org/net.onnx"))
    assert left(folder) == ["net.onnx"]
    assert (folder / "net.onnx").read_bytes() == b"as before"


def test_a_folder_that_cannot_be_written_is_a_storage_error(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "a-file")
    monkeypatch.setenv("FERBENCH_WEIGHTS", str(tmp_path / "a-file" / "weights"))
    with pytest.raises(StorageError) as caught:
        fetch(at(address + "/whole"))
    assert "FERBENCH_WEIGHTS" in caught.value.fix


def test_downloading_can_be_forbidden(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(url: str) -> NoReturn:
        raise AssertionError(f"{url} was asked for")

    monkeypatch.setattr(weights, "_open", asked)
    wanted = at("https://example.org/net.onnx")
    with pytest.raises(WeightsError, match="are not in") as caught:
        locate(wanted, download=False)
    assert_says_it_all(caught.value, wanted, folder)


def test_an_explicit_path_comes_first(folder: Path, tmp_path: Path) -> None:
    put(folder / "net.onnx", b"another")
    mine = put(tmp_path / "mine.onnx")
    assert locate(at("https://example.org/net.onnx"), mine) == mine


def test_an_explicit_path_that_is_not_there_is_not_replaced_by_another(folder: Path, tmp_path: Path) -> None:
    put(folder / "net.onnx")
    with pytest.raises(WeightsError, match=r"there is no weights file .*mine\.onnx"):
        locate(at("https://example.org/net.onnx"), tmp_path / "mine.onnx")


@pytest.mark.parametrize("explicit", [True, False])
def test_a_file_with_another_hash_is_refused_and_stays(folder: Path, explicit: bool) -> None:
    path = put(folder / "net.onnx", CONTENT[:-1])
    wanted = at("https://example.org/net.onnx")
    with pytest.raises(WeightsError, match="is not the file expected") as caught:
        locate(wanted, path if explicit else None)
    assert_says_it_all(caught.value, wanted, folder)
    assert path.exists()


def test_a_file_that_changes_is_hashed_again(folder: Path) -> None:
    path = put(folder / "net.onnx")
    assert locate(at("https://example.org/net.onnx")) == path
    put(path, CONTENT + b"more")
    with pytest.raises(WeightsError, match="is not the file expected"):
        locate(at("https://example.org/net.onnx"))


def test_a_publisher_may_give_only_the_beginning_of_the_hash(folder: Path) -> None:
    put(folder / "net.onnx")
    assert locate(at("https://example.org/net.onnx", SHA256[:9])) == folder / "net.onnx"
    with pytest.raises(WeightsError, match="has SHA-256 beginning with 000000000"):
        locate(at("https://example.org/net.onnx", "0" * 9))


@pytest.mark.parametrize(
    ("name", "url", "sha256"),
    [
        ("../net.onnx", "https://example.org/a", SHA256),
        ("net.onnx", "http://example.org/a", SHA256),
        ("net.onnx", "file:///etc/passwd", SHA256),
        ("net.onnx", "https://example.org/a", SHA256[:7]),
        ("net.onnx", "https://example.org/a", SHA256.upper()),
    ],
)
def test_weights_that_cannot_be_trusted_are_refused_at_once(name: str, url: str, sha256: str) -> None:
    with pytest.raises(PluginError):
        Weights(name, url, sha256, licence="MIT", megabytes=1)


def test_without_the_variable_they_lie_in_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERBENCH_WEIGHTS")
    assert weights.weights_folder().parts[-2:] == ("ferbench", "weights")


@pytest.mark.parametrize("terminal", [False, True])
def test_a_download_is_told_on_standard_error(
    address: str, terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PLAIN_EVERY", 0.0)
    if terminal:
        monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes this for a terminal
    fetch(at(address + "/whole"))
    output = capsys.readouterr()
    assert output.out == ""
    assert f"downloading net.onnx from {address}/whole" in re.sub(r"\x1b\[[\d;?]*[a-zA-Z]|\n", "", output.err)
    assert "1.0/1.0 MB" in output.err


def test_it_needs_no_framework() -> None:
    program = (
        "import sys, ferbench.support.weights; print([one for one in ('torch', 'numpy', 'cv2') if one in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
