"""Image files of a tree: every colour mode upright and in 8 bits, hostile ones refused by name."""

from __future__ import annotations

import io
import pickle
import struct
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ferbench.errors import DataError
from ferbench.media import MAX_SIDE
from ferbench_datasets._archives import TarTree, Tree, open_tree
from ferbench_datasets._images import TreeImages, decode
from ferbench_datasets._problems import Problems

Encode = Callable[..., bytes]
GRAY = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
COLOUR = np.stack([GRAY, GRAY + 10, GRAY + 20], axis=2)


def png(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG whose header says ``width`` and ``height``, whatever follows."""

    def _chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(body)) + _chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
@pytest.mark.parametrize("mode", ["L", "P"])
def test_gray_and_gray_palettes_are_gray(encode: Encode, kind: str, mode: str) -> None:
    np.testing.assert_array_equal(decode(encode(GRAY, kind, mode)), GRAY)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("TIFF", "RGB"), ("TIFF", "RGBA")])
def test_colour_is_rgb_and_alpha_is_dropped(encode: Encode, kind: str, mode: str) -> None:
    np.testing.assert_array_equal(decode(encode(COLOUR, kind, mode)), COLOUR)


def test_a_colour_palette_is_rgb(encode: Encode) -> None:
    flag = np.zeros((4, 6, 3), np.uint8)
    flag[:, :3, 0], flag[:, 3:, 2] = 255, 255
    for kind in ("PNG", "TIFF", "BMP"):
        np.testing.assert_array_equal(decode(encode(flag, kind, "P")), flag)


def test_an_indexed_palette_is_looked_up() -> None:
    """The index is not the gray value: JAFFE's palette TIFFs would come out wrong if it were taken for one."""
    image = Image.fromarray(np.array([[0, 1], [2, 1]], np.uint8), "L").convert("P")
    image.putpalette([200, 200, 200, 7, 7, 7, 90, 90, 90])
    buffer = io.BytesIO()
    image.save(buffer, "TIFF")
    assert decode(buffer.getvalue()).tolist() == [[200, 7], [90, 7]]


def test_cmyk_and_jpeg_are_rgb(encode: Encode) -> None:
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    for data in (encode(flat, "TIFF", "CMYK"), encode(flat, "JPEG", "CMYK", quality=95), encode(flat, "JPEG")):
        image = decode(data)
        assert image.shape == (16, 16, 3)
        assert np.abs(image.astype(int) - flat).max() <= 4


def test_one_bit_is_black_and_white(encode: Encode) -> None:
    for kind in ("PNG", "TIFF"):
        assert decode(encode(np.array([[0, 255], [255, 0]], np.uint8), kind, "1")).tolist() == [[0, 255], [255, 0]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_by_their_range(encode: Encode, kind: str) -> None:
    wide = np.array([[0, 128, 129], [257, 32768, 65535]], np.uint16)
    assert decode(encode(wide, kind)).tolist() == [[0, 0, 1], [1, 128, 255]]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_images_are_upright(encode: Encode, kind: str, orientation: int) -> None:
    """Orientation k says how a viewer must turn what is stored; ``stored`` undoes that turn."""
    upright = np.zeros((16, 24), np.uint8)
    upright[:8, :8] = 255  # a corner, so that all eight differ
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = decode(encode(np.ascontiguousarray(stored), kind, exif=exif))
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).max() <= 8


@pytest.mark.parametrize("kind", ["BMP", "JPEG", "PNG", "TIFF"])
def test_a_file_that_is_cut_off_is_refused(encode: Encode, kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    whole = encode(noise, kind)
    for kept in (0, 1, 30, len(whole) // 2, len(whole) * 9 // 10):
        with pytest.raises(ValueError, match=r"a broken image|not an image"):
            decode(whole[:kept])


@pytest.mark.parametrize(
    ("size", "reason"),
    [((60_000, 1), "60,000x1"), ((8_192, 8_193), "8,192x8,193"), ((30_000, 30_000), "too many pixels")],
)
def test_a_huge_image_is_refused_from_its_header(size: tuple[int, int], reason: str) -> None:
    """Nothing follows these headers, so reading on would say "broken"."""
    with pytest.raises(ValueError, match=r"too many pixels") as caught:
        decode(png(*size))
    assert reason in str(caught.value)
    assert max(size) > MAX_SIDE or size[0] * size[1] > 1 << 26


def test_what_follows_the_header_of_a_bomb_is_not_unpacked(encode: Encode) -> None:
    bomb = png(20_000, 20_000, bytes(20_000 * 1_000))
    assert len(bomb) < 1 << 16
    with pytest.raises(ValueError, match="too many pixels"):
        decode(bomb)


def test_only_the_allowed_formats_are_tried(encode: Encode) -> None:
    for kind in ("GIF", "WEBP", "PPM", "ICO"):
        with pytest.raises(ValueError, match=r"not an image \(BMP, JPEG, PNG, TIFF\)"):
            decode(encode(GRAY, kind))
    with pytest.raises(ValueError, match=r"not an image \(PNG\)"):
        decode(encode(GRAY, "JPEG"), formats=("PNG",))


def test_values_without_a_known_range_are_refused(encode: Encode) -> None:
    for mode in ("I", "F"):
        with pytest.raises(ValueError, match=f"colour mode {mode}, whose range of values is not known"):
            decode(encode(GRAY, "TIFF", mode))


def test_damaged_metadata_is_no_warning(encode: Encode) -> None:
    """Warnings are errors in these tests; Pillow gives one for metadata that is cut off."""
    exif = Image.Exif()
    exif[0x010E] = "a description of some length"
    whole = encode(GRAY, "JPEG", exif=exif)
    at = whole.index(b"Exif\0\0") + 6 + 8
    damaged = whole[:at] + b"\xff\xff" + whole[at + 2 :]
    assert decode(damaged).shape == GRAY.shape


@given(
    kind=st.sampled_from(["BMP", "JPEG", "PNG", "TIFF"]),
    at=st.integers(0, 2_000),
    cut=st.integers(0, 30),
    put=st.binary(max_size=8),
)
def test_a_damaged_image_is_decoded_or_is_explained(encode: Encode, kind: str, at: int, cut: int, put: bytes) -> None:
    whole = encode(np.tile(GRAY, (4, 4)), kind)
    at %= len(whole)
    with suppress(ValueError):  # anything else that is raised fails
        image = decode(whole[:at] + put + whole[at + cut :], max_pixels=1 << 16)
        assert image.dtype == np.uint8
        assert image.ndim in (2, 3)


def _tree(path: Path) -> Tree:
    tree = open_tree(path, fix="get it")
    assert tree is not None
    return tree


@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
def test_images_of_any_tree_can_be_read_and_pickled(
    tmp_path: Path, write: Callable[..., Path], encode: Encode, form: str
) -> None:
    names = [f"{'long-' * 30}{number}/face.png" for number in range(20)]
    tree = _tree(write(tmp_path / "tree", {n: encode(GRAY + i) for i, n in enumerate(names)}, form))
    assert sorted(tree.files()) == sorted(names)
    images = TreeImages(tree, names, fix="get it")
    copy = pickle.loads(pickle.dumps(images))
    for source in (images, copy):
        assert len(source) == 20
        for index in (19, 0, 7):
            np.testing.assert_array_equal(source.read(index), GRAY + index)


def test_a_plain_tar_is_read_where_its_member_lies(
    tmp_path: Path, write: Callable[..., Path], encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{number}.png": encode(GRAY) for number in range(50)}
    tree = _tree(write(tmp_path / "tree.tar", files, "tar"))
    assert isinstance(tree, TarTree)
    assert not tree.packed
    tree.files()
    seen: list[str] = []
    members = TarTree._members

    def counted(self: TarTree, start: int = 0) -> object:
        for member in members(self, start):
            seen.append(member[0])
            yield member

    monkeypatch.setattr(TarTree, "_members", counted)
    TreeImages(tree, list(files), fix="get it").read(40)
    assert seen == ["40.png"]


def test_a_bad_image_is_named_when_it_is_read_and_when_all_are_checked(
    tmp_path: Path, write: Callable[..., Path], encode: Encode
) -> None:
    files = {"good.png": encode(GRAY), "cut.png": encode(GRAY)[:50], "wide.png": png(60_000, 1), "big.png": bytes(999)}
    tree = _tree(write(tmp_path / "tree", files))
    images = TreeImages(tree, list(files), fix="get it", limit=900)
    reasons = ["", "a broken image", "too many pixels: 60,000x1", "too large"]
    for index, (name, reason) in enumerate(zip(files, reasons, strict=True)):
        if reason:
            with pytest.raises(DataError, match=reason) as caught:
                images.read(index)
            assert str(tmp_path / "tree" / name) in caught.value.what
            assert caught.value.fix == "get it"
    problems = Problems()
    images.check(problems)
    with pytest.raises(DataError) as caught:
        problems.check("tree", fix="get it")
    lines = caught.value.what.splitlines()
    assert lines[0] == "tree has 3 problems:"
    for line, name, reason in zip(lines[1:], list(files)[1:], reasons[1:], strict=True):
        assert line.startswith(f"  {name}: ")
        assert reason in line


def test_the_digest_covers_every_byte_and_the_order(tmp_path: Path, write: Callable[..., Path], encode: Encode) -> None:
    tree = _tree(write(tmp_path / "tree", {"a.png": encode(GRAY), "b.png": encode(GRAY + 1), "c.png": encode(GRAY)}))

    def digest(*names: str) -> str:
        return TreeImages(tree, names, fix="").check(Problems())

    assert digest("a.png", "b.png") == digest("c.png", "b.png")
    assert digest("a.png", "b.png") != digest("b.png", "a.png")
    assert len({digest(name) for name in ("a.png", "b.png", "c.png")}) == 2
