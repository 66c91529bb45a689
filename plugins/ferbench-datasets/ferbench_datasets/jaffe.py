"""JAFFE (Lyons et al. 1998): 213 gray 256x256 faces of ten Japanese women, seven posed expressions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

import numpy as np

from ferbench.data import Samples
from ferbench_datasets._labelled import Copy, Labelled, base, gather, passed_over, samples
from ferbench_datasets._problems import Problems
from ferbench_datasets._release import EXPRESSIONS, Counts, absent, open_images
from ferbench_datasets._sources import JAFFE

CLASSES = EXPRESSIONS[:7]
CODES = {"AN": "angry", "DI": "disgust", "FE": "fear", "HA": "happy", "NE": "neutral", "SA": "sad", "SU": "surprise"}
#: Images of each subject.
SUBJECTS = {"KA": 23, "KL": 22, "KM": 22, "KR": 20, "MK": 21, "NA": 21, "NM": 20, "TM": 21, "UY": 21, "YM": 22}
RELEASE = Counts(CLASSES, {"": (30, 29, 32, 31, 31, 30, 30)})

_NAME = re.compile(
    r"([a-z]{2})\.([a-z]{2})([0-9])\.([0-9]{1,4})(?:\.tiff?)?\.(?:tiff?|png|jpe?g|bmp)", re.IGNORECASE | re.ASCII
)


class Jaffe:
    """JAFFE from a folder, a zip or a plain tar that holds its images at any depth, whatever else is there.

    The name of a file says all: ``KA.AN1.39.tiff`` is subject KA, angry, first take, row 39 of the rating table.
    Capitals do not matter, and files converted to PNG, JPEG or BMP are read as well (``KA.AN1.39.png``).

    - ids: the release's name in capitals without the suffix, ``KA.AN1.39``; the order is theirs.
    - labels: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral.
    - subjects: the two letters. No clips: each take is one image. No partitions: the release has no official split.
    - images: gray uint8 [256, 256], also from the palette TIFFs that exist; not cropped.
    - fingerprint: SHA-256 over ids, labels, subjects and the files' bytes: a converted copy has another.
    - notes: a partial copy, image files with other names.
    """

    default_protocol: ClassVar[str] = "loso"
    needs_data: ClassVar[bool] = True

    def load(self, data: Path | None) -> Samples:
        """The samples in ``data``, every image checked. Raises one ``DataError`` that names every bad file."""
        tree, files = open_images(data, JAFFE)
        problems = Problems()
        rows, unused = gather(files, _label, problems)
        if not rows and not problems.count:
            raise absent(data, JAFFE, files, "no image such as KA.AN1.39.tiff")
        labels = np.array([row.label for row in rows], np.int64)
        notes = (*RELEASE.differences(labels), *_subjects(rows), *passed_over(unused, JAFFE))
        release = RELEASE.release(labels)
        copy = Copy(name="jaffe 1", source=JAFFE, data=data, tree=tree, classes=CLASSES, release=release)
        return samples(copy, rows, problems, notes=notes)


def _label(file: str) -> Labelled | None:
    named = _NAME.fullmatch(base(file))
    if named is None:
        return None
    subject, code, take, row = (text.upper() for text in named.groups())
    if subject not in SUBJECTS:
        raise ValueError(f"there is no subject {subject}; they are {', '.join(SUBJECTS)}")
    if code not in CODES:
        raise ValueError(f"there is no expression {code}; they are {', '.join(CODES)}")
    return Labelled(file, f"{subject}.{code}{take}.{int(row)}", CLASSES.index(CODES[code]), subject=subject)


def _subjects(rows: list[Labelled]) -> tuple[str, ...]:
    """A note on the subjects whose number of images is not the release's."""
    have = dict.fromkeys(SUBJECTS, 0)
    for row in rows:
        have[str(row.subject)] += 1
    off = [f"{name} {have[name]} of {count}" for name, count in SUBJECTS.items() if have[name] != count]
    return (f"subjects that differ from the release: {', '.join(off)}",) if off else ()
