"""FER2013 as JPEG files: names, folders, and what broken ones are answered with."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ferbench.data import Samples
from ferbench.errors import DataError
from ferbench_datasets._fer2013_images import decode
from ferbench_datasets.fer2013 import Fer2013


def jpeg(gray: int = 7, size: tuple[int, int] = (48, 48), mode: str = "L", kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("L", size, gray).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def load(root: Path, files: dict[str, bytes]) -> Samples:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return Fer2013().load(root)


def error_of(root: Path, files: dict[str, bytes]) -> str:
    with pytest.raises(DataError) as caught:
        load(root, files)
    assert "kaggle.com" in caught.value.fix
    return caught.value.what


def test_class_part_and_number_come_from_the_name(tmp_path: Path) -> None:
    samples = load(
        tmp_path,
        {
            "test/neutral/PrivateTest_32300.jpg": jpeg(1),
            "test/happy/PublicTest_28800.jpg": jpeg(2),
            "train/angry/Training_10.jpg": jpeg(3),
            "train/surprise/Training_9.jpg": jpeg(4),
        },
    )
    assert samples.ids.tolist() == ["Training_9", "Training_10", "PublicTest_28800", "PrivateTest_32300"]
    assert samples.labels.tolist() == [5, 0, 3, 6]
    assert samples.partitions is not None
    assert samples.partitions.tolist() == ["train", "train", "validation", "test"]
    assert [samples.images.read(index)[0, 0] for index in range(4)] == [4, 3, 2, 1]
    assert len(samples.notes) == 2
    assert "read from JPEG files" in samples.notes[0]
    assert samples.notes[1].startswith("partial copy: train 2 of 28,709")


@pytest.mark.parametrize("name", ["Training_10118481", "PublicTest_10", "PrivateTest_28709", "PublicTest_32298"])
def test_numbers_that_are_no_rows_are_kept_and_noted(tmp_path: Path, name: str) -> None:
    samples = load(tmp_path, {f"{'train' if name.startswith('Train') else 'test'}/sad/{name}.jpg": jpeg()})
    assert samples.ids.tolist() == [name]
    assert "not rows of fer2013.csv" in samples.notes[1]


@pytest.mark.parametrize("root", ["", "FER-2013/", "a/b/Archive (1)/", "TRAIN/../train/"])
@pytest.mark.parametrize(
    "file", ["train/angry/Training_5.jpg", "Train/ANGRY/training_005.JPEG", "angry/TRAINING_5.Jpg"]
)
def test_roots_and_capitals_do_not_matter(tmp_path: Path, root: str, file: str) -> None:
    samples = load(tmp_path, {f"{root}{file}": jpeg()})
    assert samples.ids.tolist() == ["Training_5"]
    assert samples.labels.tolist() == [0]


def test_stray_files_are_passed_over(tmp_path: Path) -> None:
    junk = ".DS_Store README.md train/Thumbs.db __MACOSX/train/angry/Training_6.jpg train/angry/._Training_7.jpg"
    junk += " train/angry/.ipynb_checkpoints/Training_8.jpg cover.jpg docs/figure_1.jpg"
    samples = load(tmp_path, {"train/angry/Training_5.jpg": jpeg(), **dict.fromkeys(junk.split(), b"junk")})
    assert samples.ids.tolist() == ["Training_5"]


def test_a_folder_linked_in_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    load(tmp_path / "elsewhere", {"train/angry/Training_5.jpg": jpeg()})
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train").symlink_to(tmp_path / "elsewhere" / "train")
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "dangling").symlink_to(tmp_path / "nowhere")
    assert len(Fer2013().load(tmp_path / "data")) == 1


def test_colour_copies_of_gray_are_gray(tmp_path: Path) -> None:
    samples = load(tmp_path, {"train/angry/Training_5.jpg": jpeg(90, mode="RGB")})
    image = samples.images.read(0)
    assert image.shape == (48, 48)
    assert np.abs(image.astype(int) - 90).max() <= 1


BAD = {
    "train/angry/Training_1.jpg": (b"", "a broken JPEG"),
    "train/angry/Training_2.jpg": (b"not an image", "a broken JPEG"),
    "train/angry/Training_3.jpg": (jpeg()[:-40], "a broken JPEG"),
    "train/angry/Training_4.jpg": (jpeg(kind="PNG"), "a broken JPEG"),
    "train/angry/Training_5.jpg": (jpeg(size=(48, 47)), "48x47 pixels, not 48x48"),
    "train/angry/Training_6.jpg": (jpeg(size=(224, 224)), "224x224 pixels, not 48x48"),
    "train/angry/Training_7.jpg": (jpeg(mode="CMYK"), "colour mode CMYK, not gray"),
    "train/angry/Training_8.jpg": (jpeg() + b"\0" * (1 << 20), "too large"),
    "train/angry/Training_9.png": (jpeg(kind="PNG"), "not a .jpg"),
    "train/angry/face.jpg": (jpeg(), "its name does not say the partition"),
    "train/angry/Training_x.jpg": (jpeg(), "its name does not say the partition"),
    "train/contempt/Training_10.jpg": (jpeg(), "its folder is not a class"),
    "train/Training_11.jpg": (jpeg(), "its folder is not a class"),
    "train/sad/PrivateTest_12.jpg": (jpeg(), "PrivateTest in the folder train"),
    "test/sad/Training_13.jpg": (jpeg(), "Training in the folder test"),
    "train/sad/Training_14.jpg": (jpeg(), "the same image as train/happy/Training_14.jpg, by its name"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named(tmp_path: Path, name: str) -> None:
    data, reason = BAD[name]
    what = error_of(tmp_path, {"train/happy/Training_14.jpg": jpeg(), name: data})
    assert what.splitlines()[0] == f"{tmp_path} has 1 problem:"
    assert what.splitlines()[1].startswith(f"  {name}: ")
    assert reason in what


def test_all_bad_files_are_in_one_error(tmp_path: Path) -> None:
    files = {name: data for name, (data, _) in BAD.items()}
    what = error_of(tmp_path, {"train/happy/Training_14.jpg": jpeg(), **files})
    assert f"has {len(BAD)} problems:" in what
    for name, (_, reason) in BAD.items():
        assert any(found.startswith(f"  {name}: ") and reason in found for found in what.splitlines())


def test_a_huge_image_is_refused_from_its_header() -> None:
    small = jpeg()
    at = small.index(b"\xff\xc0") + 5  # height and width in the frame header
    for side, reason in ((9_000, "9000x9000 pixels, not 48x48"), (65_000, r"broken JPEG \(DecompressionBombError\)")):
        with pytest.raises(ValueError, match=reason):
            decode(small[:at] + struct.pack(">HH", side, side) + small[at + 4 :])


def test_a_file_that_breaks_later_is_named_when_it_is_read(tmp_path: Path) -> None:
    samples = load(tmp_path, {"train/angry/Training_5.jpg": jpeg(), "train/angry/Training_6.jpg": jpeg()})
    (tmp_path / "train/angry/Training_5.jpg").write_bytes(b"overwritten")
    (tmp_path / "train/angry/Training_6.jpg").unlink()
    with pytest.raises(DataError, match=r"train/angry/Training_5\.jpg: a broken JPEG"):
        samples.images.read(0)
    with pytest.raises(DataError, match=r"train/angry/Training_6\.jpg cannot be read: No such file"):
        samples.images.read(1)


def test_the_fingerprint_covers_the_files_and_where_they_stand(tmp_path: Path) -> None:
    usual = load(tmp_path / "1", {"train/angry/Training_5.jpg": jpeg()}).fingerprint
    assert load(tmp_path / "2", {"root/Train/Angry/training_5.jpeg": jpeg()}).fingerprint == usual
    for number, (name, data) in enumerate(
        {
            "train/sad/Training_5.jpg": jpeg(),
            "train/angry/Training_6.jpg": jpeg(),
            "test/angry/PublicTest_5.jpg": jpeg(),
            "train/angry/Training_5.jpg": jpeg(8),
        }.items(),
        start=3,
    ):
        assert load(tmp_path / str(number), {name: data}).fingerprint != usual


def test_a_folder_of_something_else(tmp_path: Path) -> None:
    what = error_of(tmp_path, {"images/cat.jpg": jpeg(), "labels.txt": b""})
    assert what == (
        f"{tmp_path} holds neither fer2013.csv, icml_face_data.csv nor images such as train/angry/Training_3908.jpg"
    )


@given(at=st.integers(0, len(jpeg())), cut=st.integers(0, 30), put=st.binary(max_size=8))
def test_a_damaged_jpeg_is_decoded_or_is_explained(at: int, cut: int, put: bytes) -> None:
    whole = jpeg(200)
    with suppress(ValueError):  # anything else that is raised fails
        image = decode(whole[:at] + put + whole[at + cut :])
        assert image.shape == (48, 48)
        assert image.dtype == np.uint8
