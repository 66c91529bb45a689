"""RAF-DB: the list of labels, the images that it names, and the compound set that may lie beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ferbench.errors import DataError
from ferbench_datasets.rafdb import RELEASE, RafDb

Files = dict[str, bytes]
Write = Callable[..., Path]
CODES = ["surprise", "fear", "disgust", "happy", "sad", "angry", "neutral"]  # 1 to 7
TABLE = "basic/EmoLabel/list_patition_label.txt"


def error_of(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        RafDb().load(path)
    return caught.value


def test_the_release_adds_up() -> None:
    assert {name: sum(counts) for name, counts in RELEASE.official.items()} == {
        "train": 12_271,
        "test": 3_068,
    }
    assert set(CODES) == set(RELEASE.classes)


@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
def test_labels_and_parts_come_from_the_list(tmp_path: Path, write: Write, rafdb_files: Files, form: str) -> None:
    samples = RafDb().load(write(tmp_path / "rafdb", rafdb_files, form))
    assert samples.ids[[0, 20, 21, 27]].tolist() == ["train_00001", "train_00021", "test_0001", "test_0007"]
    assert samples.partitions is not None
    assert samples.partitions.tolist() == ["train"] * 21 + ["test"] * 7
    assert [samples.classes[label] for label in samples.labels[21:]] == CODES
    assert samples.subjects is None
    assert samples.clips is None
    assert samples.boxes is None
    assert samples.cropped
    assert samples.images.read(0).shape == (100, 100, 3)
    assert samples.notes == ("partial copy: train 21 of 12,271, test 7 of 3,068",)


def test_the_photographs_can_be_taken_instead(tmp_path: Path, write: Write, rafdb_files: Files) -> None:
    path = write(tmp_path / "rafdb.zip", rafdb_files, "zip")
    original, aligned = RafDb(images="original").load(path), RafDb().load(path)
    assert original.images.read(0).shape == (140, 160, 3)
    assert not original.cropped
    assert original.ids.tolist() == aligned.ids.tolist()
    assert original.fingerprint != aligned.fingerprint


def test_roots_capitals_and_line_ends_do_not_matter(tmp_path: Path, write: Write, rafdb_files: Files) -> None:
    usual = RafDb().load(write(tmp_path / "usual", rafdb_files)).fingerprint
    basic = {name.removeprefix("basic/"): data for name, data in rafdb_files.items() if name.startswith("basic/")}
    table = basic.pop("EmoLabel/list_patition_label.txt")
    odd = {**{f"a/{name.upper()}": data for name, data in basic.items()}, "a/emolabel/LIST_PATITION_LABEL.TXT": table}
    assert RafDb().load(write(tmp_path / "odd", odd)).fingerprint == usual
    flat = {f"b/{Path(name).name}": data for name, data in basic.items() if "_aligned" in name}
    windows = b"\xef\xbb\xbf" + table.replace(b"\n", b"\r\n").replace(b" ", b"\t") + b"\r\n"
    assert RafDb().load(write(tmp_path / "flat", {**flat, "list_partition_label.txt": windows})).fingerprint == usual


def test_all_that_is_wrong_is_in_one_error(tmp_path: Path, write: Write, rafdb_files: Files) -> None:
    files = dict(rafdb_files)
    del files["basic/Image/aligned/train_00002_aligned.jpg"]
    cut = "basic/Image/aligned/train_00003_aligned.jpg"
    files[cut] = files[cut][:200]
    again = "basic/Image/copy/train_00004_aligned.jpg"
    files[again] = files["basic/Image/aligned/train_00004_aligned.jpg"]
    files[TABLE] += b"train_00005.jpg 3\nvalidation_1.jpg 3\ntrain_00099.jpg 8\n\x1b[2J\n"
    error = error_of(write(tmp_path / "rafdb", files))
    lines = error.what.splitlines()
    expected = {
        f"{TABLE}, line 29": "train_00005.jpg is listed a second time",
        f"{TABLE}, line 30": "'validation_1.jpg 3' is not like 'train_00001.jpg 5'",
        f"{TABLE}, line 31": "'train_00099.jpg 8' is not like",
        f"{TABLE}, line 32": "is not like",
        TABLE: "lists train_00002.jpg, whose aligned image is not there",
        cut: "broken",
        again: "the same image as basic/Image/aligned/train_00004_aligned.jpg",
    }
    assert lines[0] == f"{tmp_path / 'rafdb'} has {len(expected)} problems:"
    for name, reason in expected.items():
        assert any(line.startswith(f"  {name}: ") and reason in line for line in lines)
    assert all(line.isprintable() for line in lines)
    assert "whdeng.cn/RAF" in error.fix
    assert "non-commercial research only" in error.fix


def test_images_that_are_not_listed_are_noted(tmp_path: Path, write: Write, rafdb_files: Files) -> None:
    extra = {f"basic/Image/aligned/train_0009{n}_aligned.jpg": b"never opened" for n in range(7)}
    samples = RafDb().load(write(tmp_path / "rafdb", {**rafdb_files, **extra}))
    assert len(samples) == 28
    assert samples.notes[-1].startswith("7 images are not in list_patition_label.txt and are not used: basic/Image/")
    assert samples.notes[-1].endswith("and 2 more")


def test_half_of_the_release_is_explained(tmp_path: Path, write: Write, rafdb_files: Files) -> None:
    table = {TABLE: rafdb_files[TABLE]}
    error = error_of(write(tmp_path / "list", {**table, "basic/Image/aligned.zip": b""}))
    assert "holds no image such as Image/aligned/train_00001_aligned.jpg" in error.what
    assert error.fix.startswith("unpack basic/Image/aligned.zip first; or ")
    images = {name: data for name, data in rafdb_files.items() if "EmoLabel" not in name}
    assert "holds no EmoLabel/list_patition_label.txt" in error_of(write(tmp_path / "images", images)).what
    twice = {f"{root}/{name.removeprefix('basic/')}": data for root in "ab" for name, data in table.items()}
    error = error_of(write(tmp_path / "twice", twice))
    assert "more than once: a/EmoLabel/list_patition_label.txt, b/EmoLabel" in error.what
    for number, text in enumerate((b"\n", b"no label here\n" * 99)):
        what = error_of(write(tmp_path / f"empty{number}", {**rafdb_files, TABLE: text})).what
        assert what.splitlines()[1:] == [f"  {TABLE}: has no line such as 'train_00001.jpg 5'"]
