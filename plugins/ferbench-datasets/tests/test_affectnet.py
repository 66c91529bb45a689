"""AffectNet: small trees laid out as both releases are, and what people's copies do to them."""

from __future__ import annotations

import io
import pickle
import tarfile
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
    named,
    npy,
    packed,
    picture,
    problem_of,
    write,
)

from ferbench.errors import DataError
from ferbench_datasets import register_datasets
from ferbench_datasets._affectnet_mini import decode_code
from ferbench_datasets.affectnet import OFFICIAL, AffectNet7, AffectNet8


def test_the_full_release(tmp_path: Path) -> None:
    samples = AffectNet8().load(write(tmp_path, full()))
    assert named(samples) == {
        "1/00ab": "neutral",
        "2/01ab": "happy",
        "3/02ab": "sad",
        "1/03ab": "surprise",
        "2/04ab": "fear",
        "3/05ab": "disgust",
        "1/06ab": "angry",
        "2/07ab": "contempt",
        "9/00cd": "neutral",
        "9/07cd": "contempt",
    }
    assert samples.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")
    assert samples.partitions is not None
    assert samples.partitions.tolist() == ["train"] * 8 + ["test"] * 2
    assert samples.boxes is not None
    assert samples.boxes.dtype == np.float32
    assert samples.boxes.tolist() == [[4, 5, 24, 25]] * 10
    assert not samples.cropped
    assert [int(samples.images.read(index).mean()) for index in range(10)] == [*range(0, 80, 10), 5, 75]
    assert samples.images.read(0).shape == (30, 40, 3)
    assert samples.notes == (
        "AffectNet's full release; its validation set is partition test: there is no public test set",
        "left out: 2 none, 1 uncertain, 1 no face",
        "partial copy: train 8 of 287,651, test 2 of 4,000",
    )
    copy = pickle.loads(pickle.dumps(samples.images))
    np.testing.assert_array_equal(copy.read(9), samples.images.read(9))


def test_the_mini_release(tmp_path: Path) -> None:
    samples = AffectNet8().load(write(tmp_path, mini()))
    names = ["neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt"]
    assert named(samples) == {
        **{f"train/{code}": name for code, name in enumerate(names)},
        "test/0": "contempt",
        "test/1": "neutral",
    }
    assert samples.boxes is None
    assert samples.cropped
    assert samples.images.read(8).shape == (224, 224, 3)
    assert int(samples.images.read(8).mean()) == 70
    assert samples.notes == (
        "AffectNet's mini release; its validation set is partition test: there is no public test set",
        "left out: 1 none, 1 uncertain, 1 no face",
        "partial copy: train 8 of 287,651, test 2 of 3,999",
    )


@pytest.mark.parametrize("release", RELEASES)
def test_seven_classes_are_another_dataset(tmp_path: Path, release: str) -> None:
    eight, seven = (factory().load(write(tmp_path, RELEASES[release])) for factory in (AffectNet8, AffectNet7))
    assert seven.classes == eight.classes[:7]
    assert named(seven) == {name: label for name, label in named(eight).items() if label != "contempt"}
    assert seven.fingerprint != eight.fingerprint
    assert "2 contempt" in seven.notes[1]
    assert "partial copy: train 7 of 283,901, test 1 of 3,500" in seven.notes
    entries = {entry.name: entry for entry in register_datasets()}
    assert entries["affectnet-8"].load() is AffectNet8
    assert entries["affectnet-7"].load() is AffectNet7
    assert "signed agreement" in entries["affectnet-7"].licence


