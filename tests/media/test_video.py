"""Videos: every frame, in order and upright, or an error that says where it breaks."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ferbench.errors import DataError
from ferbench.media import video
from ferbench.media.video import View, pick, video_pictures

Film = Callable[..., Path]
TURNS = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""Degrees clockwise -> the 2x2 part of an MP4's display matrix."""


def counted(number: int, size: int = 64) -> NDArray[np.uint8]:
    """A picture from which its number can be read back after coding: eight bars, black or white."""
    bars = [255 if number >> bit & 1 else 0 for bit in range(8)]
    return np.repeat(np.repeat(np.array(bars, np.uint8), size // 8)[None, :, None], size, axis=0).repeat(3, axis=2)


def number(picture: NDArray[np.uint8]) -> int:
    side = picture.shape[1] // 8
    return sum(1 << bit for bit in range(8) if picture[:, bit * side + side // 2].mean() > 127)


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory, film: Film) -> Path:
    """100 frames that show their own number."""
    return film(tmp_path_factory.mktemp("numbered") / "video.avi", [counted(index) for index in range(100)])


def error_of(source: Path | bytes) -> str:
    with pytest.raises(DataError) as caught:
        list(video_pictures(io.BytesIO(source) if isinstance(source, bytes) else source, "clip.avi"))
    assert caught.value.what.startswith("clip.avi cannot be read as a video: ")
    return caught.value.what.removeprefix("clip.avi cannot be read as a video: ")


def test_every_frame_comes_in_order(numbered: Path) -> None:
    assert [number(picture) for picture in video_pictures(numbered, "x")] == list(range(100))


@pytest.mark.parametrize("wanted", [[0], [99], [3, 50, 51], range(100), []])
def test_frames_are_picked_exactly_by_index(numbered: Path, wanted: list[int]) -> None:
    found = pick(numbered, "x", wanted)
    assert {index: number(picture) for index, picture in found.items()} == {index: index for index in wanted}


def test_a_frame_after_the_end_is_an_error(numbered: Path) -> None:
    with pytest.raises(DataError, match="no frame 100"):
        pick(numbered, "x", [5, 100])


def test_another_decoder_sees_the_same_pictures(tmp_path: Path, film: Film) -> None:
    ramp = np.add.outer(np.arange(96), np.arange(128)).astype(np.uint8)[:, :, None].repeat(3, axis=2)
    file = film(tmp_path / "ramp.avi", [ramp // 2 + 2 * index for index in range(20)])
    other = cv2.VideoCapture(str(file))
    for ours in video_pictures(file, "x"):
        theirs = other.read()[1][:, :, ::-1]
        assert np.abs(ours.astype(int) - theirs).mean() < 1
    assert not other.read()[0]


@pytest.mark.parametrize("degrees", TURNS)
def test_the_metadata_of_a_rotated_video_is_honoured(tmp_path: Path, film: Film, degrees: int) -> None:
    """OpenCV turns by the same metadata, on its own."""
    upright = np.zeros((64, 96, 3), np.uint8)
    upright[:32, :48] = 255  # the upper left is white
    file = film(tmp_path / "phone.mp4", [np.rot90(upright, degrees // 90)] * 3)
    data = bytearray(file.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = TURNS[degrees]
    data[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    file.write_bytes(data)
    (first, *_) = video_pictures(file, "x")
    assert first.shape == upright.shape
    assert np.abs(first.astype(int) - upright).mean() < 6
    theirs = cv2.VideoCapture(str(file)).read()[1]
    assert np.abs(first.astype(int) - theirs[:, :, ::-1]).mean() < 2


def test_a_view_turns_and_then_takes_a_half() -> None:
    picture = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    assert (View().apply(picture) == picture).all()
    assert (View(half="left").apply(picture) == picture[:, :3]).all()
    assert (View(half="right").apply(picture) == picture[:, 3:]).all()
    turned = np.rot90(picture)  # [6, 4]
    assert (View(90, "right").apply(picture) == turned[:, 2:]).all()
    assert (View(90).apply(picture, turned=-90) == picture).all()
    odd = View(half="right").apply(picture[:, :5])
    assert (odd == picture[:, 3:5]).all()
    assert odd.flags.c_contiguous


def test_broken_videos_say_what_is_wrong(numbered: Path) -> None:
    whole = numbered.read_bytes()
    assert "Invalid data" in error_of(b"")
    assert "Invalid data" in error_of(b"this is no video\n" * 100)
    assert "Invalid data" in error_of(whole[:100] + bytes(len(whole)))
    assert "frame " in error_of(whole[: len(whole) // 2])
    assert "frame " in error_of(whole[: len(whole) // 2] + bytes(4000) + whole[len(whole) // 2 + 4000 :])


def test_a_damaged_frame_is_an_error_though_it_can_be_shown(film: Film, tmp_path: Path) -> None:
    """FFmpeg hides what is missing behind the frame before, and says so."""
    noise = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8), (0, 0), 3)
    whole = film(tmp_path / "moving.avi", [np.roll(noise, 2 * step, axis=1) for step in range(60)]).read_bytes()
    assert error_of(whole[: len(whole) // 2] + bytes(5000) + whole[len(whole) // 2 + 5000 :]).endswith("is damaged")


def test_a_video_cut_between_two_frames_is_noticed(numbered: Path) -> None:
    whole = numbered.read_bytes()
    cut = whole.rindex(b"00dc", 0, whole.index(b"idx1") * 3 // 4)
    assert error_of(whole[:cut]).startswith("it is cut off: ")
    assert "of 100 frames" in error_of(whole[:cut])


def test_a_video_without_frames_is_an_error(numbered: Path) -> None:
    whole = numbered.read_bytes()
    assert error_of(whole[: whole.index(b"00dc")])


def test_absurd_sizes_are_refused_before_memory_is_taken(tmp_path: Path, film: Film) -> None:
    """Of raw video the container alone tells the size."""
    data = bytearray(film(tmp_path / "raw.avi", [counted(0)], "rawvideo").read_bytes())
    at = data.index(b"strf") + 8 + 4
    data[at : at + 8] = struct.pack("<ii", 8_000, 8_000)
    assert error_of(bytes(data)) == "8000x8000 pixels are more than 16,777,216"


def test_more_pixels_than_the_limit_are_refused(numbered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "MAX_PIXELS", 64 * 64 - 1)
    assert error_of(numbered) == "64x64 pixels are more than 4,095"


def test_an_unknown_codec_is_an_error(numbered: Path) -> None:
    assert error_of(numbered.read_bytes().replace(b"FMP4", b"????")) == "there is no decoder for its codec"


def test_endless_videos_are_refused(numbered: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "MAX_FRAMES", 99)
    assert error_of(numbered) == "it has more than 99 frames"


def test_a_playlist_opens_no_other_file(numbered: Path, tmp_path: Path) -> None:
    playlist = tmp_path / "clip.avi"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{numbered}\n#EXT-X-ENDLIST\n")
    assert "Invalid" in error_of(playlist)
    playlist.write_text(f"ffconcat version 1.0\nfile {numbered}\n")
    assert "Invalid" in error_of(playlist)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_video_is_read_or_is_explained(numbered: Path, data: st.DataObject) -> None:
    whole = numbered.read_bytes()
    at = data.draw(st.integers(0, len(whole)) | st.integers(0, 300))
    cut = data.draw(st.integers(0, 2000))
    put = data.draw(st.binary(max_size=16))
    with suppress(DataError):  # anything else that is raised fails
        for picture in video_pictures(io.BytesIO(whole[:at] + put + whole[at + cut :]), "x"):
            assert picture.dtype == np.uint8
