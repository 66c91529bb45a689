"""CK+48: the class is the folder, subject and sequence are in the name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ferbench.errors import DataError
from ferbench_datasets.ck48 import RELEASE, Ck48

Files = dict[str, bytes]
Write = Callable[..., Path]


def error_of(path: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        Ck48().load(path)
    return caught.value


def test_the_release_adds_up() -> None:
    assert sum(RELEASE.official[""]) == 981
    assert all(count % 3 == 0 for count in RELEASE.official[""])
    assert "neutral" not in RELEASE.classes


@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
def test_class_subject_and_clip(tmp_path: Path, write: Write, ck48_files: Files, form: str) -> None:
    samples = Ck48().load(write(tmp_path / "ck48", ck48_files, form))
    assert len(samples) == 84
    assert samples.cropped
    assert samples.partitions is None
    assert samples.subjects is not None
    assert samples.clips is not None
    assert len(set(samples.subjects)) == 4
    assert len(set(samples.clips)) == 28
    folders = {Path(name).stem: Path(name).parent.name for name in ck48_files if name.endswith(".png")}
    for row, name in enumerate(samples.ids.tolist()):
        folder = folders[name]
        assert samples.classes[samples.labels[row]] == {"anger": "angry", "sadness": "sad"}.get(folder, folder)
        assert name.startswith(f"{samples.clips[row]}_")
        assert samples.clips[row].startswith(f"{samples.subjects[row]}_")
    assert samples.images.read(83).shape == (48, 48)
    assert samples.notes == ("partial copy: 84 of 981 images",)


def test_roots_and_capitals_do_not_matter(tmp_path: Path, write: Write, ck48_files: Files) -> None:
    usual = Ck48().load(write(tmp_path / "usual", ck48_files))
    odd = {f"x/{name.replace('CK+48/', '').upper()}": data for name, data in ck48_files.items()}
    assert Ck48().load(write(tmp_path / "odd.zip", odd, "zip")).fingerprint == usual.fingerprint


def test_all_that_is_wrong_is_in_one_error(
    tmp_path: Path, write: Write, ck48_files: Files, encode: Callable[..., bytes]
) -> None:
    files = dict(ck48_files)
    anger = "CK+48/anger/S010_001_00000009.png"
    bad = {
        "CK+48/copy/anger/S010_001_00000009.png": (files[anger], f"the same image as {anger}"),
        "CK+48/happy/S010_001_00000012.png": (files[anger], "of the same sequence is another class"),
        "CK+48/joy/S010_001_00000013.png": (files[anger], "its folder is not a class"),
        "CK+48/anger/S010_001_00000014.png": (encode(np.zeros((48, 47), np.uint8)), "not a gray image of 48x48"),
        "CK+48/anger/S010_001_00000015.png": (encode(np.zeros((49, 48), np.uint8)), "too many pixels: 48x49"),
        "CK+48/anger/S010_001_00000016.png": (encode(np.eye(48, dtype=np.uint8), "JPEG"), "not an image (PNG)"),
    }
    error = error_of(write(tmp_path / "ck48", {**files, **{name: data for name, (data, _) in bad.items()}}))
    lines = error.what.splitlines()
    assert lines[0] == f"{tmp_path / 'ck48'} has {len(bad)} problems:"
    for name, (_, reason) in bad.items():
        assert any(line.startswith(f"  {name}: ") and reason in line for line in lines)
    assert "jeffcohn.net" in error.fix
    assert "non-commercial research only" in error.fix


def test_the_full_release_is_recognised(tmp_path: Path, write: Write, ckplus_files: Files) -> None:
    error = error_of(write(tmp_path / "ckplus", ckplus_files))
    assert "is not CK+48: it holds no image such as anger/" in error.what
    assert "--dataset ckplus" in error.fix
