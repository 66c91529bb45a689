"""Finds faces in people's picture files, one after another; a bad file is reported, and the others are still read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.data import Face, Images
from ferbench.errors import DataError
from ferbench.interfaces import Detector
from ferbench.media.pictures import SUFFIXES, read_picture
from ferbench.support.naming import distinct_names

LANDMARKS = ("left eye", "right eye", "nose", "left mouth corner", "right mouth corner")


@dataclass(frozen=True)
class PictureFaces:
    """The faces of one picture, uint8 [H, W, 3], RGB."""

    path: Path
    image: Images
    faces: list[Face]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, in pixels: one object per image, best face first."""
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
    on_error: Callable[[DataError], None],
) -> Iterator[PictureFaces]:
    """The faces of each picture that can be read, in order; ``on_error`` gets the errors of the others."""
    for done, path in enumerate(paths, 1):
        try:
            image = read_picture(path)
        except DataError as error:
            on_error(error)
        else:
            yield PictureFaces(path, image, detector.detect(image))
        progress(done, len(paths))


def to_text(picture: dict[str, Any]) -> str:
    """``PictureFaces.to_dict`` for a person: a line for the image and one for each face."""
    count = len(picture["faces"])
    faces = "1 face" if count == 1 else f"{count or 'no'} faces"
    lines = [f"{picture['image']}  {picture['width']}x{picture['height']}  {faces}"]
    for face in picture["faces"]:
        left, top, right, bottom = face["box"]
        lines.append(f"  score {face['score']:.3f}  box {left:.0f},{top:.0f} to {right:.0f},{bottom:.0f}")
        if face["landmarks"]:
            points = zip(LANDMARKS, face["landmarks"], strict=True)
            lines.append("    " + "  ".join(f"{name} {x:.0f},{y:.0f}" for name, (x, y) in points))
    return "\n".join(lines)


def drawing_paths(paths: Sequence[Path], out: Path) -> list[Path]:
    """Where the drawn picture of each of ``paths`` goes: the file ``out`` for one, else in the folder ``out``.

    Of two with one name the later gets a number; a picture whose format is not fit for colours becomes a PNG.
    """
    if len(paths) == 1 and out.suffix.lower() in SUFFIXES:
        return [out]
    colour_suffixes = set(SUFFIXES) - {".gif"}
    names = [(path.stem, path.suffix if path.suffix.lower() in colour_suffixes else ".png") for path in paths]
    return [out / name for name in distinct_names(names)]
