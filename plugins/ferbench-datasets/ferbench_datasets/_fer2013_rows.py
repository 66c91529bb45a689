"""What every form of FER2013 is read into, and the official facts that it is compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ferbench.data import ImageSource, Labels, Release

SIZE = 48
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
USAGES = ("Training", "PublicTest", "PrivateTest")
PARTITIONS = ("train", "validation", "test")

#: Images of each class (columns, as in ``CLASSES``) in each partition (rows, as in ``PARTITIONS``) of the release.
OFFICIAL = np.array(
    [
        [3995, 436, 4097, 7215, 4830, 3171, 4965],
        [467, 56, 496, 895, 653, 415, 607],
        [491, 55, 528, 879, 594, 416, 626],
    ],
    dtype=np.int64,
)

FIX = (
    "get FER2013 yourself, after accepting the competition's rules, at "
    "https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge "
    "(icml_face_data.csv, or fer2013.csv in fer2013.tar.gz), or as JPEG files at "
    "https://www.kaggle.com/datasets/msambare/fer2013; use is under the terms stated there, and the photographs, found "
    "by web search, remain their owners'. Then pass the file or folder: --data PATH"
)


@dataclass(frozen=True)
class Rows:
    """The N images of a copy, in the official order: by partition, then by number.

    ``usages`` are int64 [N] indices into ``USAGES``, ``numbers`` int64 [N] the row (or the number in the file name),
    ``labels`` int64 [N] indices into ``CLASSES``, ``pixels`` a SHA-256 over the images' content, ``release``
    "altered" if the pixels are not exactly those of fer2013.csv, ``notes`` what the reader noticed.
    """

    usages: NDArray[np.int64]
    numbers: NDArray[np.int64]
    labels: Labels
    images: ImageSource
    pixels: str
    release: Release = "known"
    notes: tuple[str, ...] = ()
