"""Image files of a folder, a zip or a tar, decoded when they are read.

Files are taken as hostile (``ferbench.media.decode``), and only the formats that datasets come in are tried.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from ferbench.data import Images
from ferbench.errors import DataError
from ferbench.media import decode as decode_picture
from ferbench_datasets._archives import Tree, read
from ferbench_datasets._problems import Problems

FORMATS = ("BMP", "JPEG", "PNG", "TIFF")
SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff")
#: The largest picture of any FER dataset has some 30 million pixels.
MAX_PIXELS = 1 << 26
MAX_FILE = 64 << 20


def decode(data: bytes, formats: Sequence[str] = FORMATS, max_pixels: int = MAX_PIXELS) -> Images:
    """The pixels of an image file as ``ferbench.media.decode`` gives them. Raises ``ValueError``."""
    return decode_picture(data, formats, max_pixels)


class TreeImages:
    """An ``ImageSource`` of the files ``names`` of a tree. Can be pickled: no open handle travels.

    A zip is opened again in every process; a plain tar is read where its member begins. A compressed tar
    would be unpacked from its start for every image: ``open_images`` (``_release``) refuses it.

    Args:
        tree: where the files are.
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
        and decoding cost: 0.3 ms for a 100x100 JPEG, 0.5 ms for a 256x256 TIFF, 4 ms for a 640x490 PNG.
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
