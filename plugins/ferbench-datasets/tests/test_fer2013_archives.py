"""Where FER2013 is looked for: folders and archives, missing and hostile ones, and the plugin's entries."""

from __future__ import annotations

import gzip
import io
import multiprocessing
import os
import struct
import subprocess
import sys
import tarfile
import threading
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ferbench import Entry
from ferbench.data import Samples
from ferbench.errors import DataError
from ferbench_datasets import register_datasets
from ferbench_datasets.fer2013 import Fer2013

ROW = b"3," + b" ".join([b"7"] * 2304) + b",Training\n"
CSV = b"emotion,pixels,Usage\n" + ROW
OTHER = CSV.replace(b"3,", b"4,", 1)


def jpeg(gray: int = 7) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (48, 48), gray).save(buffer, "JPEG")
    return buffer.getvalue()


def write_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_tar(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def write_tree(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def error_of(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        Fer2013().load(path)
    return caught.value


def test_the_entries_are_lazy_and_fer2013_is_there() -> None:
    entries = {entry.name: entry for entry in register_datasets()}
    assert all(isinstance(entry, Entry) for entry in entries.values())
    assert {"synthfaces", "fer2013"} <= set(entries)
    assert entries["fer2013"].load() is Fer2013
    code = "import sys, ferbench_datasets; sys.exit(bool({'numpy', 'cv2', 'PIL'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_missing_is_said_with_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        Fer2013().load(None)
    errors = [caught.value, error_of(tmp_path / "fer2013.csv"), error_of(tmp_path)]
    assert "none were given" in errors[0].what
    assert errors[1].what.startswith(f"there is no {tmp_path / 'fer2013.csv'}")
    assert errors[2].what.startswith(f"{tmp_path} holds neither fer2013.csv")
    for error in errors:
        assert "challenges-in-representation-learning-facial-expression-recognition-challenge" in error.fix
        assert "msambare/fer2013" in error.fix
        assert "rules" in error.fix
        assert "--data PATH" in error.fix


@pytest.mark.parametrize("name", ["x" * 300, "fer2013.csv/inside", "nul\0byte"])
def test_an_impossible_path_is_explained(tmp_path: Path, name: str) -> None:
    (tmp_path / "fer2013.csv").write_bytes(CSV)
    error_of(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("locked", ["", "fer2013.csv"])
def test_a_file_that_may_not_be_read_is_explained(tmp_path: Path, locked: str) -> None:
    write_tree(tmp_path / "data", {"fer2013.csv": CSV})
    (tmp_path / "data" / locked).chmod(0)
    try:
        assert "Permission denied" in error_of(tmp_path / "data" / "fer2013.csv").what
    finally:
        (tmp_path / "data" / locked).chmod(0o700)


def test_the_csv_of_the_release_comes_first(tmp_path: Path) -> None:
    junk = {"train.csv": b"emotion,pixels\n", "example_submission.csv": b"", "train/angry/Training_0.jpg": jpeg()}
    write_tree(tmp_path, {"icml_face_data.csv": OTHER, **junk})
    assert Fer2013().load(tmp_path).labels.tolist() == [4]
    write_tree(tmp_path, {"deep/er/FER2013.CSV": CSV})
    assert Fer2013().load(tmp_path).labels.tolist() == [3]
    write_tree(tmp_path, {"fer2013.csv": OTHER})
    assert "holds fer2013.csv more than once: " in error_of(tmp_path).what


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zips(tmp_path: Path, method: int) -> None:
    table = write_zip(tmp_path / "table.zip", {"a/b/fer2013.csv": CSV, "__MACOSX/a/fer2013.csv": b"junk"}, method)
    assert Fer2013().load(table).fingerprint == _load_csv(tmp_path).fingerprint
    images = write_zip(tmp_path / "images", {"fer\\train\\sad\\Training_5.jpg": jpeg(9)}, method)
    samples = Fer2013().load(images)
    assert samples.labels.tolist() == [4]
    assert (samples.images.read(0) == 9).all()


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_tars(tmp_path: Path, mode: str) -> None:
    path = write_tar(tmp_path / "archive", {"fer2013/README": b"junk", "fer2013/fer2013.csv": CSV}, mode)
    assert Fer2013().load(path).fingerprint == _load_csv(tmp_path).fingerprint
    path = write_tar(tmp_path / "archive", {"train/angry/Training_5.jpg": jpeg()}, mode)
    if mode == "w":
        assert (Fer2013().load(path).images.read(0) == 7).all()
    else:
        assert "images are not read from a compressed tar" in error_of(path).what


def _load_csv(folder: Path) -> Samples:
    (folder / "fer2013.csv").write_bytes(CSV)
    return Fer2013().load(folder / "fer2013.csv")


def test_nothing_is_written_whatever_members_are_called(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    names = ("../../train/angry/Training_5.jpg", "/tmp/train/angry/Training_6.jpg", "C:\\train\\angry\\Training_7.jpg")
    path = write_zip(tmp_path / "in" / "archive.zip", dict.fromkeys(names, jpeg()))
    before = set(tmp_path.rglob("*"))
    assert Fer2013().load(path).ids.tolist() == ["Training_5", "Training_6", "Training_7"]
    path = write_tar(tmp_path / "in" / "archive.tar", {"../../fer2013.csv": CSV})
    assert len(Fer2013().load(path)) == 1
    assert set(tmp_path.rglob("*")) == before | {path}


def test_a_member_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = write_zip(tmp_path / "images.zip", {"train/angry/Training_5.jpg": bytes(50 << 20)})
    assert bomb.stat().st_size < 1 << 17
    assert "Training_5.jpg: is too large: 52,428,800 bytes" in error_of(bomb).what
    monkeypatch.setattr("ferbench_datasets.fer2013.MAX_CSV", 1 << 20)
    for path in (
        write_zip(tmp_path / "table.zip", {"fer2013.csv": bytes(2 << 20)}),
        write_tar(tmp_path / "table.tar.gz", {"fer2013.csv": bytes(2 << 20)}),
        write_tree(tmp_path, {"fer2013.csv": bytes(2 << 20)}) / "fer2013.csv",
    ):
        assert "fer2013.csv is too large: 2,097,152 bytes" in error_of(path).what


def test_a_member_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "archive.zip", {"train/angry/Training_5.jpg": jpeg() + bytes(9 << 20)})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24  # the unpacked size in the central directory
    assert struct.unpack_from("<I", data, at)[0] == len(jpeg()) + (9 << 20)
    struct.pack_into("<I", data, at, len(jpeg()))
    path.write_bytes(data)
    assert "Bad CRC-32" in error_of(path).what


def test_a_tar_header_that_asks_for_too_much_is_refused(tmp_path: Path) -> None:
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 100 << 20
    path = tmp_path / "archive.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(member.tobuf(tarfile.GNU_FORMAT) + bytes(100 << 20))
    assert "a header asks for 104,857,600 bytes" in error_of(path).what
    member.type, member.size = tarfile.REGTYPE, 1 << 42
    path.write_bytes(member.tobuf(tarfile.GNU_FORMAT))
    assert "is too large: 4,398,046,511,104 bytes" in error_of(path).what


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    for name in ("fer2013.csv", "train/angry/Training_5.jpg"):
        path = write_zip(tmp_path / "archive.zip", {name: CSV})
        data = bytearray(path.read_bytes())
        data[6] |= 1
        data[data.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(data)
        assert error_of(path).what.endswith(f"{name}: is encrypted" if "Training" in name else f"{name} is encrypted")


def test_a_truncated_archive_is_explained(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, 2304)
    content = CSV + (b"3," + " ".join(map(str, noise)).encode() + b",Training\n") * 40
    for path in (
        write_zip(tmp_path / "archive.zip", {"fer2013.csv": content}),
        write_tar(tmp_path / "archive.tar", {"fer2013.csv": content}, "w"),
        write_tar(tmp_path / "archive.tar.gz", {"fer2013.csv": content}),
    ):
        whole = path.read_bytes()
        for kept in (
            0,
            3,
            100,
            600,
            len(whole) // 2,
            len(whole) - 30 if path.suffix == ".zip" else len(whole) - 11_000,
        ):
            path.write_bytes(whole[: max(kept, 0)])
            assert str(path) in error_of(path).what


def test_names_of_members_cannot_disturb_a_terminal(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "archive.zip", {"train/\x1b[2J\u202e/Training_5.jpg": jpeg(), "train/sad/\n.jpg": b""})
    assert all(text.isprintable() for text in error_of(path).what.splitlines())


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system")
def test_an_open_zip_can_be_read_by_forked_processes_at_once(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "archive.zip", {f"train/sad/Training_{n}.jpg": jpeg(n) for n in range(200)}, 0)
    samples = Fer2013().load(path)
    children = []
    for _ in range(4):
        child = os.fork()
        if not child:
            try:
                good = all((samples.images.read(n) == n).all() for _ in range(5) for n in range(200))
                os._exit(0 if good else 1)
            finally:
                os._exit(2)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0, 0]


def test_a_zip_can_be_read_by_threads_at_once(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "archive.zip", {f"train/sad/Training_{n}.jpg": jpeg(n) for n in range(200)})
    samples = Fer2013().load(path)
    wrong: list[object] = []

    def check() -> None:
        try:
            wrong.extend(n for n in range(200) if (samples.images.read(n) != n).any())
        except DataError as error:
            wrong.append(error)

    threads = [threading.Thread(target=check) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


KINDS = ("table.zip", "images.zip", "table.tar", "table.tar.gz")


@pytest.fixture(scope="module")
def wholes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = tmp_path_factory.mktemp("wholes")
    write_zip(root / "table.zip", {"fer2013/fer2013.csv": CSV})
    write_zip(root / "images.zip", {"train/sad/Training_5.jpg": jpeg(), "test/sad/PublicTest_6.jpg": jpeg()})
    write_tar(root / "table.tar", {"fer2013/fer2013.csv": CSV}, "w")
    write_tar(root / "table.tar.gz", {"fer2013/fer2013.csv": CSV})
    return {kind: (root / kind).read_bytes() for kind in KINDS}


@given(
    kind=st.sampled_from(KINDS),
    at=st.integers(0, 700) | st.integers(-400, -1) | st.integers(0, 12_000),
    cut=st.integers(0, 8) | st.integers(0, 20_000),
    put=st.binary(max_size=8),
)
def test_a_damaged_archive_loads_or_is_explained(
    tmp_path_factory: pytest.TempPathFactory, wholes: dict[str, bytes], kind: str, at: int, cut: int, put: bytes
) -> None:
    whole = wholes[kind]
    at = at % len(whole)
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(whole[:at] + put + whole[at + cut :])
    with suppress(DataError):  # anything else that is raised fails
        samples = Fer2013().load(path)
        assert samples.images.read(len(samples) - 1).shape == (48, 48)
