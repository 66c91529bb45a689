"""CK+: which sequences have a label, which of their frames are used, and what a damaged copy is answered with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ferbench.data import Samples
from ferbench.errors import DataError
from ferbench_datasets.ckplus import SEQUENCES, CkPlus

Files = dict[str, bytes]
Write = Callable[..., Path]
CODES = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")  # 0 to 7
IMAGES, EMOTIONS = "CK+/cohn-kanade-images", "CK+/Emotion"


def error_of(path: Path, **parameters: object) -> DataError:
    with pytest.raises(DataError) as caught:
        CkPlus(**parameters).load(path)  # type: ignore[arg-type]
    return caught.value


def frames(samples: Samples, clip: str) -> list[str]:
    assert samples.clips is not None
    return [str(name)[-2:] for name in samples.ids[samples.clips == clip]]


def test_the_release_adds_up() -> None:
    assert sum(SEQUENCES.values()) == 327
    assert set(SEQUENCES) | {"neutral"} == set(CODES)


@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
def test_the_last_three_frames_of_labelled_sequences(
    tmp_path: Path, write: Write, ckplus_files: Files, form: str
) -> None:
    samples = CkPlus().load(write(tmp_path / "ckplus", ckplus_files, form))
    assert len(samples) == 4 * 7 * 3
    assert samples.classes == ("angry", "disgust", "fear", "happy", "sad", "surprise", "contempt")
    assert frames(samples, "S010_002") == ["03", "04", "05"]
    assert frames(samples, "S010_001") == []
    assert samples.subjects is not None
    assert samples.clips is not None
    assert sorted(set(samples.subjects)) == ["S010", "S011", "S012", "S013"]
    for row, clip in enumerate(samples.clips.tolist()):
        assert samples.classes[samples.labels[row]] == CODES[int(clip[-3:]) - 1]
    assert not samples.cropped
    assert samples.notes == (
        "partial copy: 28 of 327 labelled sequences",
        "4 sequences have no emotion file and are not used",
    )


def test_the_number_of_frames_the_neutral_class_and_contempt(
    tmp_path: Path, write: Write, ckplus_files: Files, face: Callable[..., np.ndarray]
) -> None:
    path = write(tmp_path / "ckplus.zip", ckplus_files, "zip")
    peak = CkPlus(last_frames=1).load(path)
    assert frames(peak, "S010_002") == ["05"]
    with_neutral = CkPlus(last_frames=2, neutral=True).load(path)
    assert with_neutral.classes == (*peak.classes[:6], "neutral", "contempt")
    assert frames(with_neutral, "S010_002") == ["01", "04", "05"]
    names = [with_neutral.classes[label] for label in with_neutral.labels[:3]]
    assert names == ["neutral", "angry", "angry"]
    np.testing.assert_array_equal(with_neutral.images.read(0), face(0, 6, 64))
    six = CkPlus(contempt=False).load(path)
    assert six.classes == peak.classes[:6]
    assert len(six) == 4 * 6 * 3
    assert six.notes[0] == "partial copy: 24 of 309 labelled sequences"
    assert len({one.fingerprint for one in (peak, with_neutral, six, CkPlus().load(path))}) == 4


def test_roots_may_lie_apart_and_capitals_do_not_matter(tmp_path: Path, write: Write, ckplus_files: Files) -> None:
    usual = CkPlus().load(write(tmp_path / "usual", ckplus_files))
    odd = {
        name.replace(IMAGES, "one/images").replace(EMOTIONS, "two/deep/Emotion_labels").upper(): data
        for name, data in ckplus_files.items()
    }
    stray = {"CK+48/anger/S010_002_00000005.png": b"", "one/S010_002_00000005.png": b"", "one/Landmarks.txt": b""}
    samples = CkPlus().load(write(tmp_path / "odd", {**odd, **stray}))
    assert samples.fingerprint == usual.fingerprint
    assert samples.notes == usual.notes


def test_sequences_that_seem_to_lack_frames_are_noted(tmp_path: Path, write: Write, ckplus_files: Files) -> None:
    gone = {f"{IMAGES}/S010/002/S010_002_00000005.png", f"{IMAGES}/S011/003/S011_003_00000004.png"}
    samples = CkPlus().load(write(tmp_path / "ckplus", {n: d for n, d in ckplus_files.items() if n not in gone}))
    assert frames(samples, "S010_002") == ["02", "03", "04"]
    assert samples.notes[-1].startswith("2 sequences seem to lack frames")
    assert samples.notes[-1].endswith("S010_002, S011_003")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "'' is not a number"),
        (b"anger", "'anger' is not a number"),
        (b"\xff\xfe3", "is not a number"),
        (b"3.5", "the emotion is 3.5, not a whole number from 1 to 7"),
        (b"0.0", "the emotion is 0.0"),
        (b"8", "the emotion is 8"),
        (b"nan", "the emotion is nan"),
        (b"inf", "the emotion is inf"),
        (b" " * 5000 + b"3", "too large"),
    ],
)
def test_an_emotion_file_that_says_nothing_is_named(
    tmp_path: Path, write: Write, ckplus_files: Files, text: bytes, reason: str
) -> None:
    name = f"{EMOTIONS}/S010/002/S010_002_00000005_emotion.txt"
    what = error_of(write(tmp_path / "ckplus", {**ckplus_files, name: text})).what
    assert what.splitlines()[0].endswith("has 1 problem:")
    assert what.splitlines()[1].startswith(f"  {name}: ")
    assert reason in what


def test_all_that_is_wrong_is_in_one_error(tmp_path: Path, write: Write, ckplus_files: Files) -> None:
    files = {name: data for name, data in ckplus_files.items() if "images/S012/002/" not in name}
    frame = f"{IMAGES}/S010/002/S010_002_00000005.png"
    bad = {
        frame: (files[frame][:99], "broken"),
        "copy/S010/003/S010_003_00000001.png": (b"", "a second one next to "),
        "copy/S010/004/S010_004_00000009_emotion.txt": (b"3", "a second one next to "),
        f"{IMAGES}/S010/005/S010_006_00000001.png": (b"", "is in the folder of S010_005"),
    }
    error = error_of(write(tmp_path / "ckplus", {**files, **{name: data for name, (data, _) in bad.items()}}))
    lines = error.what.splitlines()
    assert lines[0] == f"{tmp_path / 'ckplus'} has {len(bad) + 1} problems:"
    assert "  S012_002: has 0 frames, fewer than last_frames=3 take" in lines
    for name, (_, reason) in bad.items():
        assert any(reason in line for line in lines if name in line)
    assert "jeffcohn.net" in error.fix
    assert "by signed agreement" in error.fix


def test_more_frames_than_a_sequence_has_are_refused(tmp_path: Path, write: Write, ckplus_files: Files) -> None:
    path = write(tmp_path / "ckplus.zip", ckplus_files, "zip")
    assert len(CkPlus(last_frames=4, neutral=True).load(path)) == 4 * 7 * 5
    error = error_of(path, last_frames=5, neutral=True)
    assert "S013_008: has 5 frames, fewer than last_frames=5 and neutral take" in error.what
    assert error.fix.startswith("set a smaller last_frames; or")


def test_half_of_the_release_is_explained(tmp_path: Path, write: Write, ckplus_files: Files, ck48_files: Files) -> None:
    images = {name: data for name, data in ckplus_files.items() if name.endswith(".png")}
    emotions = {name: data for name, data in ckplus_files.items() if name.endswith(".txt")}
    error = error_of(write(tmp_path / "images", {**images, "Emotion_labels.zip": b""}))
    assert "holds no Emotion/S005/001/S005_001_00000011_emotion.txt" in error.what
    assert error.fix.startswith("unpack Emotion_labels.zip first; or ")
    error = error_of(write(tmp_path / "emotions", emotions))
    assert "holds no cohn-kanade-images/S005/001/S005_001_00000011.png" in error.what
    assert "is not CK+" in error_of(write(tmp_path / "ck48", ck48_files)).what
