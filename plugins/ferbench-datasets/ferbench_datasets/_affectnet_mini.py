"""AffectNet's mini release: ``{train,val}_set/images/<id>.jpg``, its label in ``annotations/<id>_exp.npy``."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Mapping

import numpy as np

from ferbench.errors import DataError
from ferbench_datasets._affectnet_rows import CODES, FIX, LABELS, TEST, TRAIN, Rows
from ferbench_datasets._archives import Tree, printable, read, steps
from ferbench_datasets._labelled import is_image, some
from ferbench_datasets._problems import Problems

SETS = {"train_set": TRAIN, "val_set": TEST}
#: A true annotation has some 130 bytes.
MAX_NPY = 4096
_LABEL = "_exp.npy"
#: Annotations of different bytes that are remembered; a release has a few dozen.
_REMEMBERED = 1000

#: A partition and an id.
Key = tuple[str, str]


def is_mini(files: Mapping[str, int]) -> bool:
    """Whether any of the files is one of the mini release."""
    return any(_placed(file) is not None for file in files)


def read_mini(tree: Tree, files: Mapping[str, int], name: str) -> Rows:
    """The images that have a label, training before validation, by number; ``name`` stands for the tree in errors.

    Raises one ``DataError`` with all problems.

    An image without a label, a label without an image and an empty image are left out and counted in a note.
    """
    rows, problems = Rows("mini"), Problems()
    images, labels = _gather(files, problems)
    read_before: dict[bytes, int] = {}
    for key in sorted(images.keys() & labels.keys(), key=_order):
        try:
            data = read(tree, labels[key], limit=MAX_NPY, fix=FIX)
            code = read_before[data] if data in read_before else decode_code(data)
        except DataError as error:
            problems.add(labels[key], error.what.removeprefix(tree.where(labels[key])).removeprefix(":").strip())
            continue
        except ValueError as error:
            problems.add(labels[key], str(error))
            continue
        if len(read_before) < _REMEMBERED:  # parsing costs more than opening, and nearly all are the same bytes
            read_before[data] = code
        if LABELS[code] < 0:
            rows.dropped[code] += 1
            continue
        rows.ids.append("/".join(key))
        rows.names.append(images[key])
        rows.codes.append(code)
        rows.partitions.append(key[0])
    problems.check(name, fix=FIX)
    if not rows.ids:
        raise DataError(
            f"{name} holds {len(images):,} images and {len(labels):,} labels of AffectNet's mini release, but no image "
            "that is labelled with an expression",
            fix=FIX,
        )
    for what, lone in (
        ("images without annotations/<id>_exp.npy", images.keys() - labels.keys()),
        ("annotations whose image is missing or empty", labels.keys() - images.keys()),
    ):
        if lone:
            rows.notes.append(
                f"left out: {len(lone):,} {what}: {some(['/'.join(key) for key in sorted(lone, key=_order)])}"
            )
    return rows


def decode_code(data: bytes) -> int:
    """AffectNet's code in an npy file that holds one number, or one text that is a number. Never unpickles.

    Raises ``ValueError`` that says what is wrong with it; header and size are judged before memory is taken.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # the header of a file of Python 2 is read, with a warning
            warnings.filterwarnings("ignore", message="Reading `.npy`")
            shape, dtype = _header(data)
            if dtype.hasobject or dtype.itemsize > MAX_NPY or math.prod(shape) != 1:
                raise ValueError(f"an array {printable(str(dtype))[:40]} {str(shape)[:40]}, not one number or text")
            value = np.load(io.BytesIO(data), allow_pickle=False).reshape(()).item()
            number = float(value.decode("ascii") if isinstance(value, bytes) else value)
    except ValueError as error:
        raise ValueError(f"no label: {printable(str(error))[:120]}") from error
    except Exception as error:  # numpy raises nearly anything on hostile headers; the reason goes into the report
        raise ValueError(f"no label: a broken npy file ({type(error).__name__})") from error
    if not number.is_integer() or not 0 <= number < len(CODES):
        raise ValueError(f"the label is {number:g}, not a number from 0 to {len(CODES) - 1}")
    return int(number)


def _header(data: bytes) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    file = io.BytesIO(data)
    version = np.lib.format.read_magic(file)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(f"npy version {version[0]}.{version[1]}")
    shape, _, dtype = readers[version](file)
    return shape, dtype


def _gather(files: Mapping[str, int], problems: Problems) -> tuple[dict[Key, str], dict[Key, str]]:
    """The image and the label of each (partition, id); empty images are passed over."""
    images: dict[Key, str] = {}
    labels: dict[Key, str] = {}
    for file, size in files.items():
        placed = _placed(file)
        if placed is None:
            continue
        key, is_label = placed
        found = labels if is_label else images
        if key in found:
            problems.add(file, f"the same {'label' if is_label else 'image'} as {found[key]}, by its name")
        elif size or is_label:
            found[key] = file
    return images, labels


def _placed(file: str) -> tuple[Key, bool] | None:
    """(partition, id) of an image or of a label, and which it is; ``None`` for all else."""
    *_, side, kind, name = ("", "", *steps(file.lower()))
    partition = SETS.get(side)
    if partition is None or not name.isprintable():
        return None
    if kind == "annotations" and name.endswith(_LABEL):
        return (partition, name.removesuffix(_LABEL)), True
    if kind == "images" and is_image(name):
        return (partition, name.rpartition(".")[0]), False
    return None


def _order(key: Key) -> tuple[bool, int, str]:
    partition, name = key
    return partition != TRAIN, int(name) if name.isascii() and name.isdigit() and len(name) < 16 else -1, name
