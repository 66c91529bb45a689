"""FER+: the rules, the join by row, small copies in every form, hostile ones, and the real release."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ferbench.data import Samples
from ferbench.errors import DataError
from ferbench_datasets._fer2013_csv import ArrayImages
from ferbench_datasets._fer2013_rows import USAGES, Rows
from ferbench_datasets._ferplus_votes import CLASSES, NO_FACE, NO_MAJORITY, UNKNOWN, labels_of
from ferbench_datasets.ferplus import FerPlus

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
HEADER = b"Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
NAMES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "nf")
#: One row of each: the votes, the partition, FER2013's label and gray value.
ROWS = (
    ({"anger": 9, "fear": 1}, "Training", 0),
    ({"contempt": 8, "neutral": 2}, "Training", 6),
    ({"sadness": 5, "neutral": 5}, "Training", 4),
    ({"unknown": 7, "happiness": 3}, "Training", 3),
    ({"happiness": 10}, "PublicTest", 3),
    ({"nf": 10}, "PublicTest", 3),
    ({"surprise": 4, "fear": 3, "neutral": 1, "anger": 1, "sadness": 1}, "PrivateTest", 5),
    ({"disgust": 6, "anger": 4}, "PrivateTest", 1),
)
KEPT = ["Training_0", "Training_1", "PublicTest_4", "PrivateTest_6", "PrivateTest_7"]


def vote(**votes: int) -> list[int]:
    return [votes.get(name, 0) for name in NAMES]


def votes_line(votes: dict[str, int], usage: str = "Training", name: str = "fer0000000.png") -> bytes:
    return f"{usage},{name},{','.join(map(str, vote(**votes)))}\n".encode()


def image_line(label: int, gray: int, usage: str = "Training") -> bytes:
    return f"{label},{' '.join([str(gray)] * 2304)},{usage}\n".encode()


VOTES = HEADER + b"".join(
    votes_line(votes, usage, "" if row == 3 else "x") for row, (votes, usage, _) in enumerate(ROWS)
)
IMAGES = b"emotion,pixels,Usage\n" + b"".join(
    image_line(label, row, usage) for row, (_, usage, label) in enumerate(ROWS)
)


def jpeg(gray: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (48, 48), gray).save(buffer, "JPEG")
    return buffer.getvalue()


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def packed(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def error_of(path: Path | None) -> str:
    with pytest.raises(DataError) as caught:
        FerPlus().load(path)
    assert "github.com/microsoft/FERPlus; terms: votes: MIT" in caught.value.fix
    assert "kaggle.com/c/challenges-in-representation-learning" in caught.value.fix
    return caught.value.what


@pytest.mark.parametrize(
    ("votes", "majority", "argmax"),
    [
        (vote(happiness=10), "happy", "happy"),
        (vote(neutral=5, sadness=3, anger=2), NO_MAJORITY, "neutral"),
        (vote(neutral=5, sadness=4, anger=1), "neutral", "neutral"),
        (vote(neutral=5, sadness=5), NO_MAJORITY, "neutral"),
        (
            vote(surprise=2, neutral=1, fear=1, sadness=1, anger=1, disgust=1, contempt=1, unknown=1, nf=1),
            "surprise",
            "surprise",
        ),
        (vote(contempt=6, unknown=4), "contempt", "contempt"),
        (vote(unknown=6, contempt=4), UNKNOWN, UNKNOWN),
        (vote(nf=6, fear=4), NO_FACE, NO_FACE),
        (vote(fear=5, unknown=5), NO_MAJORITY, "fear"),
        (vote(neutral=1, happiness=1), NO_MAJORITY, "neutral"),
        (vote(), NO_MAJORITY, "neutral"),
    ],
)
def test_the_rules(votes: list[int], majority: str | int, argmax: str | int) -> None:
    table = np.array([votes], dtype=np.uint8)
    for rule, wanted in (("majority", majority), ("argmax", argmax)):
        label = labels_of(table, rule)[0]  # type: ignore[arg-type]
        assert (CLASSES[label] if label >= 0 else label) == wanted
    assert table.tolist() == [votes], "the votes themselves stay as they are"


def test_votes_and_images_are_joined_by_row(tmp_path: Path) -> None:
    samples = FerPlus().load(write(tmp_path, {"fer2013new.csv": VOTES, "fer2013.csv": IMAGES}))
    assert samples.ids.tolist() == KEPT
    assert [samples.classes[label] for label in samples.labels] == ["angry", "contempt", "happy", "surprise", "disgust"]
    assert samples.partitions is not None
    assert samples.partitions.tolist() == ["train", "train", "validation", "test", "test"]
    assert [samples.images.read(index)[0, 0] for index in range(5)] == [0, 1, 4, 6, 7]
    assert samples.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")
    assert samples.cropped
    assert samples.notes == (
        "labels by the majority rule: 5 of 8 images; left out: 1 without a majority, 1 unknown, 1 no face",
        "partial copy: train 2 of 25,060, validation 1 of 3,199, test 2 of 3,153",
    )
    copy = pickle.loads(pickle.dumps(samples.images))
    assert len(copy) == 5
    np.testing.assert_array_equal(copy.read(3), samples.images.read(3))


def test_rule_and_classes_are_parameters_and_part_of_the_fingerprint(tmp_path: Path) -> None:
    write(tmp_path, {"fer2013new.csv": VOTES, "fer2013.csv": IMAGES})
    argmax = FerPlus(rule="argmax").load(tmp_path)
    assert argmax.ids.tolist() == ["Training_0", "Training_1", "Training_2", *KEPT[2:]]
    assert argmax.classes[argmax.labels[2]] == "neutral"
    assert argmax.notes[0] == "labels by the argmax rule: 6 of 8 images; left out: 1 unknown, 1 no face"
    seven = FerPlus(contempt=False).load(tmp_path)
    assert seven.ids.tolist() == [name for name in KEPT if name != "Training_1"]
    assert len(seven.classes) == 7
    assert seven.notes[0].endswith("1 no face, 1 contempt")
    assert len({one.fingerprint for one in (argmax, seven, FerPlus().load(tmp_path))}) == 3
    no_tie = VOTES.replace(votes_line(*ROWS[2][:2], "x"), votes_line({"sadness": 10}, "Training", "x"))  # type: ignore[misc]
    write(tmp_path, {"fer2013new.csv": no_tie})
    fingerprints = {FerPlus(rule=rule).load(tmp_path).fingerprint for rule in ("majority", "argmax")}  # type: ignore[arg-type]
    assert len(fingerprints) == 2, "the same labels by another rule are another dataset"


def jpegs(numbers: list[int]) -> dict[str, bytes]:
    names = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    return {
        f"{'train' if usage == 'Training' else 'test'}/{names[label]}/{usage}_{number}.jpg": jpeg(number % 256)
        for number, (_, usage, label) in zip(numbers, ROWS, strict=True)
    }


FORMS: dict[str, Callable[[], dict[str, bytes]]] = {
    "csv": lambda: {"fer2013.csv": IMAGES},
    "odd capitals, deep": lambda: {"a/b/FER2013.CSV": IMAGES, ".DS_Store": b"\0", "a/Thumbs.db": b"junk"},
    "icml": lambda: {"icml_face_data.csv": IMAGES.replace(b",pixels,Usage", b", pixels, Usage", 1)},
    "zip": lambda: {"challenges.zip": packed({"fer2013/fer2013.csv": IMAGES})},
    "JPEG files": lambda: jpegs(list(range(8))),
    "JPEG zip": lambda: {"archive.zip": packed(jpegs(list(range(8))))},
    "JPEG files and what they came in": lambda: {**jpegs(list(range(8))), "a.zip": b"junk", "b.zip": b"junk"},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("zipped", [False, True])
def test_every_form_of_fer2013_beside_the_votes(tmp_path: Path, form: str, zipped: bool) -> None:
    files = {"FERPlus/FER2013new.CSV": VOTES.replace(b"\n", b"\r\n"), **FORMS[form]()}
    if zipped:
        path = tmp_path / "all.zip"
        path.write_bytes(packed(files))
        if form in ("zip", "JPEG zip"):
            assert "holds neither fer2013.csv" in error_of(path)
            return
    else:
        path = write(tmp_path, files)
    samples = FerPlus().load(path)
    assert samples.ids.tolist() == KEPT
    assert [round(float(samples.images.read(index).mean())) for index in range(5)] == [0, 1, 4, 6, 7]


def test_the_table_itself_may_be_named(tmp_path: Path) -> None:
    write(tmp_path, {"fer2013new.csv": VOTES, "fer2013.csv": IMAGES})
    assert len(FerPlus().load(tmp_path / "fer2013new.csv")) == 5


def test_a_jpeg_copy_whose_numbers_are_no_rows_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"fer2013new.csv": VOTES, **jpegs([0, 10118481, 2, 3, 4, 5, 6, 7])})
    what = error_of(tmp_path)
    assert (
        "1 of 8 images are not where their row is, Training_10118481 first (fer2013new.csv has 8 rows of 35,887)"
        in what
    )
    assert "the numbers in the file names of a JPEG copy are usually no rows" in what


def test_a_csv_in_another_order_is_refused(tmp_path: Path) -> None:
    header, *lines = IMAGES.splitlines(keepends=True)
    write(tmp_path, {"fer2013new.csv": VOTES, "fer2013.csv": header + b"".join(reversed(lines))})
    assert "a csv may have been put into another order" in error_of(tmp_path)


def test_images_that_are_shuffled_within_a_part_are_found_out(tmp_path: Path) -> None:
    """Nothing but the labels can tell: the release agrees on two images in three."""
    emotions = [("anger", 0), ("happiness", 3), ("sadness", 4), ("neutral", 6)] * 60
    votes = HEADER + b"".join(votes_line({name: 10}) for name, _ in emotions)
    lines = [image_line(label, 7) for _, label in emotions]
    write(tmp_path, {"fer2013new.csv": votes, "fer2013.csv": b"emotion,pixels,Usage\n" + b"".join(lines)})
    assert len(FerPlus().load(tmp_path)) == 240
    write(tmp_path, {"fer2013.csv": b"emotion,pixels,Usage\n" + b"".join(lines[1:] + lines[:1])})
    assert "agree on 0% of the images, in the true release on 68%" in error_of(tmp_path)


def test_what_is_missing_is_said_with_where_to_get_it(tmp_path: Path) -> None:
    assert "none were given" in error_of(None)
    assert error_of(tmp_path / "nowhere").startswith(f"there is no {tmp_path / 'nowhere'}")
    assert error_of(tmp_path) == f"{tmp_path} holds no fer2013new.csv"
    write(tmp_path, {"fer2013.csv": IMAGES})
    assert error_of(tmp_path) == f"{tmp_path} holds no fer2013new.csv"
    assert "is neither a folder nor a zip" in error_of(tmp_path / "fer2013.csv")
    write(tmp_path, {"fer2013new.csv": VOTES, "old/fer2013new.csv": VOTES})
    assert "more than one fer2013new.csv: " in error_of(tmp_path)
    write(tmp_path / "votes", {"fer2013new.csv": VOTES})
    assert "holds neither fer2013.csv, icml_face_data.csv nor images" in error_of(tmp_path / "votes")
    write(tmp_path / "votes", {"a.zip": b"junk", "b.zip": b"junk"})
    assert "more than one archive: a.zip, b.zip" in error_of(tmp_path / "votes")


def test_no_image_left_is_an_error(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"fer2013new.csv": HEADER + votes_line({"nf": 10}), "fer2013.csv": IMAGES[: IMAGES.index(b"\n6,") + 1]},
    )
    assert error_of(tmp_path).startswith("the majority rule leaves none of the 1 images")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the header lacks usage, neutral"),
        (b"emotion,pixels,Usage\n", "the header lacks neutral, happiness"),
        (HEADER, "has a header but no rows"),
        (HEADER + b"Training,x,1\n", "line 2: 3 columns, not 12"),
        (VOTES.replace(b",10,", b",11,"), "line 6: a vote is '11', not a number from 0 to 10"),
        (VOTES.replace(b"PublicTest", b"Test"), "line 6: Usage is 'Test', not Training"),
        (VOTES[:-9], "line 9: "),
        (HEADER + b"\x1b[2J,x" + b",0" * 10 + b"\n", "line 2: Usage is '"),
        (VOTES + b"Training" * 10_000, "line 10: 1 columns, not 12"),
    ],
)
def test_bad_tables_of_votes(tmp_path: Path, content: bytes, reason: str) -> None:
    write(tmp_path, {"fer2013new.csv": content, "fer2013.csv": IMAGES})
    what = error_of(tmp_path)
    assert reason in what
    assert "fer2013new.csv" in what
    assert all(line.isprintable() for line in what.splitlines())


def test_one_error_names_every_bad_line(tmp_path: Path) -> None:
    write(tmp_path, {"fer2013new.csv": HEADER + b"x\n" * 70, "fer2013.csv": IMAGES})
    what = error_of(tmp_path)
    assert "has 70 problems" in what
    assert "line 51: " in what
    assert "and 20 more" in what


def test_a_table_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferbench_datasets._ferplus_votes.MAX_FILE", 100)
    write(tmp_path, {"fer2013new.csv": VOTES, "fer2013.csv": IMAGES})
    assert "fer2013new.csv is too large" in error_of(tmp_path)
    (tmp_path / "bomb.zip").write_bytes(packed({"fer2013new.csv": bytes(50 << 20), "fer2013.csv": IMAGES}))
    assert "member fer2013new.csv is too large: 52,428,800 bytes" in error_of(tmp_path / "bomb.zip")


PIECES = st.sampled_from([VOTES, IMAGES, HEADER, b"", b"\0", b"Training,,0,0,0,0,0,0,0,0,0,10\n", packed({"x": VOTES})])


@settings(max_examples=60, deadline=None)
@given(
    votes=PIECES | st.binary(max_size=80),
    images=PIECES | st.binary(max_size=80),
    at=st.integers(0, 700),
    cut=st.integers(0, 300),
    put=st.binary(max_size=6) | st.sampled_from([b",", b"\n", b'"', b"\r", b"-1", b"\xff"]),
    zipped=st.booleans(),
)
def test_damaged_and_swapped_files_load_or_are_explained(
    tmp_path_factory: pytest.TempPathFactory, votes: bytes, images: bytes, at: int, cut: int, put: bytes, zipped: bool
) -> None:
    outer = tmp_path_factory.mktemp("damaged")
    root = outer / "in"
    root.mkdir()
    votes = votes[:at] + put + votes[at + cut :]
    files = {"../../fer2013new.csv" if zipped else "fer2013new.csv": votes, "fer2013.csv": images}
    path = write(root, {"all.zip": packed(files)}) / "all.zip" if zipped else write(root, files)
    before = sorted(outer.rglob("*"))
    with suppress(DataError):  # anything else that is raised fails
        samples = FerPlus().load(path)
        assert samples.images.read(len(samples) - 1).shape == (48, 48)
    assert sorted(outer.rglob("*")) == before, "nothing is written"


@pytest.mark.slow
@pytest.mark.skipif(not (SHARED / "ferplus").exists(), reason=f"needs the real FER+ in {SHARED}")
def test_the_real_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real votes and labels; no label depends on the pixels, and test_fer2013_forms reads those."""
    with np.load(SHARED / "fer2013" / "fer2013.npz") as data:
        usages, labels = np.array([USAGES.index(usage) for usage in data["usage"]]), data["lab"].astype(np.int64)
    images = ArrayImages(np.broadcast_to(np.uint8(0), (len(labels), 48, 48)))
    rows = Rows(usages, np.arange(len(labels)), labels, images, "no pixels")
    monkeypatch.setattr("ferbench_datasets.ferplus.read_rows", lambda path: rows)

    def counts(samples: Samples) -> list[int]:
        assert samples.partitions is not None
        return [int((samples.partitions == partition).sum()) for partition in ("train", "validation", "test")]

    samples = FerPlus().load(SHARED / "ferplus")
    assert counts(samples) == [25_060, 3_199, 3_153]
    assert np.bincount(samples.labels).tolist() == [2660, 161, 677, 9045, 3749, 3960, 11012, 148]
    assert samples.notes == (
        "labels by the majority rule: 31,412 of 35,887 images; "
        "left out: 4,200 without a majority, 99 unknown, 176 no face",
    )
    assert counts(FerPlus(rule="argmax").load(SHARED / "ferplus")) == [28_389, 3_553, 3_546]
    assert counts(FerPlus(contempt=False).load(SHARED / "ferplus")) == [25_060 - 119, 3_199 - 13, 3_153 - 16]
    rows.usages[[28_708, 28_709]] = rows.usages[[28_709, 28_708]]
    with pytest.raises(DataError, match=r"2 of 35,887 images are not where their row is, PublicTest_28708 first"):
        FerPlus().load(SHARED / "ferplus")
