"""AffectNet with hostile and damaged files: refused by name, or loaded; nothing is run, written or unpacked."""

from __future__ import annotations

import io
import os
import pickle
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affectnet_files import (
    HEADER,
    LISTS,
    RELEASES,
    ROOT,
    error_of,
    full,
    line,
    mini,
    npy,
    packed,
    picture,
    problem_of,
    write,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from ferbench.errors import DataError
from ferbench_datasets._affectnet_mini import decode_code
from ferbench_datasets.affectnet import AffectNet7, AffectNet8


class Evil:
    """Unpickled, it makes a file."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("evil",)


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array(Evil(), dtype=object), allow_pickle=True)
    return buffer.getvalue()


def header(text: str, version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text.encode()


HOSTILE = {
    "pickle": pickled(),
    "bare pickle": pickle.dumps(Evil()),
    "empty": b"",
    "not npy": b"3",
    "zip": b"PK\x03\x04" + bytes(40),
    "cut off": npy("3")[:-1],
    "header cut off": npy("3")[:40],
    "two values": npy(np.array([1, 2])),
    "no value": npy(np.zeros(0)),
    "a word": npy("happy"),
    "eleven": npy(11),
    "negative": npy("-1"),
    "a half": npy(0.5),
    "nan": npy(np.nan),
    "infinite": npy("inf"),
    "complex": npy(1j),
    "date": npy(np.datetime64("2020-01-01")),
    "record": npy(np.zeros((), dtype=[("a", int)])),
    "huge text": header("{'descr': '<U99999999', 'fortran_order': False, 'shape': ()}\n"),
    "huge array": header("{'descr': '<i8', 'fortran_order': False, 'shape': (9999999999999,)}\n"),
    "negative shape": header("{'descr': '<i8', 'fortran_order': False, 'shape': (-1, -1)}\n"),
    "deep header": header("(" * 1500),
    "code in the header": header("__import__('os').mkdir('evil')\n"),
    "version 9": header("{}\n", b"\x09\x00"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_labels_are_refused_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(tmp_path)
    name = "train_set/annotations/3_exp.npy"
    what = problem_of(tmp_path / "data", "mini", {name: HOSTILE[kind]})
    assert f"{name}: " in what
    assert "has 1 problem:" in what
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


@pytest.mark.parametrize("kind", ["pickle", "huge text", "huge array"])
def test_the_header_of_a_label_is_judged_before_memory_is_taken(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("the array itself is read"))
    with pytest.raises(ValueError, match="not one number or text"):
        decode_code(HOSTILE[kind])


def test_a_label_from_python_2_is_read_without_a_warning() -> None:
    data = header("{'descr': '<i8', 'fortran_order': False, 'shape': (1L,)}\n") + (4).to_bytes(8, "little")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_code(data) == 4


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = mini() | {"train_set/annotations/3_exp.npy": bytes(50 << 20)}
    assert "3_exp.npy: is too large: 52,428,800 bytes" in error_of(packed(tmp_path / "npy.zip", bomb))
    long = full() | {f"{LISTS}/training.csv": HEADER.encode() + b"1" * (50 << 20)}
    assert "training.csv has a line longer than 65,536 bytes" in error_of(packed(tmp_path / "line.zip", long))
    monkeypatch.setattr("ferbench_datasets._affectnet_full.MAX_LINES", 1000)
    empty = full() | {f"{LISTS}/training.csv": HEADER.encode() + b"\n" * 2000}
    assert "has more than 1,000 lines" in error_of(packed(tmp_path / "lines.zip", empty))


def test_a_hostile_image_is_named_when_it_is_read(tmp_path: Path) -> None:
    wide = picture(size=(60_000, 1), kind="PNG")
    files = full() | {f"{ROOT}/1/00ab.jpg": wide, f"{ROOT}/2/01ab.jpg": picture()[:200], f"{ROOT}/3/02ab.jpg": b"x"}
    samples = AffectNet8().load(write(tmp_path, files))
    for index, name in enumerate(("1/00ab", "2/01ab", "3/02ab")):
        with pytest.raises(DataError, match=rf"{name}\.jpg: "):
            samples.images.read(index)
    assert samples.images.read(3).shape == (30, 40, 3)
    no_box = full()[f"{LISTS}/training.csv"].replace(b",4,5,20,20,", b",4,5,-1,-1,")
    what = error_of(write(tmp_path, {f"{LISTS}/training.csv": no_box}))
    assert "has 3 problems" in what


#: The least of each release, so that many damages can be tried.
SMALL = {
    "full": {
        f"{LISTS}/training.csv": (HEADER + line("1/a.jpg", 1) + line("2/b.jpg", 7, "1,2,-1,-1")).encode(),
        f"{LISTS}/validation.csv": (HEADER + line("9/c.jpg", 0)).encode(),
        **{f"{ROOT}/{name}.jpg": picture() for name in ("1/a", "2/b", "9/c")},
    },
    "mini": {
        **{f"{side}_set/images/0.jpg": picture() for side in ("train", "val")},
        **{f"{side}_set/annotations/0_exp.npy": npy("1") for side in ("train", "val")},
    },
}
NAMES = sorted({*SMALL["full"], *SMALL["mini"]})


@settings(max_examples=80, deadline=None)
@given(data=st.data(), release=st.sampled_from(sorted(RELEASES)), zipped=st.booleans())
def test_damaged_and_swapped_files_load_or_are_explained(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, release: str, zipped: bool
) -> None:
    files = dict(SMALL[release])
    for _ in range(data.draw(st.integers(1, 3))):
        tables = [name for name in files if name.endswith((".csv", "_exp.npy"))]
        name = data.draw(st.sampled_from(tables or sorted(files)) | st.sampled_from(sorted(files)))
        kind = data.draw(st.sampled_from(["damage", "remove", "swap", "copy", "rename", "replace"]))
        if kind == "damage":
            at, cut = data.draw(st.integers(0, 1500)), data.draw(st.integers(0, 3000))
            put = data.draw(st.binary(max_size=8) | st.sampled_from([b",", b"\n", b'"', b"\xff", b"-", b"1e99"]))
            files[name] = files[name][:at] + put + files[name][at + cut :]
        elif kind == "remove" and len(files) > 1:
            del files[name]
        elif kind == "swap":
            other = data.draw(st.sampled_from(sorted(files)))
            files[name], files[other] = files[other], files[name]
        elif kind == "replace":
            files[name] = data.draw(st.sampled_from(sorted(HOSTILE.values())) | st.binary(max_size=60))
        else:
            new = data.draw(st.sampled_from(NAMES) | st.sampled_from(["../x/train_set/images/0.jpg", "x/1/00AB.jpg"]))
            if zipped or not new.startswith(".."):
                files[new] = files[name] if kind == "copy" else files.pop(name)
    outer = tmp_path_factory.mktemp("damaged")
    root = outer / "in"
    root.mkdir()
    path = packed(root / "all.zip", files) if zipped else write(root, files)
    before = sorted(outer.rglob("*"))
    factory = data.draw(st.sampled_from([AffectNet8, AffectNet7]))
    with suppress(DataError):  # anything else that is raised fails
        samples = factory().load(path)
        for index in range(len(samples)):
            with suppress(DataError):
                assert samples.images.read(index).dtype == np.uint8
    assert sorted(outer.rglob("*")) == before, "nothing is written"
