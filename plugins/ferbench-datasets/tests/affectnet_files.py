"""AffectNet's two releases in small, and the error for a broken one: for the tests of loading and of hostile files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ferbench.errors import DataError
from ferbench_datasets.affectnet import AffectNet8

HEADER = "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,valence,arousal\n"
ROOT = "Manually_Annotated/Manually_Annotated_Images"
LISTS = "Manually_Annotated_file_lists"


def picture(gray: int = 7, size: tuple[int, int] = (40, 30), kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (gray, gray, gray)).save(buffer, kind)
    return buffer.getvalue()


def line(path: str, code: int | str, box: str = "4,5,20,20") -> str:
    return f"{path},{box},{';'.join(['1.5;2.5'] * 68)},{code},-0.5,0.25\n"


def npy(value: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, value)
    return buffer.getvalue()


def full() -> dict[str, bytes]:
    """Every code once in training.csv, and 0, 7 and 8 in validation.csv."""
    training = HEADER + "".join(line(f"{code % 3 + 1}/{code:02x}ab.jpg", code) for code in range(11))
    validation = HEADER + "".join(line(f"9/{code:02x}cd.jpg", code) for code in (0, 7, 8))
    images = {f"{ROOT}/{code % 3 + 1}/{code:02x}ab.jpg": picture(10 * code) for code in range(11)}
    images |= {f"{ROOT}/9/{code:02x}cd.jpg": picture(10 * code + 5) for code in (0, 7, 8)}
    return {
        f"{LISTS}/training.csv": training.encode(),
        f"{LISTS}/validation.csv": validation.encode(),
        **images,
    }


def mini() -> dict[str, bytes]:
    """Every code in train_set, as text or as a number, and 7 and 0 in val_set."""
    files = {}
    for side, codes in (("train_set", list(range(11))), ("val_set", [7, 0])):
        for name, code in enumerate(codes):
            files[f"{side}/images/{name}.jpg"] = picture(10 * code, (224, 224))
            files[f"{side}/annotations/{name}_exp.npy"] = npy(str(code) if name % 2 else np.float64(code))
            for other in ("val", "aro", "lnd"):
                files[f"{side}/annotations/{name}_{other}.npy"] = npy(np.zeros(136 if other == "lnd" else 1))
    return files


RELEASES = {"full": full(), "mini": mini()}


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


def packed(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def error_of(path: Path | None, factory: type[Any] = AffectNet8) -> str:
    with pytest.raises(DataError) as caught:
        factory().load(path)
    assert all(text.isprintable() for text in caught.value.what.splitlines())
    assert "mohammadmahoor.com" in caught.value.fix
    assert "non-commercial research only, by signed agreement" in caught.value.fix
    return caught.value.what


def problem_of(root: Path, release: str, changes: dict[str, bytes | None]) -> str:
    """The error for a release with some files changed, or removed (``None``)."""
    files = {**RELEASES[release], **{name: data or b"" for name, data in changes.items()}}
    return error_of(write(root, {name: data for name, data in files.items() if changes.get(name, b"") is not None}))


def named(samples: Any) -> dict[str, str]:
    return {name: samples.classes[label] for name, label in zip(samples.ids.tolist(), samples.labels, strict=True)}
