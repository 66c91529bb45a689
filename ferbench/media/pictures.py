"""Pictures as people have them: which files are meant, and their pixels, upright, in 8 bits and RGB.

Files are taken as hostile: only the named formats are tried; a picture whose header asks for too many pixels is refused
before memory is taken for them; one that is cut off is refused, not filled up with gray.
"""

from __future__ import annotations

import glob
import io
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ferbench.data import Images
from ferbench.errors import DataError
from ferbench.media.images import as_rgb
from ferbench.support.atomic import replacing

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
MAX_PIXELS = 1 << 27
"""The largest sensors of phones have 200 million pixels, but their pictures have 50 million unless set otherwise."""
MAX_SIDE = 1 << 15
MAX_FILE = 512 << 20
"""Bytes of the largest file that is read."""

_GRAY = ("1", "L", "LA")
_GRAY16 = ("I;16", "I;16L", "I;16B")
_PALETTE = ("P", "PA")
_COLOUR = ("RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")


def expand(given: Sequence[Path], suffixes: Sequence[str] = SUFFIXES) -> tuple[list[Path], list[DataError]]:
    """The files that ``given`` means, each once, and an error for each of ``given`` that means none.

    A folder means the files below it whose names end in one of ``suffixes`` (lower case), sorted, but no hidden ones; a
    file means itself, whatever its name; what is neither is a pattern (``*``, ``?``, ``[ab]``, ``**``), for shells that
    leave it to the program. The order of ``given`` stays.
    """
    files: dict[Path, None] = {}
    errors = []
    for path in given:
        matches = _files_of(path, suffixes)
        files |= dict.fromkeys(matches)
        if not matches and path.is_dir():
            kinds = ", ".join(suffix.removeprefix(".") for suffix in suffixes)
            errors.append(DataError(f"there is no file in folder {path} ({kinds})", fix="check the path"))
        elif not matches:
            errors.append(DataError(f"there is no file or folder {path}", fix="check the path"))
    return list(files), errors


def read_picture(path: Path) -> Images:
    """The picture in the file ``path``, uint8 [H, W, 3], RGB and upright; see ``decode``.

    Raises ``DataError`` that names the file and says what is wrong with it.
    """
    fix = "check the file, or leave it out"
    try:
        if not path.is_file():
            raise DataError(f"{path}: there is no such file", fix="check the path")
        if path.stat().st_size > MAX_FILE:
            raise DataError(f"{path}: the file is too large: {path.stat().st_size:,} bytes", fix=fix)
        image = decode(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: it cannot be read: {error.strerror or error}", fix="check its permissions") from error
    except ValueError as error:
        raise DataError(f"{path}: {error}", fix=fix) from error
    return as_rgb(image)


def write_picture(path: Path, image: Images) -> None:
    """Writes RGB uint8 [H, W, 3] atomically, in the format that the name ends with.

    Raises ``DataError`` if the name has no such ending, ``StorageError`` if it cannot be written.
    """
    formats = {suffix: kind for suffix, kind in Image.registered_extensions().items() if suffix in SUFFIXES}
    suffix = path.suffix.lower()
    if suffix not in formats:
        fix = f"end it with {', '.join(sorted(formats))}"
        raise DataError(f"{path}: the name does not end with a picture format", fix=fix)
    with replacing(path) as fresh:
        Image.fromarray(image).save(fresh, formats[suffix])


def decode(data: bytes, formats: Sequence[str] = FORMATS, max_pixels: int = MAX_PIXELS) -> Images:
    """The pixels of an image file, upright: uint8 [H, W] if the file is gray, else RGB uint8 [H, W, 3].

    EXIF orientation is applied. 1-bit, 8-bit and gray-and-alpha files and gray palettes are gray; 16-bit gray is scaled
    from 0..65535 to 0..255, whatever the values it has. Other palettes, RGB, RGBA, YCbCr and CMYK become RGB. What is
    transparent is laid on white, as a viewer shows it: the colour under it is whatever a program happened to leave
    there. Of several pages or frames the first is taken.

    Raises ``ValueError`` that says what is wrong: a broken or unknown format, a mode without a known range (float,
    32-bit), more than ``max_pixels`` or ``MAX_SIDE``; the size is judged from the header.
    """
    # Threads that decode at the same time may leave this filter in place: it hides only Pillow's remarks on metadata.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        try:
            with Image.open(io.BytesIO(data), formats=list(formats)) as image:
                refusal = _refusal(image, max_pixels)
                if refusal is None:
                    return _pixels(image)
        except Image.DecompressionBombError:
            refusal = "too many pixels"
        except UnidentifiedImageError:
            refusal = f"not an image ({', '.join(formats)}), or a broken one"
        except Exception as error:  # decoders raise nearly anything on damaged bytes; the reason is reported
            refusal = f"a broken image ({type(error).__name__}: {error})"
    raise ValueError(refusal)


def _files_of(given: Path, suffixes: Sequence[str]) -> list[Path]:
    """The files that one argument of a command line means, sorted."""
    if given.is_dir():
        return sorted(
            file
            for file in given.rglob("*")
            if file.suffix.lower() in suffixes
            and not any(name.startswith(".") for name in file.relative_to(given).parts)
            and file.is_file()
        )
    if given.exists():
        return [given]
    matches = glob.glob(str(given), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    return sorted(file for file in map(Path, matches) if file.is_file())


def _refusal(image: Image.Image, max_pixels: int) -> str | None:
    """Why an image, of which only the header has been read, is not decoded."""
    width, height = image.size
    if max(width, height) > MAX_SIDE or width * height > max_pixels:
        return f"too many pixels: {width:,}x{height:,}"
    if image.mode not in (*_GRAY, *_GRAY16, *_PALETTE, *_COLOUR) and not _png16(image):
        return f"colour mode {image.mode}, whose range of values is not known"
    return None


def _pixels(image: Image.Image) -> Images:
    mode = image.mode
    is_16_bit = mode in _GRAY16 or _png16(image)
    upright = ImageOps.exif_transpose(image)
    if is_16_bit:
        values = np.asarray(upright).astype(np.int64)
        return ((values * 255 + 32767) // 65535).astype(np.uint8)
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    if mode in _GRAY:
        return np.asarray(upright.convert("L"))
    colours = np.asarray(upright.convert("RGB"))
    if mode in _PALETTE and (colours == colours[:, :, :1]).all():
        return np.ascontiguousarray(colours[:, :, 0])
    return colours


def _png16(image: Image.Image) -> bool:
    return image.format == "PNG" and image.mode == "I"  # some versions of Pillow open 16-bit gray so