def test_the_official_counts_add_up() -> None:
    assert {name: sum(counts) for name, counts in OFFICIAL["full"].items()} == {
        "train": 287_651,
        "test": 4_000,
    }
    assert {name: sum(counts) for name, counts in OFFICIAL["mini"].items()} == {
        "train": 287_651,
        "test": 3_999,
    }


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("form", ["deep folder", "zip", "tar", "odd capitals", "Windows zip"])
def test_every_form_is_the_same_dataset(tmp_path: Path, release: str, form: str) -> None:
    files = RELEASES[release]
    plain = AffectNet8().load(write(tmp_path / "plain", files))
    strays = {".DS_Store": b"x", "README.txt": b"x", "train_set/Thumbs.db": b"x", "__MACOSX/train_set/._0.jpg": b"x"}
    if form == "tar":
        path = tmp_path / "all.tar"
        with tarfile.open(path, "w") as archive:
            for name, data in files.items():
                member = tarfile.TarInfo(f"./AffectNet/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    elif form == "odd capitals":
        path = write(tmp_path / "odd", {name.upper(): data for name, data in files.items()} | strays)
    elif form == "deep folder":
        path = write(tmp_path / "deep", {f"a/b c/{name}": data for name, data in (files | strays).items()})
    else:
        names = {name.replace("/", "\\") if form == "Windows zip" else f"../../{name}": name for name in files}
        path = packed(tmp_path / "all.zip", {name: files[old] for name, old in names.items()})
    before = sorted(tmp_path.rglob("*"))
    samples = AffectNet8().load(path)
    assert samples.fingerprint == plain.fingerprint
    assert samples.notes == plain.notes
    np.testing.assert_array_equal(samples.images.read(9), plain.images.read(9))
    assert sorted(tmp_path.rglob("*")) == before, "nothing is written"


@pytest.mark.parametrize("release", RELEASES)
def test_the_fingerprint_is_of_labels_boxes_and_sizes(tmp_path: Path, release: str) -> None:
    files = RELEASES[release]
    table, image = f"{LISTS}/training.csv", next(name for name in files if name.endswith(".jpg"))
    label = "train_set/annotations/0_exp.npy"
    other = files.get(table, b"")
    changed = {
        "same": files,
        "size": files | {image: files[image] + b"x"},
        "label": files | ({table: other.replace(b",0,-0.5", b",1,-0.5")} if release == "full" else {label: npy("1")}),
        "box": files | ({table: other.replace(b",4,5,20,20", b",4,5,20,21", 1)} if release == "full" else {}),
        "fewer": {name: data for name, data in files.items() if name != image},
    }
    prints = {name: AffectNet8().load(write(tmp_path / name, one)).fingerprint for name, one in changed.items()}
    assert len(set(prints.values())) == (5 if release == "full" else 4)


@pytest.mark.parametrize(
    ("box", "found"),
    [
        ("4,5,20,20", (4, 5, 24, 25)),
        ("-3,-2,20,20", (-3, -2, 17, 18)),
        ("4.5,5,20.25,20", (4.5, 5, 24.75, 25)),
        ("4,5,-20,20", None),
        ("4,5,0,20", None),
        ("-50,5,20,20", None),
        ("4,-20,20,20", None),
        ("NULL,NULL,NULL,NULL", None),
        (",,,", None),
    ],
)
def test_boxes(tmp_path: Path, box: str, found: tuple[float, ...] | None) -> None:
    files = {"training.csv": (HEADER + line("1/a.jpg", 1, box)).encode(), "1/a.jpg": picture(size=(40, 30))}
    samples = AffectNet8().load(write(tmp_path, files))
    assert samples.boxes is not None
    assert tuple(samples.boxes[0].tolist()) == (found or (0, 0, 40, 30))
    assert any("1 images have no face box" in note for note in samples.notes) == (found is None)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (line("1/a.jpg", 11), "expression is '11', not a number from 0 to 10"),
        (line("1/a.jpg", "happy"), "expression is 'happy'"),
        (line("1/a.jpg", "-1"), "expression is '-1'"),
        (line("1/a.jpg", "²"), "expression is '²'"),
        (line("a.jpg", 1), "the image is 'a.jpg', not like 103/0a1b.jpg"),
        (line("1/\x1b[2Ja.jpg", 1), "the image is "),
        (line("1/a.jpg", 1, "x,5,20,20"), "the face box is 'x 5 20 20', not four numbers"),
        (line("1/a.jpg", 1, "nan,5,20,20"), "which no image can hold"),
        (line("1/a.jpg", 1, "0,0,1e9,5"), "which no image can hold"),
        ("1/a.jpg,4,5\n", "line 13: 3 columns, not 9"),
        ("1/a.jpg,4,5", "3 columns, not 9 (the last line: is the file cut off?)"),
        (line("1/00ab.jpg", 1), "1/00ab is happy in train here, neutral in train before"),
    ],
)
def test_a_broken_line_is_an_error(tmp_path: Path, changed: str, reason: str) -> None:
    table = f"{LISTS}/training.csv"
    cut = changed[:50] if "cut off" in reason else changed
    what = problem_of(
        tmp_path, "full", {table: full()[table] + (cut if "cut off" not in reason else "1/a,4,5").encode()}
    )
    assert f"{tmp_path} has 1 problem:" in what
    assert "training.csv, line 13: " in what
    assert reason in what


def test_lines_of_images_that_are_left_out_need_no_box(tmp_path: Path) -> None:
    files = full()
    files[f"{LISTS}/training.csv"] += line("NULL", 10, "NULL,x,,").encode()
    assert "2 no face" in AffectNet8().load(write(tmp_path, files)).notes[1]


def test_one_error_names_every_bad_line(tmp_path: Path) -> None:
    what = problem_of(tmp_path, "full", {"training.csv": None, f"{LISTS}/training.csv": (HEADER + "x\n" * 70).encode()})
    assert "has 70 problems" in what
    assert "line 51" in what
    assert "and 20 more" in what


def test_a_line_again_is_noted_and_used_once(tmp_path: Path) -> None:
    files = full()
    files[f"{LISTS}/training.csv"] += line("1/00AB.JPG", 0).encode()
    samples = AffectNet8().load(write(tmp_path, files))
    assert len(samples) == 10
    assert "1 lines of the tables that name an image again are not used" in samples.notes


