"""Real FER2013 in every form that people have: the same ids, labels and partitions, and the pixels of the release."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ferbench.data import Samples
from ferbench_datasets._fer2013_rows import OFFICIAL
from ferbench_datasets.fer2013 import Fer2013

SOURCE = Path(__file__).parents[3].parent / "shared" / "data" / "fer2013"
SHORT = os.environ.get("FERBENCH_SHORT") == "1"
PARTITION_OF = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
CSV_FORMS = ("csv", "icml", "csv folder", "csv zip", "csv tar.gz")
IMAGE_FORMS = ("zip", "folder", "nested folder", "nested zip")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (SOURCE / "fer2013.npz").exists(), reason=f"needs the real FER2013 in {SOURCE}"),
]


@pytest.fixture(scope="module")
def release() -> dict[str, np.ndarray]:
    """The arrays ``pix`` uint8 [N, 2304], ``lab`` and ``usage`` that all forms are written from."""
    with np.load(SOURCE / "fer2013.npz") as data:
        arrays = {name: data[name] for name in ("pix", "lab", "usage")}
    if SHORT:  # the first of each partition, so that every partition and class is there
        keep = np.concatenate([np.flatnonzero(arrays["usage"] == partition)[:250] for partition in PARTITION_OF])
        arrays = {name: array[keep] for name, array in arrays.items()}
    return arrays


@pytest.fixture(scope="module")
def forms(release: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Every form by its name, written by the data's own export.py and then repacked."""
    root = tmp_path_factory.mktemp("fer2013")
    np.savez(root / "fer2013.npz", pix=release["pix"], lab=release["lab"], usage=release["usage"])
    shutil.copyfile(SOURCE / "export.py", root / "export.py")
    for form in ("csv", "folder"):
        subprocess.run([sys.executable, root / "export.py", form, root], check=True)
    csv, archive = root / "fer2013.csv", root / "archive.zip"
    with csv.open("rb") as old, (root / "icml_face_data.csv").open("wb") as new:
        new.write(b"emotion, Usage, pixels\r\n")
        next(old)
        for line in old:
            emotion, pixels, usage = line.strip().split(b",")
            new.write(emotion + b"," + usage + b"," + pixels + b"\r\n")
    (root / "copy" / "sub").mkdir(parents=True)
    (root / "copy" / "sub" / "FER2013.csv").symlink_to(csv)
    (root / "copy" / ".DS_Store").write_bytes(b"\0")
    with zipfile.ZipFile(root / "csv.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new_zip:
        new_zip.writestr("__MACOSX/fer2013/._fer2013.csv", b"junk")
        new_zip.writestr("fer2013/README", b"junk")
        new_zip.write(csv, "fer2013/fer2013.csv")
    with tarfile.open(root / "fer2013.tar.gz", "w:gz", compresslevel=1) as new_tar:
        new_tar.add(csv, "fer2013/fer2013.csv")
    with zipfile.ZipFile(archive) as old_zip, zipfile.ZipFile(root / "nested.zip", "w") as new_zip:
        old_zip.extractall(root / "images")
        for name in reversed(old_zip.namelist()):
            partition, label, file = name.split("/")
            new_zip.writestr(f"Archive/fer 2013/{partition.upper()}/{label.title()}/{file.upper()}", old_zip.read(name))
            new_zip.writestr(f"__MACOSX/{partition}/{label}/._{file}", b"junk")
        new_zip.writestr("Archive/Thumbs.db", b"junk")
    (root / "above" / "it" / "FER-2013").mkdir(parents=True)
    for stray in ("README.md", ".DS_Store", "train/Thumbs.db", "train/angry/.DS_Store", "preview.jpg"):
        (root / "images" / stray).write_bytes(b"junk")
    for partition in ("Train", "TEST"):
        (root / "above" / "it" / "FER-2013" / partition).symlink_to(root / "images" / partition.lower())
    yield {
        "csv": csv,
        "icml": root / "icml_face_data.csv",
        "csv folder": root / "copy",
        "csv zip": root / "csv.zip",
        "csv tar.gz": root / "fer2013.tar.gz",
        "zip": archive,
        "folder": root / "images",
        "nested folder": root / "above",
        "nested zip": root / "nested.zip",
    }
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def loaded(forms: dict[str, Path]) -> dict[str, Samples]:
    return {form: Fer2013().load(path) for form, path in forms.items()}


@pytest.mark.parametrize("form", CSV_FORMS + IMAGE_FORMS)
def test_every_form_gives_the_same_samples(
    form: str, loaded: dict[str, Samples], release: dict[str, np.ndarray]
) -> None:
    samples = loaded[form]
    usages = release["usage"].tolist()
    assert samples.ids.tolist() == [f"{usage}_{row}" for row, usage in enumerate(usages)]
    assert samples.partitions is not None
    assert samples.partitions.tolist() == [PARTITION_OF[usage] for usage in usages]
    np.testing.assert_array_equal(samples.labels, release["lab"])
    assert samples.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert samples.cropped
    assert samples.subjects is None


@pytest.mark.parametrize("form", CSV_FORMS)
def test_a_csv_gives_the_pixels_of_the_release(
    form: str, loaded: dict[str, Samples], release: dict[str, np.ndarray]
) -> None:
    images = loaded[form].images
    assert images.read(7).dtype == np.uint8
    assert not images.read(7).flags.writeable
    read = np.stack([images.read(index) for index in range(len(images))])
    np.testing.assert_array_equal(read, release["pix"].reshape(-1, 48, 48))


@pytest.mark.parametrize("form", IMAGE_FORMS)
def test_an_image_is_near_the_release(form: str, loaded: dict[str, Samples], release: dict[str, np.ndarray]) -> None:
    images = loaded[form].images
    for index in range(0, len(images), len(images) // 200):
        image = images.read(index)
        assert image.shape == (48, 48)
        assert image.dtype == np.uint8
        true = release["pix"][index].reshape(48, 48)
        assert np.abs(image.astype(int) - true).mean() < 4, "JPEG at quality 95 is nearer, another image is farther"


def test_a_fingerprint_is_of_the_content_and_not_of_the_form(loaded: dict[str, Samples]) -> None:
    assert len({loaded[form].fingerprint for form in CSV_FORMS}) == 1
    assert len({loaded[form].fingerprint for form in IMAGE_FORMS}) == 1
    assert loaded["csv"].fingerprint != loaded["zip"].fingerprint


@pytest.mark.parametrize("form", ["csv", "folder", "zip"])
def test_images_can_be_pickled(form: str, loaded: dict[str, Samples]) -> None:
    images = loaded[form].images
    images.read(0)  # a zip is open by now; the copy opens its own
    copy = pickle.loads(pickle.dumps(images))
    assert len(copy) == len(images)
    np.testing.assert_array_equal(copy.read(3), images.read(3))


@pytest.mark.parametrize("form", CSV_FORMS + IMAGE_FORMS)
def test_notes_say_how_a_copy_differs(form: str, loaded: dict[str, Samples]) -> None:
    notes = " | ".join(loaded[form].notes)
    assert ("JPEG" in notes) == (form in IMAGE_FORMS)
    assert "not rows of fer2013.csv" not in notes or SHORT
    if SHORT:
        assert "partial copy: train 250 of 28,709, validation 250 of 3,589, test 250 of 3,589" in notes
    else:
        assert "differs from the official counts: train angry 3,994 of 3,995, train disgust 437 of 436" in notes


@pytest.mark.skipif(SHORT, reason="FERBENCH_SHORT=1 loads a part of the release")
def test_the_counts_are_near_the_official_ones(loaded: dict[str, Samples]) -> None:
    samples = loaded["csv"]
    assert samples.partitions is not None
    for partition, official in zip(("train", "validation", "test"), OFFICIAL, strict=True):
        counts = np.bincount(samples.labels[samples.partitions == partition], minlength=7)
        assert counts.sum() == official.sum()
        assert np.abs(counts - official).max() <= 3
