"""Finds faces in people's picture files, one after another; a bad file is reported and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.data import Face, Images
from ferbench.errors import DataError
from ferbench.interfaces import Detector
from ferbench.media.pictures import SUFFIXES, read_picture

NAMES = ("left eye", "right eye", "nose", "left mouth corner", "right mouth corner")


@dataclass(frozen=True)
class Found:
    """The faces of one picture, uint8 [H, W, 3]."""

    path: Path
    image: Images
    faces: list[Face]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in pixels: one object an image, best face first."""
        height, width = self.image.shape[:2]
        faces = [
            {
                "box": [round(value, 2) for value in face.box],
                "score": round(face.score, 4),
                "landmarks": None if face.landmarks is None else np.round(face.landmarks.astype(float), 2).tolist(),
            }
            for face in self.faces
        ]
        return {"image": str(self.path), "width": width, "height": height, "faces": faces}


def find_faces(
    paths: Sequence[Path],
    detector: Detector,
    *,
    progress: Callable[[int, int], None],
    refused: Callable[[DataError], None],
) -> Iterator[Found]:
    """The faces of each picture that can be read, in order; ``refused`` gets the errors of the others."""
    for done, path in enumerate(paths, 1):
        try:
            image = read_picture(path)
        except DataError as error:
            refused(error)
        else:
            yield Found(path, image, detector.detect(image))
        progress(done, len(paths))


def text(said: dict[str, Any]) -> str:
    """``Found.describe`` for a person: a line for the image and one for each face."""
    count = len(said["faces"])
    lines = [f"{said['image']}  {said['width']}x{said['height']}  {count or 'no'} {'face' if count == 1 else 'faces'}"]
    for face in said["faces"]:
        left, top, right, bottom = face["box"]
        lines.append(f"  score {face['score']:.3f}  box {left:.0f},{top:.0f} to {right:.0f},{bottom:.0f}")
        if face["landmarks"]:
            points = zip(NAMES, face["landmarks"], strict=True)
            lines.append("    " + "  ".join(f"{name} {x:.0f},{y:.0f}" for name, (x, y) in points))
    return "\n".join(lines)


def drawn_names(paths: Sequence[Path], out: Path) -> list[Path]:
    """Where the drawn picture of each of ``paths`` goes: the file ``out`` for one, else in the folder ``out``.

    Of two with one name the later gets a number; a picture whose format is not fit for colours becomes a PNG.
    """
    if len(paths) == 1 and out.suffix.lower() in SUFFIXES:
        return [out]
    names: list[Path] = []
    for path in paths:
        name = out / (path.name if path.suffix.lower() in set(SUFFIXES) - {".gif"} else f"{path.stem}.png")
        number = 1
        fresh = name
        while fresh in names:
            number += 1
            fresh = name.with_stem(f"{name.stem}-{number}")
        names.append(fresh)
    return names
