"""Image files of a folder, a zip or a tar, decoded when they are read.

Files are taken as hostile: only the named formats are tried; an image whose header asks for too many pixels is refused
before memory is taken for them; one that is cut off is refused, not filled up with gray.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ferbench.data import Images
from ferbench.errors import DataError
from ferbench_datasets._archives import Tree, read
from ferbench_datasets._problems import Problems

FORMATS = ("BMP", "JPEG", "PNG", "TIFF")
SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff")
#: The largest picture of any FER dataset has some 30 million pixels.
MAX_PIXELS = 1 << 26
MAX_SIDE = 1 << 15
MAX_FILE = 64 << 20

_GRAY = ("1", "L", "LA", "La")
_GRAY16 = ("I;16", "I;16L", "I;16B")
_PALETTE = ("P", "PA")
_COLOUR = ("RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")


def decode(data: bytes, formats: tuple[str, ...] = FORMATS, max_pixels: int = MAX_PIXELS) -> Images:
    """The pixels of an image file, upright: uint8 [H, W] if the file is gray, else RGB uint8 [H, W, 3].

    EXIF orientation is applied. 1-bit, 8-bit and gray-and-alpha files and gray palettes are gray; 16-bit gray is scaled
    from 0..65535 to 0..255, whatever the values it has. Other palettes, RGB, RGBA, YCbCr and CMYK become RGB; alpha is
    dropped, as Pillow and OpenCV do. Of several pages or frames the first is taken.

    Raises ``ValueError`` that says what is wrong: a broken or unknown format, a mode without a known range (float,
    32-bit), more than ``max_pixels`` or ``MAX_SIDE``; the size is judged from the header.
    """
    # Threads that decode at once may leave this filter behind them, so it hides Pillow's remarks on metadata alone.
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        try:
            with Image.open(io.BytesIO(data), formats=formats) as image:
                refusal = _refusal(image, max_pixels)
                if refusal is None:
                    return _pixels(image)
        except Image.DecompressionBombError:
            refusal = "too many pixels"
        except UnidentifiedImageError:
            refusal = f"not an image ({', '.join(formats)}), or a broken one"
        except Exception as error:  # decoders raise nearly anything on damaged bytes; the reason goes into the report
            refusal = f"a broken image ({type(error).__name__}: {error})"
    raise ValueError(refusal)


class TreeImages:
    """An ``ImageSource`` of the files ``names`` of a tree. Can be pickled: no open handle travels.

    A zip is opened anew in every process; a plain tar is read at the place where its member lies. A compressed tar
    would be unpacked from its start for every image: ``open_images`` (``_release``) refuses it.

    Args:
        tree: where the files lie.
        names: N names in it, in the order of ``Samples.ids``.
        fix: what every error says about where to get the dataset.
        decoder: file -> uint8 [H, W] or [H, W, 3]; raises ``ValueError``. A function of a module, not a closure.
        limit: bytes of the largest file that is read.
    """

    def __init__(
        self,
        tree: Tree,
        names: Sequence[str],
        *,
        fix: str,
        decoder: Callable[[bytes], Images] = decode,
        limit: int = MAX_FILE,
    ) -> None:
        self._tree = tree
        self._names = tuple(names)
        self._fix = fix
        self._decode = decoder
        self._limit = limit

    def __len__(self) -> int:
        return len(self._names)

    def read(self, index: int) -> Images:
        """Image ``index`` as uint8 [H, W] or [H, W, 3], upright. Raises ``DataError`` naming the file."""
        name = self._names[index]
        data = read(self._tree, name, limit=self._limit, fix=self._fix)
        try:
            return self._decode(data)
        except ValueError as error:
            raise DataError(f"{self._tree.where(name)}: {error}", fix=self._fix) from error

    def check(self, problems: Problems) -> str:
        """Reads and decodes every file once and adds the bad ones to ``problems``.

        Gives a SHA-256 over the files' bytes, in order. For up to some ten thousand images: it costs what reading
        and decoding cost, about 1 ms for a 256x256 TIFF and 8 ms for a 640x490 PNG.
        """
        digest = hashlib.sha256()
        for name in self._names:
            try:
                data = read(self._tree, name, limit=self._limit, fix=self._fix)
                digest.update(hashlib.sha256(data).digest())
                self._decode(data)
            except DataError as error:
                problems.add(name, error.what.removeprefix(self._tree.where(name)).removeprefix(":").strip())
            except ValueError as error:
                problems.add(name, str(error))
        return digest.hexdigest()


def _refusal(image: Image.Image, max_pixels: int) -> str | None:
    """Why an image, of which only the header has been read, is not decoded."""
    width, height = image.size
    if max(width, height) > MAX_SIDE or width * height > max_pixels:
        return f"too many pixels: {width:,}x{height:,}"
    if image.mode not in (*_GRAY, *_GRAY16, *_PALETTE, *_COLOUR) and not _png16(image):
        return f"colour mode {image.mode}, whose range of values is not known"
    return None


def _pixels(image: Image.Image) -> Images:
    wide = image.mode in _GRAY16 or _png16(image)
    mode = image.mode
    turned = ImageOps.exif_transpose(image)
    if wide:
        values = np.asarray(turned).astype(np.int64)
        return ((values * 255 + 32767) // 65535).astype(np.uint8)
    if mode in _GRAY:
        return np.asarray(turned.convert("L"))
    colours = np.asarray(turned.convert("RGB"))
    if mode in _PALETTE and (colours == colours[:, :, :1]).all():
        return np.ascontiguousarray(colours[:, :, 0])
    return colours


def _png16(image: Image.Image) -> bool:
    return image.format == "PNG" and image.mode == "I"  # some versions of Pillow open 16-bit gray so
