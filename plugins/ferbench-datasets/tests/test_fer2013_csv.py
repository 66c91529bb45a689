"""FER2013's csv: what is read, and what every kind of damage is answered with."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferbench.data import Samples
from ferbench.errors import DataError
from ferbench_datasets._fer2013_csv import MAX_LINE
from ferbench_datasets.fer2013 import Fer2013

HEADER = b"emotion,pixels,Usage\n"
GRAY = b" ".join([b"7"] * 2304)


def line(emotion: object = 3, pixels: bytes = GRAY, usage: bytes = b"Training") -> bytes:
    return str(emotion).encode() + b"," + pixels + b"," + usage + b"\n"


def load(folder: Path, *lines: bytes, header: bytes = HEADER) -> Samples:
    path = folder / "fer2013.csv"
    path.write_bytes(header + b"".join(lines))
    return Fer2013().load(path)


def test_values_end_up_where_they_belong(tmp_path: Path) -> None:
    numbers = np.arange(2304) % 256
    first = line(0, " ".join(map(str, numbers)).encode())
    samples = load(tmp_path, first, line(6, usage=b"PublicTest"), line(5, usage=b"PrivateTest"))
    assert samples.ids.tolist() == ["Training_0", "PublicTest_1", "PrivateTest_2"]
    assert samples.labels.tolist() == [0, 6, 5]
    assert samples.labels.dtype == np.int64
    assert samples.partitions is not None
    assert samples.partitions.tolist() == ["train", "validation", "test"]
    np.testing.assert_array_equal(samples.images.read(0), numbers.reshape(48, 48))
    assert (samples.images.read(2) == 7).all()
    assert samples.notes == ("partial copy: train 1 of 28,709, validation 1 of 3,589, test 1 of 3,589",)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (b"emotion, Usage, pixels\n", b"3,Training," + GRAY + b"\n"),
        (b"\xef\xbb\xbfemotion,pixels,Usage\r\n", b"3," + GRAY + b",Training\r\n"),
        (b'"emotion","pixels","Usage"\n', b'"3","' + GRAY + b'","Training"\n'),
        (b"Unnamed: 0,EMOTION,usage,PIXELS\n", b"0,3,training, " + GRAY + b" \n"),
        (HEADER, b"\n\n3," + GRAY + b",Training"),
    ],
    ids=["icml", "byte order mark and CRLF", "quoted", "one more column", "blank lines and no last newline"],
)
def test_the_ways_to_write_one_row_agree(tmp_path: Path, header: bytes, row: bytes) -> None:
    usual, other = load(tmp_path, line()), load(tmp_path, row, header=header)
    assert other.ids.tolist() == ["Training_0"]
    assert other.fingerprint == usual.fingerprint
    assert other.notes == usual.notes


def test_rows_out_of_order_are_sorted_and_noted(tmp_path: Path) -> None:
    samples = load(tmp_path, line(1, usage=b"PrivateTest"), line(2), line(4, GRAY.replace(b"7", b"9"), b"Training"))
    assert samples.ids.tolist() == ["Training_1", "Training_2", "PrivateTest_0"]
    assert samples.labels.tolist() == [2, 4, 1]
    assert [samples.images.read(index)[0, 0] for index in range(3)] == [7, 9, 7]
    assert "not in the official order" in samples.notes[0]


@pytest.mark.parametrize(
    "changed",
    [line(4), line(usage=b"PublicTest"), line(pixels=GRAY[:-1] + b"8"), line() + line()],
    ids=["label", "partition", "pixel", "one more"],
)
def test_the_fingerprint_covers_label_part_and_pixels(tmp_path: Path, changed: bytes) -> None:
    assert load(tmp_path, changed).fingerprint != load(tmp_path, line()).fingerprint


BAD = {
    "too few pixels": (line(pixels=GRAY[:-2]), "2,303 pixels, not 2,304"),
    "too many pixels": (line(pixels=GRAY + b" 1"), "2,305 pixels, not 2,304"),
    "no pixels": (line(pixels=b""), "0 pixels, not 2,304"),
    "pixel of 256": (line(pixels=GRAY[:-1] + b"256"), "pixel 256 is not an integer in 0..255"),
    "pixel beyond int64": (line(pixels=GRAY[:-1] + b"9" * 40), "is not an integer in 0..255"),
    "negative pixel": (line(pixels=GRAY[:-1] + b"-1"), "pixel '-1' is not an integer in 0..255"),
    "pixel with a fraction": (line(pixels=b"1.5" + GRAY[1:]), "pixel '1.5' is not an integer in 0..255"),
    "pixel in words": (line(pixels=GRAY[:-1] + b"nan"), "pixel 'nan' is not an integer in 0..255"),
    "pixel that is not UTF-8": (line(pixels=GRAY[:-1] + b"\xff"), r"pixel '\xff' is not an integer in 0..255"),
    "zero byte": (line(pixels=GRAY[:-1] + b"\0"), r"pixel '\x00' is not an integer in 0..255"),
    "label of 7": (line(7), "emotion is '7', not a number from 0 to 6"),
    "negative label": (line(-1), "emotion is '-1', not a number from 0 to 6"),
    "label in words": (line("happy"), "emotion is 'happy', not a number from 0 to 6"),
    "no label": (line(""), "emotion is '', not a number from 0 to 6"),
    "unknown usage": (line(usage=b"Test"), "Usage is 'Test', not Training, PublicTest or PrivateTest"),
    "column too few": (b"3," + GRAY + b"\n", "2 columns, not 3"),
    "column too many": (b"3," + GRAY + b",Training,1\n", "4 columns, not 3"),
    "endless line": (b"3," + b"7 " * MAX_LINE + b"\n", "longer than 65,536 bytes"),
    "terminal codes": (line(usage=b"\x1b[2J"), r"Usage is '\x1b[2J', not Training"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_row_is_named_with_its_line(tmp_path: Path, kind: str) -> None:
    bad, reason = BAD[kind]
    with pytest.raises(DataError) as caught:
        load(tmp_path, line(), bad, line())
    assert caught.value.what.splitlines()[0] == f"{tmp_path / 'fer2013.csv'} has 1 problem:"
    assert caught.value.what.splitlines()[1].startswith("  line 3: ")
    assert reason in caught.value.what
    assert "kaggle.com" in caught.value.fix


def test_all_bad_rows_are_in_one_error(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load(tmp_path, *(bad for bad, _ in BAD.values()))
    assert f"has {len(BAD)} problems:" in caught.value.what
    for number, (_, reason) in enumerate(BAD.values(), start=2):
        assert any(
            found.startswith(f"  line {number}: ") and reason in found for found in str(caught.value).split("\n")
        )


def test_very_many_bad_rows_are_counted(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load(tmp_path, *[line(9)] * 60)
    assert "has 60 problems:" in caught.value.what
    assert "line 51:" in caught.value.what
    assert "line 52:" not in caught.value.what
    assert caught.value.what.endswith("and 10 more")


@pytest.mark.parametrize("kept", [1, 4000, 4600, 4612, 4617])
def test_a_file_cut_off_says_so(tmp_path: Path, kept: int) -> None:
    with pytest.raises(DataError, match=r"line 3: .*\(the last line: is the file cut off\?\)"):
        load(tmp_path, line(), line()[:kept])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n" + HEADER, "is empty, or begins with an empty line"),
        (HEADER, "has a header but no rows"),
        (b"emotion,pixels\n" + line(), "line 1: the header lacks usage"),
        (line(), "line 1: the header lacks emotion, pixels, usage"),
        ("emotion,pixels,Usage\n".encode("utf-16"), "the header lacks emotion, pixels, usage"),
        (b"\x89PNG\r\n\x1a\n\0\0", "the header lacks"),
    ],
    ids=["empty", "empty line", "no rows", "missing column", "no header", "UTF-16", "not a csv"],
)
def test_a_file_that_is_no_fer2013_csv(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "fer2013.csv").write_bytes(content)
    with pytest.raises(DataError) as caught:
        Fer2013().load(tmp_path / "fer2013.csv")
    assert reason in caught.value.what
    assert str(tmp_path / "fer2013.csv") in caught.value.what
    assert caught.value.what.isprintable()


def test_a_file_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ferbench_datasets._fer2013_csv.MAX_ROWS", 5)
    assert len(load(tmp_path, *[line()] * 5)) == 5
    with pytest.raises(DataError, match="more than 5 rows"):
        load(tmp_path, *[line()] * 6)


def test_more_rows_than_the_release_are_read_and_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    official = np.zeros((3, 7), dtype=np.int64)
    official[0, 3] = 2
    monkeypatch.setattr("ferbench_datasets._fer2013_csv.OFFICIAL", official)
    monkeypatch.setattr("ferbench_datasets.fer2013.OFFICIAL", official)
    samples = load(tmp_path, *(line(3, GRAY[:-1] + str(row).encode()) for row in range(9)))
    assert [samples.images.read(row)[47, 47] for row in range(9)] == list(range(9))
    assert samples.notes == ("altered copy: train 9 of 2, validation 0 of 0, test 0 of 0",)
    assert load(tmp_path, line(), line()).notes == ()
    assert load(tmp_path, line(), line(2)).notes == (
        "differs from the official counts: train fear 1 of 0, train happy 1 of 2",
    )


def test_the_text_is_streamed(tmp_path: Path) -> None:
    """6,000 rows are 55 MB of text and 14 MB of pixels; memory must grow with the pixels alone."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak memory of a process is read from /proc")
    with (tmp_path / "fer2013.csv").open("wb") as file:
        file.write(HEADER)
        for _ in range(6000):
            file.write(line(pixels=b" ".join([b"201"] * 2304)))
    code = """if True:
        import sys
        from pathlib import Path
        from ferbench_datasets.fer2013 import Fer2013
        def peak():
            return next(int(row.split()[1]) for row in open("/proc/self/status") if row.startswith("VmHWM")) / 1024
        before = peak()
        samples = Fer2013().load(Path(sys.argv[1]))
        print(len(samples), peak() - before)
    """
    run = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "fer2013.csv"], capture_output=True, text=True, check=True
    )
    rows, grown = run.stdout.split()
    assert rows == "6000"
    assert float(grown) < 30, "MB"


def loads_or_explains(path: Path) -> None:
    """Anything but ``Samples`` or a ``DataError`` fails the test that calls this."""
    with suppress(DataError):
        samples = Fer2013().load(path)
        assert len(samples) > 0
        assert samples.images.read(len(samples) - 1).shape == (48, 48)


@given(content=st.binary(max_size=300))
def test_any_bytes_load_or_are_explained(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    loads_or_explains(path)


@given(
    at=st.integers(0, 2 * len(line()) + len(HEADER)),
    cut=st.integers(0, 40) | st.integers(0, 20_000),
    put=st.binary(max_size=12) | st.sampled_from([b",", b"\n", b'"', b" ", b"\r", b"-", b"1e9", b"\xff", line()]),
)
def test_a_damaged_csv_loads_or_is_explained(
    tmp_path_factory: pytest.TempPathFactory, at: int, cut: int, put: bytes
) -> None:
    whole = HEADER + line() + line(1, usage=b"PublicTest")
    path = tmp_path_factory.getbasetemp() / "damaged.csv"
    path.write_bytes(whole[:at] + put + whole[at + cut :])
    loads_or_explains(path)
