"""Every reader of image files against damage: samples, or one error that names the file; nothing written; no hang."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ferbench.errors import DataError
from ferbench.interfaces import Dataset
from ferbench_datasets.ck48 import Ck48
from ferbench_datasets.ckplus import CkPlus
from ferbench_datasets.jaffe import Jaffe
from ferbench_datasets.rafdb import RafDb

Files = dict[str, bytes]
Write = Callable[..., Path]
READERS: dict[str, Dataset] = {"jaffe": Jaffe(), "ck48": Ck48(), "ckplus": CkPlus(last_frames=1), "rafdb": RafDb()}
SIDES = {"jaffe": 8, "ck48": 48, "ckplus": 8, "rafdb": 8}


def picture(side: int, gray: int, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((side, side), gray, np.uint8)).save(buffer, kind)
    return buffer.getvalue()


def header(width: int, height: int) -> bytes:
    """A PNG of which only the header is true; what follows unpacks to 8 MB."""

    def _chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
            _chunk(b"IDAT", zlib.compress(bytes(8 << 20), 1)),
            _chunk(b"IEND", b""),
        )
    )


WIDE, BOMB = header(60_000, 1), header(30_000, 30_000)
JUNK = (b"", b"\0", b"not an image", WIDE, BOMB, picture(8, 1, "GIF"), picture(8, 1, "PNG")[:-30], bytes(70_000))


def tiny(name: str) -> Files:
    """The smallest tree that a reader takes without a complaint: two images or more."""
    side = SIDES[name]
    if name == "jaffe":
        return {f"jaffe/KA.AN{take}.{take}.tiff": picture(side, take, "TIFF") for take in (1, 2, 3)}
    if name == "ck48":
        return {f"ck/anger/S010_001_0000000{frame}.png": picture(side, frame, "PNG") for frame in (1, 2, 3)}
    if name == "ckplus":
        files = {}
        for sequence in ("001", "002"):
            stem = f"S010/{sequence}/S010_{sequence}_00000001"
            files[f"images/{stem}.png"] = picture(side, 1, "PNG")
            files[f"Emotion/{stem}_emotion.txt"] = b"   1.0000000e+00\n"
        return files
    files = {f"basic/Image/aligned/train_0000{n}_aligned.jpg": picture(side, n, "JPEG") for n in (1, 2)}
    return {**files, "basic/EmoLabel/list_patition_label.txt": b"train_00001.jpg 5\ntrain_00002.jpg 4\n"}


def images_of(files: Files) -> list[str]:
    return [name for name in files if not name.endswith(".txt")]


@pytest.mark.parametrize("name", READERS)
def test_the_smallest_tree_is_read(tmp_path: Path, write: Write, name: str) -> None:
    files = tiny(name)
    assert len(READERS[name].load(write(tmp_path / "data.zip", files, "zip"))) == len(images_of(files))


@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
@pytest.mark.parametrize("name", READERS)
def test_a_bad_image_is_named(tmp_path: Path, write: Write, name: str, form: str) -> None:
    for number, junk in enumerate(JUNK):
        files = tiny(name)
        victim = images_of(files)[-1]
        with pytest.raises(DataError) as caught:
            READERS[name].load(write(tmp_path / f"data{number}", {**files, victim: junk}, form))
        lines = caught.value.what.splitlines()
        assert lines[0] == f"{tmp_path / f'data{number}'} has 1 problem:"
        assert lines[1].startswith(f"  {victim}: ")
        if junk in (WIDE, BOMB):
            assert "too many pixels" in lines[1]


@pytest.mark.parametrize("name", READERS)
def test_names_that_escape_are_only_names(tmp_path: Path, write: Write, name: str) -> None:
    """Nothing is extracted, so a member may be called what it likes."""
    for form in ("zip", "tar"):
        inside = tmp_path / form / "deep"
        inside.mkdir(parents=True)
        files = {f"../../{file}": data for file, data in tiny(name).items()}
        path = write(inside / "data", {**files, "/etc/evil": b"", "..\\..\\evil": b"", "C:\\evil": b""}, form)
        before = set(tmp_path.rglob("*"))
        samples = READERS[name].load(path)
        for row in range(len(samples)):
            samples.images.read(row)
        assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", READERS)
def test_a_member_that_unpacks_to_too_much_is_named(tmp_path: Path, name: str) -> None:
    files = tiny(name)
    victim = images_of(files)[0]
    with zipfile.ZipFile(tmp_path / "data.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file, data in {**files, victim: bytes(65 << 20)}.items():
            archive.writestr(file, data)
    assert (tmp_path / "data.zip").stat().st_size < 1 << 20
    with pytest.raises(DataError, match="is too large: 68,157,440 bytes unpacked") as caught:
        READERS[name].load(tmp_path / "data.zip")
    assert victim in caught.value.what


DAMAGE = st.one_of(
    st.tuples(st.just("missing"), st.integers(0, 9), st.just(0)),
    st.tuples(st.just("truncated"), st.integers(0, 9), st.integers(0, 400)),
    st.tuples(st.just("swapped"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("duplicated"), st.integers(0, 9), st.integers(0, 3)),
    st.tuples(st.just("junk"), st.integers(0, 9), st.integers(0, len(JUNK) - 1)),
    st.tuples(st.just("renamed"), st.integers(0, 9), st.integers(0, 3)),
)


def damaged(files: Files, damage: list[tuple[str, int, int]]) -> Files:
    for kind, which, how in damage:
        if not files:
            break
        names = list(files)
        name = names[which % len(names)]
        folder, base = name.rsplit("/", 1)
        other = (f"copy/{name}", f"{folder}/{base.upper()}", f"{folder}/copy of {base}", f"happy/{base}")[how % 4]
        if kind == "missing":
            del files[name]
        elif kind == "truncated":
            files[name] = files[name][:how]
        elif kind == "swapped":
            partner = names[how % len(names)]
            files[name], files[partner] = files[partner], files[name]
        elif kind == "duplicated":
            files[other] = files[name]
        elif kind == "junk":
            files[name] = JUNK[how]
        else:
            files[other] = files.pop(name)
    return files


def outcome(reader: Dataset, path: Path) -> DataError | None:
    """The error that names what is wrong with ``path``, or ``None`` if all of its images can be read."""
    try:
        samples = reader.load(path)
    except DataError as error:
        return error
    assert all(samples.images.read(row).dtype == np.uint8 for row in range(len(samples)))
    return None


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=50)
@given(damage=st.lists(DAMAGE, min_size=1, max_size=4), form=st.sampled_from(["zip", "tar"]))
def test_a_damaged_release_loads_or_is_explained(
    tmp_path_factory: pytest.TempPathFactory, write: Write, name: str, damage: list[tuple[str, int, int]], form: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"damaged-{name}"
    files = damaged(tiny(name), damage)
    error = outcome(READERS[name], write(path, files, form))
    if error is not None:
        assert str(path) in error.what
        assert "--data PATH" in error.fix
        for line in error.what.splitlines()[1:]:
            assert line.startswith(("  S010_", "  and ")) or any(file in line for file in files)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=50)
@given(
    form=st.sampled_from(["zip", "tar"]),
    at=st.integers(0, 10_000) | st.integers(-400, -1),
    cut=st.integers(0, 8) | st.integers(0, 4_000),
    put=st.binary(max_size=8),
)
def test_a_damaged_archive_loads_or_is_explained(
    tmp_path_factory: pytest.TempPathFactory, write: Write, name: str, form: str, at: int, cut: int, put: bytes
) -> None:
    path = write(tmp_path_factory.getbasetemp() / f"archive-{name}", tiny(name), form)
    whole = path.read_bytes()
    at %= len(whole)
    path.write_bytes(whole[:at] + put + whole[at + cut :])
    error = outcome(READERS[name], path)
    assert error is None or str(path) in error.what
