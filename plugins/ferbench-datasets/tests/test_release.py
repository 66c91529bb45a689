"""How a copy is compared with the known release, what its fingerprint covers, and how its tree is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ferbench.errors import DataError
from ferbench_datasets._release import Counts, absent, fingerprint, open_images, sizes
from ferbench_datasets._sources import Source

SOURCE = Source("Faces", "research only", "https://faces.example")
WHOLE = Counts(("happy", "sad"), {"": (2, 1)})
PARTITIONS = Counts(("happy", "sad"), {"train": (2, 1), "test": (1, 1)})


def labels(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("have", "note"),
    [
        ((0, 0, 1), ()),
        ((0, 1), ("partial copy: 2 of 3 images",)),
        ((), ("partial copy: 0 of 3 images",)),
        ((0, 0, 1, 1), ("altered copy: 4 of 3 images",)),
        ((1, 1), ("altered copy: 2 of 3 images",)),
        ((0, 1, 1), ("differs from the official counts: happy 1 of 2, sad 2 of 1",)),
    ],
)
def test_a_copy_without_parts(have: tuple[int, ...], note: tuple[str, ...]) -> None:
    assert WHOLE.differences(labels(*have)) == note


def test_a_copy_with_parts() -> None:
    partitions = np.array(["train", "train", "train", "test", "test"])
    assert PARTITIONS.differences(labels(0, 0, 1, 0, 1), partitions) == ()
    assert PARTITIONS.differences(labels(0, 0, 1, 1), partitions[1:]) == ("altered copy: train 2 of 3, test 2 of 2",)
    assert PARTITIONS.differences(labels(0, 1, 0, 1), partitions[1:]) == ("partial copy: train 2 of 3, test 2 of 2",)
    assert PARTITIONS.differences(labels(0, 1, 1, 0, 1), partitions) == (
        "differs from the official counts: train happy 1 of 2, train sad 2 of 1",
    )


def test_what_is_counted_is_named() -> None:
    assert Counts(("happy",), {"": (9_000,)}, unit="clips").differences(labels(0)) == (
        "partial copy: 1 of 9,000 clips",
    )


def test_the_fingerprint_covers_everything() -> None:
    plain = {"ids": np.array(["a", "b"]), "labels": labels(0, 1), "content": "bytes:1"}
    subjects = np.array(["s", "t"])
    prints = [
        fingerprint("faces 1", **plain),
        fingerprint("faces 2", **plain),
        fingerprint("faces 1", **{**plain, "ids": np.array(["a", "c"])}),
        fingerprint("faces 1", **{**plain, "labels": labels(1, 0)}),
        fingerprint("faces 1", **{**plain, "content": "bytes:2"}),
        fingerprint("faces 1", **plain, groups={"subjects": subjects}),
        fingerprint("faces 1", **plain, groups={"clips": subjects}),
        fingerprint("faces 1", **plain, groups={"subjects": subjects[::-1]}),
    ]
    assert len(set(prints)) == len(prints)
    assert prints[0] == fingerprint("faces 1", **plain, groups={"subjects": None})


def test_sizes_stand_in_for_the_content_of_large_datasets() -> None:
    assert sizes({"a": 1, "b": 2}, ["a", "b"]) == sizes({"x/a": 1, "x/b": 2, "c": 9}, ["x/a", "x/b"])
    assert sizes({"a": 1, "b": 2}, ["a", "b"]) != sizes({"a": 1, "b": 3}, ["a", "b"])


def test_what_cannot_be_opened_is_explained(tmp_path: Path, write: Callable[..., Path]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("text")
    write(tmp_path / "empty.zip", {"__MACOSX/a": b""}, "zip")
    write(tmp_path / "cut.zip", {"a.png": bytes(99)}, "zip")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "cut.zip").read_bytes()[:-12])
    write(tmp_path / "faces.tar.gz", {"a.png": b""}, "tar.gz")
    for name, reason in {
        "none": "there is no ",
        "empty": "is empty",
        "empty.zip": "is empty",
        "text": "is neither a folder nor a zip nor a tar",
        "cut.zip": "is neither a folder nor a zip nor a tar",
        "faces.tar.gz": "is a compressed tar",
    }.items():
        with pytest.raises(DataError) as caught:
            open_images(tmp_path / name, SOURCE)
        assert reason in caught.value.what
        assert str(tmp_path / name) in caught.value.what
        assert "https://faces.example (terms: research only)" in caught.value.fix
    assert caught.value.fix.startswith(f"unpack it (tar -xf {tmp_path / 'faces.tar.gz'})")
    with pytest.raises(DataError, match="Faces needs its files, and none were given"):
        open_images(None, SOURCE)


def test_archives_inside_are_pointed_at(tmp_path: Path) -> None:
    error = absent(tmp_path, SOURCE, {"a/Images.ZIP": 1, "labels.txt": 1}, "no image", hint="")
    assert error.what == f"{tmp_path} is not Faces: it holds no image"
    assert error.fix.startswith("unpack a/Images.ZIP first; or request Faces")
