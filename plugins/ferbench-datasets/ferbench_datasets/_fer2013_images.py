"""FER2013 as a tree of JPEG files: ``train/angry/Training_3908.jpg``, ``test/angry/PrivateTest_10131363.jpg``.

The class is the name of the file's folder, the partition is the prefix of the file's name; the folder ``test`` merges
two partitions. Folders above, capitals and files of other kinds do not matter.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable

import numpy as np
from PIL import Image

from ferbench.data import Images
from ferbench.errors import DataError
from ferbench_datasets._archives import Tree, steps
from ferbench_datasets._fer2013_rows import CLASSES, FIX, OFFICIAL, SIZE, USAGES, Rows
from ferbench_datasets._images import TreeImages
from ferbench_datasets._problems import Problems

#: A JPEG of 48x48 pixels has about 2 kB; one of more than this is none.
MAX_FILE = 1 << 20

_NAME = re.compile(r"(training|publictest|privatetest)_([0-9]{1,15})\.(\w+)", re.IGNORECASE | re.ASCII)
_JPEG = ("jpg", "jpeg")
_USAGES = {usage.lower(): index for index, usage in enumerate(USAGES)}
_FOLDERS = {"train": {0}, "test": {1, 2}}


def read_images(tree: Tree, files: Iterable[str], name: str) -> Rows:
    """The rows that the JPEG files of a tree make up; ``name`` stands for the tree in errors.

    Every file is decoded once, to find the broken ones. The number of an image is the one in its file's name.
    Raises ``DataError`` that names every bad file, or says that there is none of FER2013.
    """
    problems = Problems()
    found: dict[tuple[int, int], tuple[str, int]] = {}
    for file in sorted(files):
        try:
            placed = _placed(file)
            if placed is None:
                continue
            usage, number, label = placed
            if (usage, number) in found:
                raise ValueError(f"the same image as {found[usage, number][0]}, by its name")
            found[usage, number] = (file, label)
        except ValueError as error:
            problems.add(file, str(error))
    if not found and not problems.count:
        raise DataError(
            f"{name} holds neither fer2013.csv, icml_face_data.csv nor images such as train/angry/Training_3908.jpg",
            fix=FIX,
        )
    order = sorted(found)
    names = tuple(found[key][0] for key in order)
    images = TreeImages(tree, names, fix=FIX, decoder=decode, limit=MAX_FILE)
    digest = images.check(problems)
    problems.check(name, fix=FIX)
    usages, numbers = np.array(order, dtype=np.int64).T
    labels = np.array([found[key][1] for key in order], dtype=np.int64)
    return Rows(usages, numbers, labels, images, f"jpeg:{digest}", "altered", _notes(usages, numbers))


def decode(data: bytes) -> Images:
    """The pixels of a JPEG as uint8 [48, 48]. Raises ``ValueError`` that says what is wrong with it.

    A size other than 48x48 is refused from the header, before memory is taken for the pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
            if image.size == (SIZE, SIZE) and image.mode in ("L", "RGB"):
                return np.asarray(image.convert("L"))
            size, mode = image.size, image.mode
    except Exception as error:  # decoders raise nearly anything on damaged bytes; the reason goes into the report
        raise ValueError(f"a broken JPEG ({type(error).__name__})") from error
    if size != (SIZE, SIZE):
        raise ValueError(f"{size[0]}x{size[1]} pixels, not {SIZE}x{SIZE}")
    raise ValueError(f"colour mode {mode}, not gray")


def _placed(file: str) -> tuple[int, int, int] | None:
    """Usage, number and label of a file; ``None`` if it is not FER2013's. Raises ``ValueError`` if it is half so."""
    *folders, base = steps(file)
    named = _NAME.fullmatch(base)
    folder = folders[-1].lower() if folders else ""
    if named is None:
        if folder in CLASSES and base.lower().endswith(tuple(f".{suffix}" for suffix in _JPEG)):
            raise ValueError("its name does not say the partition: Training_, PublicTest_ or PrivateTest_ and a number")
        return None
    if named[3].lower() not in _JPEG:
        raise ValueError("not a .jpg")
    if folder not in CLASSES:
        raise ValueError(f"its folder is not a class; the classes are {', '.join(CLASSES)}")
    usage = _USAGES[named[1].lower()]
    above = folders[-2].lower() if len(folders) > 1 else ""
    if usage not in _FOLDERS.get(above, {usage}):
        raise ValueError(f"{USAGES[usage]} in the folder {above}")
    return usage, int(named[2]), CLASSES.index(folder)


def _notes(usages: np.ndarray, numbers: np.ndarray) -> tuple[str, ...]:
    notes = ["read from JPEG files, whose pixels are not exactly those of fer2013.csv: the fingerprint is another"]
    stop = np.cumsum(OFFICIAL.sum(axis=1))
    start = stop - OFFICIAL.sum(axis=1)
    if ((numbers < start[usages]) | (numbers >= stop[usages])).any():
        notes.append(
            "the numbers in the file names are not rows of fer2013.csv (those of the usual Kaggle folder are not): "
            "the sample ids are not those of the csv"
        )
    return tuple(notes)
