"""AffectNet (Mollahosseini et al. 2019, arXiv:1708.03985): faces from the web, labelled by hand."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import ClassVar

import numpy as np

from ferbench.data import Samples
from ferbench.errors import DataError
from ferbench_datasets._affectnet_full import read_full, tables
from ferbench_datasets._affectnet_mini import is_mini, read_mini
from ferbench_datasets._affectnet_rows import CODES, LABELS, TEST, TRAIN, Rows
from ferbench_datasets._images import FORMATS, TreeImages, decode
from ferbench_datasets._release import EXPRESSIONS, Counts, absent, fingerprint, open_images, sizes
from ferbench_datasets._sources import AFFECTNET

_TRAINED = (24882, 3803, 6378, 134415, 25459, 14090, 74874, 3750)
#: Images of each class in each partition, by release. The full training.csv counts 134,416 happy ones: one of them is
#: an empty file. The mini release lacks one image of contempt in validation.
OFFICIAL: dict[str, dict[str, tuple[int, ...]]] = {
    "full": {TRAIN: _TRAINED, TEST: (500,) * 8},
    "mini": {TRAIN: _TRAINED, TEST: (*(500,) * 7, 499)},
}
#: Pictures from the web are not always what their suffix says.
_decode = functools.partial(decode, formats=(*FORMATS, "GIF", "WEBP"))


class _AffectNet:
    """AffectNet, the images that were labelled by hand, from its full or its mini release; the layout tells which.

    ``data`` is a folder, a zip or a plain tar that holds one of them at any depth, its archives unpacked:

    - full: ``training.csv``, ``validation.csv`` and ``Manually_Annotated_Images/103/<hash>.jpg``. The face boxes of
      the tables are given; an image without one, or whose box has no area or lies left of or above the image, is
      taken whole, which a note counts. A box that reaches over an edge is kept.
    - mini: ``train_set/images/0.jpg`` and ``train_set/annotations/0_exp.npy``, ``val_set`` likewise. The images are
      face crops.

    Images that are labelled none, uncertain or no face are left out and counted in a note. A copy without some of the
    images is partial and says so; a line of a table or a label that is broken is an error.

    - partitions: train, and validation as "test": AffectNet has no public test set, so all publish on validation. A
      validation partition does not exist, the protocol has to hold one out of train. No subjects are named.
    - labels: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral, and in affectnet-8 7 contempt.
    - ids: ``103/<hash>`` (full), ``train/0`` or ``test/0`` (mini). The releases share no ids, and no fingerprint.
    - order: that of the tables (full), by number (mini); train before test.
    - images: decoded when they are read. None is when the dataset is loaded, so a broken one is found in its turn.
    - fingerprint: SHA-256 over ids, labels, partitions, boxes and the sizes of the image files; not over their bytes.
    - counts: 287,651 train; 4,000 (full) or 3,999 (mini) test; without contempt 283,901 and 3,500.
    """

    default_protocol: ClassVar[str] = "official"
    needs_data: ClassVar[bool] = True
    classes: ClassVar[tuple[str, ...]]

    def load(self, data: Path | None) -> Samples:
        """The samples in ``data``. Nothing is downloaded, and nothing is extracted to disk.

        Raises one ``DataError``: what is missing, every bad line or label, where to request it, its licence.
        """
        tree, files = open_images(data, AFFECTNET)
        full, mini = bool(tables(files)), is_mini(files)
        if full and mini:
            raise DataError(
                f"{data} holds both releases of AffectNet: training.csv or validation.csv, and train_set or val_set",
                fix="pass --data with the folder of one of them",
            )
        if not full and not mini:
            raise absent(data, AFFECTNET, files, "neither training.csv nor train_set/annotations/0_exp.npy")
        rows = (read_full if full else read_mini)(tree, files, str(data))
        labels = LABELS[rows.codes]
        kept = np.flatnonzero(labels < len(self.classes))
        if not len(kept):
            raise DataError(f"{data} has no image of the classes {', '.join(self.classes)}", fix=AFFECTNET.fix)
        ids, partitions = np.array(rows.ids)[kept], np.array(rows.partitions)[kept]
        names = [rows.names[index] for index in kept]
        boxes = None if rows.boxes is None else np.array(rows.boxes, np.float32)[kept]
        content = sizes(files, names)
        if boxes is not None:
            content += f" boxes:{hashlib.sha256(boxes.astype('<f4').tobytes()).hexdigest()}"
        return Samples(
            ids=ids,
            labels=labels[kept],
            classes=self.classes,
            images=TreeImages(tree, names, fix=AFFECTNET.fix, decoder=_decode),
            fingerprint=fingerprint(
                f"affectnet {rows.release} 1",
                ids=ids,
                labels=labels[kept],
                content=content,
                groups={"parts": partitions},
            ),
            partitions=partitions,
            boxes=boxes,
            cropped=boxes is None,
            release=self._official(rows).release(labels[kept], partitions),
            notes=self._notes(rows, labels, labels[kept], partitions),
        )

    def _notes(self, rows: Rows, all_labels: np.ndarray, labels: np.ndarray, partitions: np.ndarray) -> tuple[str, ...]:
        dropped = [f"{count:,} {CODES[code]}" for code, count in sorted(rows.dropped.items())]
        other = int((all_labels >= len(self.classes)).sum())
        dropped += [f"{other:,} contempt"] if other else []
        return (
            f"AffectNet's {rows.release} release; its validation set is partition test: there is no public test set",
            *([f"left out: {', '.join(dropped)}"] if dropped else []),
            *rows.notes,
            *self._official(rows).differences(labels, partitions),
        )

    def _official(self, rows: Rows) -> Counts:
        official = {name: counts[: len(self.classes)] for name, counts in OFFICIAL[rows.release].items()}
        return Counts(self.classes, official)


# Both have the docstring above.
class AffectNet8(_AffectNet):
    classes = EXPRESSIONS


class AffectNet7(_AffectNet):
    classes = EXPRESSIONS[:7]
