"""FER2013 (Goodfellow et al. 2013, arXiv:1307.0414): 35,887 gray faces of 48x48 pixels, seven classes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

import numpy as np

from ferbench.data import Samples
from ferbench.errors import DataError
from ferbench_datasets._archives import FolderTree, TarTree, open_tree, printable, reading, steps
from ferbench_datasets._fer2013_csv import read_csv
from ferbench_datasets._fer2013_images import read_images
from ferbench_datasets._fer2013_rows import CLASSES, FIX, OFFICIAL, PARTITIONS, USAGES, Rows
from ferbench_datasets._release import Counts

#: The names of the csv, the first that is there is read.
TABLES = ("fer2013.csv", "icml_face_data.csv")
#: The true csv has 301 MB.
MAX_CSV = 2 << 30


class Fer2013:
    """FER2013 from any form in which people have it; all give the same ids, labels and partitions.

    ``data`` may be ``fer2013.csv``, ``icml_face_data.csv``, the Kaggle folder of JPEG files, a folder, zip or plain tar
    that holds one of these at any depth, or the release's own ``fer2013.tar.gz``. A csv is preferred where there is
    one; JPEG files are not read from a compressed tar.

    - ids: the partition's name in the csv, ``_``, and the image's row in the csv (from 0, over all of it) or the number
      in its file's name: ``Training_0`` ... ``PrivateTest_35886``. The Kaggle folder of msambare numbers its files
      by no row (``Training_10118481.jpg``); there the number stays as it is, and a note says that the ids are others.
    - order: train, validation, test, and by the number in each. Partitions are Training, PublicTest and PrivateTest.
    - labels: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral, as in the csv.
    - images: gray uint8 [48, 48]. Those of a csv are in memory (83 MB); JPEG files are decoded as they are read.
    - fingerprint: SHA-256 over ids, labels, partitions and the pixels, or for JPEG files over the files' bytes. So
      every csv of the same data agrees, and a JPEG copy, whose pixels are others, does not.
    - notes: a partial copy, counts that differ from the official ones, a JPEG copy, ids that are not the csv's.
    """

    default_protocol: ClassVar[str] = "official"
    needs_data: ClassVar[bool] = True

    def load(self, data: Path | None) -> Samples:
        """The samples in ``data``, every image checked. Nothing is downloaded, and nothing is extracted to disk.

        Raises ``DataError`` if ``data`` is missing or is not FER2013; one error names every bad line or file.
        """
        if data is None:
            raise DataError("FER2013 needs its files, and none were given", fix=FIX)
        path = Path(data)
        with reading(str(path), fix=FIX):
            missing = not path.exists()
        if missing:
            raise DataError(f"there is no {path}: fer2013.csv, icml_face_data.csv, or the folder of JPEGs", fix=FIX)
        return _samples(read_rows(path))


def read_rows(path: Path) -> Rows:
    """The images of any form of FER2013 at ``path``, with labels and partitions. Raises ``DataError``."""
    tree = open_tree(path, fix=FIX)
    if tree is None:
        tree, table = FolderTree(path.parent), path.name
    else:
        with reading(str(path), fix=FIX):
            files = tree.files()
        found = _table(path, files)
        if found is None:
            if isinstance(tree, TarTree) and tree.packed:
                raise DataError(
                    f"{path} holds no csv; images are not read from a compressed tar", fix=f"unpack it, or {FIX}"
                )
            return read_images(tree, files, str(path))
        table = found
    with tree.open(table, limit=MAX_CSV, fix=FIX) as file:
        return read_csv(file, tree.where(table))


def _table(path: Path, files: Iterable[str]) -> str | None:
    """The csv to read among ``files``, ``None`` if there is none. Raises ``DataError`` if two have the same claim."""
    for wanted in TABLES:
        found = [file for file in files if steps(file)[-1].lower() == wanted]
        if len(found) > 1:
            names = ", ".join(map(printable, found[:5]))
            raise DataError(f"{path} holds {wanted} more than once: {names}", fix="pass --data with the one you mean")
        if found:
            return found[0]
    return None


def _samples(rows: Rows) -> Samples:
    ids = np.array([f"{USAGES[usage]}_{number}" for usage, number in zip(rows.usages, rows.numbers, strict=True)])
    partitions = np.array(PARTITIONS)[rows.usages]
    return Samples(
        ids=ids,
        labels=rows.labels,
        classes=CLASSES,
        images=rows.images,
        fingerprint=_fingerprint(ids, rows),
        partitions=partitions,
        cropped=True,
        release="altered" if rows.release == "altered" else _official().release(rows.labels, partitions),
        notes=(*rows.notes, *_official().differences(rows.labels, partitions)),
    )


def _fingerprint(ids: np.ndarray, rows: Rows) -> str:
    digest = hashlib.sha256(b"fer2013 1\n")
    digest.update("\n".join(ids.tolist()).encode())
    digest.update(b"\n" + rows.labels.astype(np.uint8).tobytes())
    digest.update(b"\n" + rows.usages.astype(np.uint8).tobytes())
    digest.update(b"\n" + rows.pixels.encode())
    return digest.hexdigest()


def _official() -> Counts:
    return Counts(CLASSES, dict(zip(PARTITIONS, OFFICIAL.tolist(), strict=True)))
