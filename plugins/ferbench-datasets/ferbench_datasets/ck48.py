"""CK+48: 981 gray 48x48 crops of CK+ (Lucey et al. 2010), the last three frames of its 327 labelled sequences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from ferbench.data import Images, Samples
from ferbench_datasets._archives import steps
from ferbench_datasets._images import decode
from ferbench_datasets._labelled import Copy, Labelled, gather, passed_over, samples
from ferbench_datasets._problems import Problems
from ferbench_datasets._release import EXPRESSIONS, Counts, absent, open_images
from ferbench_datasets._sources import CK48

SIZE = 48
CLASSES = tuple(name for name in EXPRESSIONS if name != "neutral")
#: The folder's name -> the class.
FOLDERS = {
    "anger": "angry",
    "contempt": "contempt",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happy",
    "sadness": "sad",
    "surprise": "surprise",
}
RELEASE = Counts(CLASSES, {"": (135, 177, 75, 207, 84, 249, 54)})

_NAME = re.compile(r"(s[0-9]{3})_([0-9]{3})_([0-9]{8})\.png", re.IGNORECASE | re.ASCII)


class Ck48:
    """CK+48 from a folder, a zip or a plain tar that holds its seven class folders at any depth.

    ``anger/S010_004_00000017.png`` is frame 17 of sequence 004 of subject S010. The three frames of a sequence look
    nearly the same, and subjects have several sequences: a random split has the test faces in its training set.

    - ids: the file's name without the suffix, ``S010_004_00000017``; the order is theirs.
    - labels: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 contempt. There is no neutral class.
    - subjects: ``S010``; clips: the sequence, ``S010_004``. No partitions: there is no official split.
    - images: gray uint8 [48, 48], face crops.
    - fingerprint: SHA-256 over ids, labels, subjects, clips and the files' bytes.
    - notes: a partial copy, image files with other names.
    """

    default_protocol: ClassVar[str] = "group-10-fold"
    needs_data: ClassVar[bool] = True

    def load(self, data: Path | None) -> Samples:
        """The samples in ``data``, every image checked. Raises one ``DataError`` that names every bad file."""
        tree, files = open_images(data, CK48)
        problems = Problems()
        rows, unused = gather(files, _label, problems)
        if not rows:
            hint = "it looks like the full release of CK+: --dataset ckplus; or " if problems.count else ""
            raise absent(data, CK48, files, "no image such as anger/S010_004_00000017.png", hint=hint)
        _one_class_per_clip(rows, problems)
        labels = np.array([row.label for row in rows], np.int64)
        notes = (*RELEASE.differences(labels), *passed_over(unused, CK48))
        copy = Copy(
            name="ck48 1",
            source=CK48,
            data=data,
            tree=tree,
            classes=CLASSES,
            release=RELEASE.release(labels),
            cropped=True,
            decoder=_decode,
        )
        return samples(copy, rows, problems, notes=notes)


def _label(file: str) -> Labelled | None:
    *folders, name = steps(file)
    named = _NAME.fullmatch(name)
    if named is None:
        return None
    subject, sequence, frame = named[1].upper(), named[2], named[3]
    folder = folders[-1].lower() if folders else ""
    if folder not in FOLDERS:
        raise ValueError(f"its folder is not a class; they are {', '.join(FOLDERS)}")
    clip = f"{subject}_{sequence}"
    return Labelled(file, f"{clip}_{frame}", CLASSES.index(FOLDERS[folder]), subject=subject, clip=clip)


def _one_class_per_clip(rows: Sequence[Labelled], problems: Problems) -> None:
    first: dict[str, Labelled] = {}
    for row in rows:
        other = first.setdefault(str(row.clip), row)
        if other.label != row.label:
            problems.add(row.file, f"{CLASSES[row.label]}, where {other.file} of the same sequence is another class")


def _decode(data: bytes) -> Images:
    image = decode(data, formats=("PNG",), max_pixels=SIZE * SIZE)
    if image.shape != (SIZE, SIZE):
        raise ValueError(f"not a gray image of {SIZE}x{SIZE} pixels but {'x'.join(map(str, image.shape))}")
    return image
