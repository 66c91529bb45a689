"""WIDER FACE's annotation files: MATLAB 5 files with nested cells, one cell an event, in it one an image.

They are taken as hostile: how much they unpack to is measured before they are read, only the variables named here are
read, and whatever does not look as it should is a problem with its place.
"""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.io import loadmat

from ferbench.errors import DataError
from ferbench_datasets._archives import Tree, read
from ferbench_datasets._problems import Problems

MOST_PACKED, MOST_UNPACKED = 16 << 20, 256 << 20
"""Bytes of a file as it lies, and unpacked: the official ones have 0.4 and 15 million."""
_COMPRESSED = 15


@dataclass(frozen=True)
class Annotations:
    """N images: their ``names`` ("event/name"), all their ``boxes`` float32 [F, 4] as left, top, right, bottom, and for
    each subset which of them count, bool [F]."""

    names: tuple[str, ...]
    boxes: tuple[NDArray[np.float32], ...]
    subsets: dict[str, tuple[NDArray[np.bool_], ...]] = field(default_factory=dict)


def read_faces(tree: Tree, file: str, problems: Problems, *, fix: str) -> Annotations | None:
    """The images and their boxes from ``wider_face_val.mat``; ``None``, and a problem, if it cannot be read."""
    found = _load(tree, file, ("event_list", "file_list", "face_bbx_list"), problems, fix)
    if found is None:
        return None
    try:
        events = [_text(cell) for cell in _cells(found["event_list"])]
        names, boxes = [], []
        for event, files, faces in zip(
            events, *(_cells(found[key]) for key in ("file_list", "face_bbx_list")), strict=True
        ):
            for name, box in zip(_cells(files), _cells(faces), strict=True):
                names.append(f"{event}/{_text(name)}")
                boxes.append(_boxes(box))
        if not names or len(set(names)) < len(names):
            raise ValueError("it names no image, or one of them twice")
    except ValueError as error:
        problems.add(file, f"not the annotations of WIDER FACE: {error}")
        return None
    return Annotations(tuple(names), tuple(boxes))


def read_subset(
    tree: Tree, file: str, whole: Annotations, problems: Problems, *, fix: str
) -> tuple[NDArray[np.bool_], ...] | None:
    """Which faces of ``whole`` count, from such a file as ``wider_easy_val.mat``; ``None``, and a problem, if not."""
    found = _load(tree, file, ("event_list", "file_list", "gt_list"), problems, fix)
    if found is None:
        return None
    try:
        events = [_text(cell) for cell in _cells(found["event_list"])]
        names, rows = [], []
        for event, files, chosen in zip(events, *(_cells(found[key]) for key in ("file_list", "gt_list")), strict=True):
            names += [f"{event}/{_text(cell)}" for cell in _cells(files)]
            rows += _cells(chosen)
        if tuple(names) != whole.names or len(rows) != len(names):
            raise ValueError("its images are not those of wider_face_val.mat, in the same order")
        return tuple(_counted(cell, len(boxes)) for cell, boxes in zip(rows, whole.boxes, strict=True))
    except ValueError as error:
        problems.add(file, f"not a subset of WIDER FACE's faces: {error}")
        return None


def _load(tree: Tree, file: str, names: tuple[str, ...], problems: Problems, fix: str) -> dict[str, Any] | None:
    try:
        data = read(tree, file, limit=MOST_PACKED, fix=fix)
    except DataError as error:
        problems.add(file, error.what.removeprefix(tree.where(file)).removeprefix(":").strip())
        return None
    reason = _refusal(data)
    if reason is None:
        try:
            found: dict[str, Any] = loadmat(io.BytesIO(data), variable_names=names)  # type: ignore[arg-type]  # takes files
        except Exception as error:  # the reader raises nearly anything on damaged bytes; the reason is reported
            reason = f"a broken MATLAB file ({type(error).__name__}: {error})"
        else:
            missing = [name for name in names if name not in found]
            if not missing:
                return found
            reason = f"has no variable {', '.join(missing)}"
    problems.add(file, reason)
    return None


def _refusal(data: bytes) -> str | None:
    """Why a file is not read: it is no MATLAB 5 file, or it would unpack to too much."""
    if not data.startswith(b"MATLAB 5.0") or data[126:128] != b"IM":
        return "not a MATLAB 5 file, as the evaluation kit's are"
    place, total = 128, 0
    while place + 8 <= len(data):
        kind, size = struct.unpack_from("<II", data, place)
        if kind == _COMPRESSED:
            unpacker = zlib.decompressobj()
            rest = data[place + 8 : place + 8 + size]
            while rest and total <= MOST_UNPACKED:
                try:
                    total += len(unpacker.decompress(rest, 1 << 20))
                except zlib.error as error:
                    return f"a broken MATLAB file ({error})"
                rest = unpacker.unconsumed_tail
        total += 0 if kind == _COMPRESSED else size
        place += 8 + size
    return None if total <= MOST_UNPACKED else f"unpacks to more than {MOST_UNPACKED:,} bytes"


def _cells(value: Any) -> list[Any]:
    """The cells of a column [N, 1]; an empty one may have any shape."""
    if not isinstance(value, np.ndarray) or value.dtype != np.object_ or (value.size and value.shape[1:] != (1,)):
        raise ValueError("something other than a column of cells")
    return list(value.ravel())


def _text(cell: Any) -> str:
    """A cell's text, fit for the name of a file or folder: a cell within the cell is undone."""
    while isinstance(cell, np.ndarray) and cell.size == 1:
        cell = cell.ravel()[0]
    if not isinstance(cell, str) or not cell.isprintable() or "/" in cell or "\\" in cell:
        raise ValueError("a name that is none")
    return cell


def _boxes(cell: Any) -> NDArray[np.float32]:
    """left, top, width, height [F, 4] as left, top, right, bottom; the release has a few of no or negative size."""
    if not isinstance(cell, np.ndarray) or cell.dtype.kind not in "iuf" or (cell.size and cell.shape[1:] != (4,)):
        raise ValueError("boxes that are not [F, 4] numbers")
    boxes = cell.reshape(-1, 4).astype(np.float64)
    if not np.isfinite(boxes).all() or (np.abs(boxes) > 1 << 20).any():
        raise ValueError("boxes beyond any picture")
    return np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]).astype(np.float32)


def _counted(cell: Any, faces: int) -> NDArray[np.bool_]:
    """Rows of the faces that count, from 1 [K, 1], as bool [F]."""
    if not isinstance(cell, np.ndarray) or cell.dtype.kind not in "iuf":
        raise ValueError("rows that are not numbers")
    rows = cell.ravel().astype(np.int64)
    if len(rows) and (rows.min() < 1 or rows.max() > faces or len(np.unique(rows)) < len(rows)):
        raise ValueError(f"rows that are not those of {faces:,} faces")
    counted = np.zeros(faces, np.bool_)
    counted[rows - 1] = True
    return counted
