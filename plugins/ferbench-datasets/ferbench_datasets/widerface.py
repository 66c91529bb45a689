"""WIDER FACE (Yang et al. 2016), its validation partition: 3,226 photographs with 39,708 faces, in three subsets."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Scenes
from ferbench_datasets._archives import Tree, steps
from ferbench_datasets._images import TreeImages
from ferbench_datasets._labelled import some
from ferbench_datasets._problems import Problems
from ferbench_datasets._release import absent, open_images, sizes
from ferbench_datasets._sources import WIDERFACE
from ferbench_datasets._wider_mat import Annotations, read_faces, read_subset

SUBSETS = ("easy", "medium", "hard")
FACES, SUBSET = "wider_face_val.mat", "wider_{}_val.mat"
RELEASE = {"images": 3226, "faces": 39708, "easy": 7211, "medium": 13319, "hard": 31958}
"""What the official annotation files hold."""


class WiderFace:
    """WIDER FACE's validation partition, from a folder, a zip or a plain tar that holds, at any depth,

    - the photographs of ``WIDER_val.zip``, unpacked: ``WIDER_val/images/0--Parade/0_Parade_marchingband_1_465.jpg``;
    - the ground truth of the evaluation kit (``eval_tools.zip``, unpacked): ``wider_face_val.mat``, and the faces that
      count as easy, medium and hard in ``wider_easy_val.mat``, ``wider_medium_val.mat`` and ``wider_hard_val.mat``.

    Ids are ``event/name`` in the annotations' order. A box is the annotated one, left and top plus width and height.
    The subsets are nested; a face in none of them (too small, hidden, marked invalid) is neither to be found nor a
    false alarm. Not every photograph need be there: a partial copy is noted. The fingerprint covers the ids, boxes,
    subsets and the sizes of the photographs' files.
    """

    needs_data: ClassVar[bool] = True

    def load(self, data: Path | None) -> Scenes:
        """The annotated photographs in ``data``; each is decoded when it is read.

        Raises one ``DataError`` that names every missing or broken file, and where to request it.
        """
        tree, files = open_images(data, WIDERFACE)
        problems = Problems()
        found = _annotations(tree, files, problems)
        places = {"/".join(steps(file)[-2:]): file for file in files if file.lower().endswith(".jpg")}
        if found is not None and not any(f"{name}.jpg" in places for name in found.names):
            problems.add(f"WIDER_val/images/{found.names[0]}.jpg", "missing, and so is every other photograph")
        if problems.count == 1 + len(SUBSETS) and not any(_named(files, name) for name in _names()):
            raise absent(data, WIDERFACE, files, f"no {FACES} of the evaluation kit (eval_tools.zip)")
        problems.check(data, fix=WIDERFACE.fix)
        assert found is not None  # otherwise there was a problem
        return _scenes(tree, files, places, found)


def _names() -> list[str]:
    return [FACES, *(SUBSET.format(name) for name in SUBSETS)]


def _named(files: dict[str, int], name: str) -> str | None:
    return next((file for file in sorted(files) if steps(file)[-1].lower() == name), None)


def _annotations(tree: Tree, files: dict[str, int], problems: Problems) -> Annotations | None:
    """What the four files say; ``None`` if the first is missing or broken."""
    there = {name: _named(files, name) for name in _names()}
    for name, file in there.items():
        if file is None:
            problems.add(name, "missing; it is in the evaluation kit, eval_tools.zip")
    if not (named := there[FACES]):
        return None
    whole = read_faces(tree, named, problems, fix=WIDERFACE.fix)
    if whole is None:
        return None
    for name in SUBSETS:
        if file := there[SUBSET.format(name)]:
            counted = read_subset(tree, file, whole, problems, fix=WIDERFACE.fix)
            if counted is not None:
                whole.subsets[name] = counted
    return whole


def _scenes(tree: Tree, files: dict[str, int], places: dict[str, str], found: Annotations) -> Scenes:
    rows = [row for row, name in enumerate(found.names) if f"{name}.jpg" in places]
    names = [places[f"{found.names[row]}.jpg"] for row in rows]
    ids = np.array([found.names[row] for row in rows])
    boxes = tuple(found.boxes[row] for row in rows)
    subsets = {name: tuple(counted[row] for row in rows) for name, counted in found.subsets.items()}
    content = [b"wider-face 1", "\n".join(ids.tolist()).encode(), sizes(files, names).encode()]
    content += [one.astype("<f4").tobytes() for one in boxes]
    content += [one.tobytes() for counted in subsets.values() for one in counted]
    return Scenes(
        ids=ids,
        images=TreeImages(tree, names, fix=WIDERFACE.fix),
        boxes=boxes,
        subsets=subsets,
        fingerprint=hashlib.sha256(b"\0".join(content)).hexdigest(),
        notes=(*_altered(found), *_partial(found, rows, boxes)),
    )


def _altered(found: Annotations) -> tuple[str, ...]:
    have = {"images": len(found.names), "faces": _count(found.boxes)}
    have |= {name: sum(int(one.sum()) for one in counted) for name, counted in found.subsets.items()}
    off = [f"{name} {have[name]:,} of {count:,}" for name, count in RELEASE.items() if have[name] != count]
    return (f"annotations that differ from the release: {', '.join(off)}",) if off else ()


def _partial(found: Annotations, rows: list[int], boxes: tuple[NDArray[np.float32], ...]) -> tuple[str, ...]:
    if len(rows) == len(found.names):
        return ()
    missing = [found.names[row] for row in sorted(set(range(len(found.names))) - set(rows))]
    return (
        f"partial copy: {len(rows):,} of {len(found.names):,} photographs with {_count(boxes):,} of "
        f"{_count(found.boxes):,} faces; missing: {some(missing)}",
    )


def _count(boxes: tuple[NDArray[np.float32], ...]) -> int:
    return sum(map(len, boxes))
