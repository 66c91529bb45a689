"""Picture files as people have them: which are meant, and their pixels upright, in 8 bits and RGB."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ferbench.errors import DataError
from ferbench.media.pictures import expand, read_picture, write_picture

COLOUR = np.zeros((20, 30, 3), np.uint8)
COLOUR[:, :15], COLOUR[:, 15:] = (200, 40, 90), (20, 130, 240)


def save(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def near(found: Any, wanted: Any, off: int = 0) -> None:
    assert found.dtype == np.uint8
    assert found.shape == wanted.shape
    assert np.abs(found.astype(int) - wanted).max() <= off


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".webp", ".gif"])
def test_every_format_is_rgb(tmp_path: Path, suffix: str) -> None:
    options = {"lossless": True} if suffix == ".webp" else {}
    near(read_picture(save(tmp_path / f"a{suffix}", Image.fromarray(COLOUR), **options)), COLOUR)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "CMYK", "I;16"])
def test_every_mode_is_rgb(tmp_path: Path, mode: str) -> None:
    if mode == "I;16":
        path = save(tmp_path / "a.png", Image.fromarray(np.full((20, 30), 257 * 77, np.uint16)))
        return near(read_picture(path), np.full((20, 30, 3), 77))
    image = Image.fromarray(COLOUR).convert(mode)
    path = save(tmp_path / ("a.tif" if mode == "CMYK" else "a.png"), image)
    near(read_picture(path), np.asarray(image.convert("L" if mode == "LA" else mode).convert("RGB")))


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    alpha = np.zeros((20, 30), np.uint8)
    alpha[:, :15] = 255
    wanted = COLOUR.copy()
    wanted[:, 15:] = 255
    rgba = Image.fromarray(np.dstack([COLOUR, alpha]))
    near(read_picture(save(tmp_path / "a.png", rgba)), wanted)
    palette = Image.fromarray(COLOUR).quantize(4)
    clear = int(np.asarray(palette)[0, 20])
    near(read_picture(save(tmp_path / "p.png", palette, transparency=clear)), wanted)


def test_a_turned_photo_is_upright_and_of_an_animation_the_first_frame_counts(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = save(tmp_path / "a.jpg", Image.fromarray(np.ascontiguousarray(np.rot90(COLOUR))), exif=exif, quality=95)
    assert read_picture(path).shape == COLOUR.shape
    assert np.abs(read_picture(path)[:, :12].astype(int) - COLOUR[:, :12]).max() < 12
    frames = [Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)]
    near(read_picture(save(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])), COLOUR)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)).save(whole, "JPEG")
    for name, content, reason in (
        ("text.jpg", b"no picture", "not an image"),
        ("cut.jpg", whole.getvalue()[:2000], "a broken image"),
        ("empty.png", b"", "not an image"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=rf"{name}: {reason}"):
            read_picture(tmp_path / name)
    with pytest.raises(DataError, match=r"nowhere\.png: there is no such file"):
        read_picture(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(DataError, match="no such file"):  # and it does not wait for one who writes
        read_picture(tmp_path / "pipe.png")


def test_a_bomb_is_refused_from_its_header(tmp_path: Path) -> None:
    save(tmp_path / "bomb.png", Image.new("1", (20_000, 20_000)))
    with pytest.raises(DataError, match=r"bomb\.png: too many pixels"):
        read_picture(tmp_path / "bomb.png")


def test_folders_files_and_patterns_are_expanded(tmp_path: Path) -> None:
    for name in ("b.png", "a.JPG", "notes.txt", "sub/c.webp", ".hidden/d.png", "sub/._e.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "empty").mkdir()
    found, errors = expand([tmp_path])
    assert [str(path.relative_to(tmp_path)) for path in found] == ["a.JPG", "b.png", "sub/c.webp"]
    assert errors == []
    found, errors = expand(
        [tmp_path / "sub" / "*.webp", tmp_path / "notes.txt", tmp_path / "b.png", tmp_path / "?.png"]
    )
    assert [path.name for path in found] == ["c.webp", "notes.txt", "b.png"]
    assert errors == []
    found, errors = expand([tmp_path / "empty", tmp_path / "b.png", tmp_path / "gone.png", tmp_path / "*.tif"])
    assert [path.name for path in found] == ["b.png"]
    assert [error.what.split(str(tmp_path))[0] for error in errors] == [
        "there is no file in folder ",
        "there is no file or folder ",
        "there is no file or folder ",
    ]


def test_a_picture_is_written_in_the_format_of_its_name(tmp_path: Path) -> None:
    write_picture(tmp_path / "new" / "a.png", COLOUR)
    near(read_picture(tmp_path / "new" / "a.png"), COLOUR)
    with pytest.raises(DataError, match="does not end with a picture format"):
        write_picture(tmp_path / "a.txt", COLOUR)