def test_images_that_are_missing_or_empty_make_a_copy_partial(tmp_path: Path) -> None:
    files = full() | {f"{ROOT}/1/00ab.jpg": b""}
    del files[f"{ROOT}/2/01ab.jpg"]
    samples = AffectNet8().load(write(tmp_path, files))
    assert len(samples) == 8
    assert samples.notes[2].startswith("left out: 2 images of the tables whose file is missing or empty")
    assert samples.notes[2].endswith(": 1/00ab, 2/01ab")
    assert samples.notes[3] == "partial copy: train 6 of 287,651, test 2 of 4,000"


def test_images_and_labels_without_each_other_make_a_copy_partial(tmp_path: Path) -> None:
    files = mini() | {"train_set/images/2.jpg": b""}
    del files["train_set/images/0.jpg"], files["val_set/annotations/0_exp.npy"]
    samples = AffectNet8().load(write(tmp_path, files))
    assert len(samples) == 7
    assert samples.notes[2:] == (
        "left out: 1 images without annotations/<id>_exp.npy: test/0",
        "left out: 2 annotations whose image is missing or empty: train/0, train/2",
        "partial copy: train 6 of 287,651, test 1 of 3,999",
    )


def test_one_side_alone_is_a_partial_copy(tmp_path: Path) -> None:
    files = {name: data for name, data in mini().items() if name.startswith("val_set")}
    assert AffectNet8().load(write(tmp_path, files)).notes[-1] == "partial copy: train 0 of 287,651, test 2 of 3,999"


def test_the_automatically_annotated_images_are_no_part(tmp_path: Path) -> None:
    other = {
        "Automatically_Annotated/Automatically_Annotated_Images/1/00ab.jpg": picture(200),
        "automatically_annotated.csv": b"x",
    }
    samples = AffectNet8().load(write(tmp_path, full() | other))
    assert samples.images.read(0).max() == 0


def test_what_is_missing_is_said_with_where_to_get_it(tmp_path: Path) -> None:
    assert "none were given" in error_of(None)
    assert "there is no" in error_of(tmp_path / "nowhere")
    assert "is empty" in error_of(tmp_path)
    write(tmp_path, {"train_set.zip": b"x", "readme": b"x"})
    assert "it holds neither training.csv nor train_set/annotations/0_exp.npy" in error_of(tmp_path)
    with pytest.raises(DataError) as caught:
        AffectNet7().load(tmp_path)
    assert caught.value.fix.startswith("unpack train_set.zip first; or request AffectNet")
    write(tmp_path / "tables", {"training.csv": full()[f"{LISTS}/training.csv"]})
    assert "holds none of the 8 images of its tables (such as 1/00ab.jpg)" in error_of(tmp_path / "tables")
    write(tmp_path / "nothing", {"training.csv": HEADER.encode()})
    assert "holds none of the 0 images of its tables" in error_of(tmp_path / "nothing")
    write(tmp_path / "images", {"train_set/images/0.jpg": picture()})
    assert "holds 1 images and 0 labels of AffectNet's mini release" in error_of(tmp_path / "images")
    write(tmp_path / "contempt", {"val_set/images/0.jpg": picture(), "val_set/annotations/0_exp.npy": npy("7")})
    assert "has no image of the classes angry, " in error_of(tmp_path / "contempt", AffectNet7)


@pytest.mark.parametrize(
    "files",
    [full() | mini(), full() | {"old/training.csv": HEADER.encode()}, full() | {"copy/1/00ab.png": picture()}],
    ids=["both releases", "a table twice", "an image twice"],
)
def test_what_is_ambiguous_is_refused(tmp_path: Path, files: dict[str, bytes]) -> None:
    with pytest.raises(DataError, match=r"both releases|more than once|the same image as"):
        AffectNet8().load(write(tmp_path, files))


@pytest.mark.parametrize("name", ["train_set/images/0.JPG", "train_set/annotations/0_EXP.npy"])
def test_names_that_differ_in_capitals_alone_are_refused(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / "all.zip", mini() | {name: npy("1")})
    assert f"{name}: the same " in error_of(path)


@pytest.mark.parametrize(
    "value", ["3", np.str_("3"), b"3", 3, np.float32(3), np.array([3]), np.array([["3.0"]]), np.uint8(3)]
)
def test_labels_as_text_and_as_numbers(value: Any) -> None:
    assert decode_code(npy(value)) == 3


def test_pictures_of_other_kinds_than_their_suffix_are_read(tmp_path: Path) -> None:
    kinds = ("PNG", "GIF", "WEBP", "BMP", "TIFF")
    files = full() | {
        f"{ROOT}/{code % 3 + 1}/{code:02x}ab.jpg": picture(9, kind=kind) for code, kind in enumerate(kinds)
    }
    samples = AffectNet8().load(write(tmp_path, files))
    assert [samples.images.read(index).shape[:2] for index in range(5)] == [(30, 40)] * 5
