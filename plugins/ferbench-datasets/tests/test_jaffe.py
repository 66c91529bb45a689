"""JAFFE: everything is in the file's name, whatever the capitals, the root and the kind of file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ferbench.errors import DataError
from ferbench_datasets.jaffe import RELEASE, SUBJECTS, Jaffe

Files = dict[str, bytes]
Write = Callable[..., Path]
CODES = {"AN": "angry", "DI": "disgust", "FE": "fear", "HA": "happy", "NE": "neutral", "SA": "sad", "SU": "surprise"}


def small(encode: Callable[..., bytes], *names: str) -> Files:
    return {name: encode(np.full((4, 4), index, np.uint8), "TIFF") for index, name in enumerate(names)}


def test_the_release_adds_up() -> None:
    assert sum(SUBJECTS.values()) == sum(RELEASE.official[""]) == 213
    assert len(SUBJECTS) == 10
    assert set(CODES.values()) == set(RELEASE.classes)


@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
def test_class_and_subject_come_from_the_name(tmp_path: Path, write: Write, jaffe_files: Files, form: str) -> None:
    samples = Jaffe().load(write(tmp_path / "jaffe", jaffe_files, form))
    assert len(samples) == 56
    assert samples.ids[0] == "KA.AN1.1"
    assert sorted(samples.ids.tolist()) == samples.ids.tolist()
    assert samples.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert samples.subjects is not None
    assert samples.clips is None
    assert samples.partitions is None
    assert samples.boxes is None
    assert not samples.cropped
    for row, name in enumerate(samples.ids.tolist()):
        assert samples.subjects[row] == name[:2]
        assert samples.classes[samples.labels[row]] == CODES[name[3:5]]
    assert samples.notes == (
        "partial copy: 56 of 213 images",
        "subjects that differ from the release: KA 14 of 23, KL 14 of 22, KM 14 of 22, KR 14 of 20, MK 0 of 21, "
        "NA 0 of 21, NM 0 of 20, TM 0 of 21, UY 0 of 21, YM 0 of 22",
    )


def test_palette_tiffs_show_the_same_face(
    tmp_path: Path, write: Write, jaffe_files: Files, face: Callable[..., np.ndarray]
) -> None:
    samples = Jaffe().load(write(tmp_path / "jaffe.zip", jaffe_files, "zip"))
    for person, subject in ((0, "KA"), (3, "KR")):  # KR's files have palettes
        row = next(row for row, name in enumerate(samples.ids.tolist()) if name.startswith(f"{subject}.HA1"))
        image = samples.images.read(row)
        assert image.shape == (256, 256)
        assert np.abs(image.astype(int) - face(person, 3, 256) - 1).max() <= 1


def test_a_fingerprint_is_of_the_content_and_not_of_the_form(tmp_path: Path, write: Write, jaffe_files: Files) -> None:
    odd = {name.replace("jaffe/", "a/JAFFEdbase (1)/").upper(): data for name, data in jaffe_files.items()}
    prints = {
        Jaffe().load(write(tmp_path / "folder", jaffe_files)).fingerprint,
        Jaffe().load(write(tmp_path / "odd.zip", odd, "zip")).fingerprint,
        Jaffe().load(write(tmp_path / "jaffe.tar", jaffe_files, "tar")).fingerprint,
    }
    assert len(prints) == 1
    name = next(name for name in jaffe_files if name.startswith("jaffe/KA.AN1"))
    other = {**jaffe_files, name: jaffe_files[name.replace("KA.AN1.1", "KA.AN2.2")]}
    assert Jaffe().load(write(tmp_path / "other", other)).fingerprint not in prints


@pytest.mark.parametrize(
    "name", ["KA.AN1.39.tiff", "ka.an1.39.TIF", "jaffedbase/Ka.An1.039.tiff", "KA.AN1.39.png", "KA.AN1.39.tiff.jpg"]
)
def test_capitals_roots_and_suffixes_do_not_matter(
    tmp_path: Path, write: Write, encode: Callable[..., bytes], name: str
) -> None:
    samples = Jaffe().load(write(tmp_path / "jaffe", small(encode, name)))
    assert samples.ids.tolist() == ["KA.AN1.39"]
    assert samples.labels.tolist() == [0]


def test_stray_files_are_passed_over_and_images_among_them_noted(
    tmp_path: Path, write: Write, encode: Callable[..., bytes]
) -> None:
    files = small(encode, "KA.AN1.39.tiff", "cover.tiff", "KA.AN1.tiff", "docs/KA_AN1_39.png")
    samples = Jaffe().load(write(tmp_path / "jaffe", {**files, "README": b"", "Thumbs.db": b""}))
    assert len(samples) == 1
    assert samples.notes[-1] == (
        "3 image files whose names are not those of JAFFE were passed over: KA.AN1.tiff, cover.tiff, docs/KA_AN1_39.png"
    )


def test_all_that_is_wrong_is_in_one_error(tmp_path: Path, write: Write, encode: Callable[..., bytes]) -> None:
    files = small(encode, "KA.AN1.39.tiff", "KA.AN2.40.tiff", "b/KA.AN1.39.png", "XX.AN1.1.tiff", "KA.XX1.1.tiff")
    files["KA.AN3.41.tiff"] = files["KA.AN1.39.tiff"][:40]
    files["KA.DI1.42.tiff"] = b""
    with pytest.raises(DataError) as caught:
        Jaffe().load(write(tmp_path / "jaffe", files))
    lines = caught.value.what.splitlines()
    assert lines[0] == f"{tmp_path / 'jaffe'} has 5 problems:"
    for name, reason in {
        "b/KA.AN1.39.png": "the same image as KA.AN1.39.tiff, by its name",
        "XX.AN1.1.tiff": "there is no subject XX",
        "KA.XX1.1.tiff": "there is no expression XX",
        "KA.AN3.41.tiff": "broken",
        "KA.DI1.42.tiff": "not an image",
    }.items():
        assert any(line.startswith(f"  {name}: ") and reason in line for line in lines)
    assert "zenodo.org/records/3451524" in caught.value.fix
    assert "non-commercial research only" in caught.value.fix
