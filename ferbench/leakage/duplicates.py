"""When two crops are the same picture: pixel for pixel, or nearly.

**Exact** duplicates have equal pixels. **Near** duplicates have perceptual hashes (``imagehash.phash``, 64 bits) that
differ in at most ``RADIUS`` bits, and their pixels correlate by at least ``CORRELATION`` once one crop is moved over
the other. One of the two may be mirrored, since nearly every training mirrors its images.

Why these thresholds: of FER2013's 644 million pairs, 2,420 are exact. The others, by the bits in which their hashes
differ (always an even number, as half the bits are set) and by their correlation, moved by up to ``MARGIN`` pixels:

    bits    pairs   below 0.80   0.80-0.86   0.86-0.90   0.90-0.92   above 0.92
       0      209            0           0           4           1          204
       2      604            0           2          13          20          569
       4    1,204           16          17          51         112        1,008
       6    1,543          169          91         118         126        1,039
       8    2,984        1,580         326         195         134          749
      10   12,732       11,038         756         242         122          574
      12   64,782      (five times as many every two bits: unrelated faces)

We looked at about 70 random pairs of each region. The hash alone is too weak: at 6 bits 5 of 60 pairs, at 8 bits about
half of them show different people. The correlation alone would need every pair. Both together separate: up to 8 bits,
1 of 70 pairs between 0.86 and 0.90 and 2 of 70 between 0.90 and 0.92 were different people, from 0.92 on none was. So
0.92 accuses nobody wrongly, and it misses some true copies (other crops, watermarks): the counts are lower bounds.
Aligned faces of different people are more alike than FER2013's; of drawn ones (``synthfaces``), 20 of 352,000 pairs of
different people pass 0.90 and none passes 0.92. At 10 bits most pairs above 0.92 are still true copies, but candidates
grow fourfold for a seventh more of them.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ferbench.data import ImageRows, Images, Indices, batches
from ferbench.support.atomic import replacing

FORMAT = 1
"""Raise when the prints of the same crops change."""
RADIUS = 8
CORRELATION = 0.92
MARGIN = 4
"""Pixels of a 48-pixel crop by which a copy may be moved; other sizes in proportion."""
CROPS_PER_STEP = 1024


@dataclass(frozen=True)
class Prints:
    """What N crops are compared by; 32 bytes each.

    ``contents`` uint64 [N, 2] are equal where the pixels are (BLAKE2b, 128 bits). ``hashes`` uint64 [N, 2] are the
    perceptual hashes of the crop and of its mirror image.
    """

    contents: NDArray[np.uint64]
    hashes: NDArray[np.uint64]


def prints(images: ImageRows, progress: Callable[[int, int], None], cache: Path | None = None) -> Prints:
    """The prints of crops uint8 [N, S, S], kept in the folder ``cache`` that holds nothing but these crops' own files.

    ``progress`` gets (done, total). Raises ``StorageError`` if the cache cannot be written.
    """
    count = len(images)
    file = cache and cache / f"prints-{FORMAT}-{imagehash.__version__}.npy"
    if file and file.exists():
        rows = np.load(file)
    else:
        rows = np.empty((count, 4), np.uint64)
        for part in batches(count, CROPS_PER_STEP):
            for row, image in zip(rows[part], images[part], strict=True):
                row[:2] = np.frombuffer(hashlib.blake2b(image.tobytes(), digest_size=16).digest(), np.uint64)
                row[2:] = _hash(image), _hash(image[:, ::-1])
            progress(part.stop, count)
        if file:
            with replacing(file) as fresh:
                np.save(fresh, rows)
    return Prints(rows[:, :2], rows[:, 2:])


def correlation(images: ImageRows, first: Indices, second: Indices, *, mirrored: bool) -> NDArray[np.float32]:
    """The similarity of crops ``first`` and ``second`` (int64 [P] each): float32 [P] in [-1, 1], the best over moves.

    Brightness and contrast do not matter; a crop of one gray value is similar to none. ``mirrored`` mirrors the second.
    """
    best = np.empty(len(first), np.float32)
    for part in batches(len(first), CROPS_PER_STEP):
        left = images[first[part]]
        right = images[second[part]]
        if mirrored:
            right = np.ascontiguousarray(right[:, :, ::-1])
        values = _unmoved(left, right)
        best[part] = values
        for index in np.flatnonzero(values < CORRELATION):
            moved = max(_moved(left[index], right[index]), _moved(right[index], left[index]))
            best[part.start + index] = max(values[index], moved)
    return best


def _hash(image: Images) -> np.uint64:
    bits = imagehash.phash(Image.fromarray(image)).hash
    return np.uint64(np.packbits(bits).view(np.uint64)[0])


def _unmoved(left: Images, right: Images) -> NDArray[np.float32]:
    """Pearson's correlation of each pair of crops, 0 for flat ones."""
    flat = [side.reshape(len(side), -1).astype(np.float32) for side in (left, right)]
    centred = [side - side.mean(axis=1, keepdims=True) for side in flat]
    norms = np.linalg.norm(centred[0], axis=1) * np.linalg.norm(centred[1], axis=1)
    products = np.einsum("ij,ij->i", *centred)
    return np.asarray(np.divide(products, norms, out=np.zeros_like(products), where=norms > 1), np.float32)


def _moved(left: Images, right: Images) -> float:
    """The best correlation of ``left``'s middle with any place in ``right``, 0 for a flat one."""
    margin = max(1, round(MARGIN * len(left) / 48))
    middle = left[margin:-margin, margin:-margin]
    if middle.min() == middle.max() or right.min() == right.max():
        return 0.0
    return float(np.nan_to_num(cv2.matchTemplate(right, middle, cv2.TM_CCOEFF_NORMED)).clip(-1, 1).max())
