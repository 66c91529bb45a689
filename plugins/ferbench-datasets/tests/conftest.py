"""Small releases of datasets, laid out exactly as their owners distribute them, their faces drawn."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from ferbench_datasets.synthfaces.clips import still
from ferbench_datasets.synthfaces.render import render

Files = dict[str, bytes]
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")
JAFFE_CODES = {"AN": 0, "DI": 1, "FE": 2, "HA": 3, "NE": 6, "SA": 4, "SU": 5}
JAFFE_SUBJECTS = ("KA", "KL", "KM", "KR")
CK_CODES = {1: "angry", 2: "contempt", 3: "disgust", 4: "fear", 5: "happy", 6: "sad", 7: "surprise"}
CK48_FOLDERS = {0: "anger", 7: "contempt", 1: "disgust", 2: "fear", 3: "happy", 4: "sadness", 5: "surprise"}
RAFDB_CODES = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")


@pytest.fixture(scope="session")
def face() -> Callable[..., np.ndarray]:
    """A drawn gray face: uint8 [size, size], of a person and a class; each pair is drawn once a session."""
    drawn: dict[tuple[int, int], np.ndarray] = {}

    def _face(person: int, label: int, size: int) -> np.ndarray:
        if (person, label) not in drawn:
            picture = render(still(0, person, CLASSES[label], 0, 0))
            drawn[person, label] = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        return cv2.resize(drawn[person, label], (size, size), interpolation=cv2.INTER_AREA)

    return _face


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """Writes pixels uint8 as a PNG, or as another kind or in another colour mode of Pillow's."""

    def _encode(pixels: np.ndarray, kind: str = "PNG", mode: str | None = None, **options: Any) -> bytes:
        image = Image.fromarray(pixels)
        buffer = io.BytesIO()
        (image.convert(mode) if mode else image).save(buffer, kind, **options)
        return buffer.getvalue()

    return _encode


@pytest.fixture(scope="session")
def jaffe_files(face: Callable[..., np.ndarray], encode: Callable[..., bytes]) -> Files:
    """Two takes of every class of four subjects, one of them as palette TIFFs, and what else lies in the zip."""
    files = {"jaffe/README_FIRST.txt": b"text", "jaffe/.DS_Store": b"\0", "__MACOSX/jaffe/._KA.AN1.1.tiff": b"\0"}
    row = 0
    for person, subject in enumerate(JAFFE_SUBJECTS):
        for code, label in JAFFE_CODES.items():
            for take in (1, 2):
                row += 1
                pixels = np.clip(face(person, label, 256).astype(int) + take, 0, 255).astype(np.uint8)
                mode = "P" if subject == "KR" else "L"
                files[f"jaffe/{subject}.{code}{take}.{row}.tiff"] = encode(pixels, "TIFF", mode)
    return files


@pytest.fixture(scope="session")
def ck48_files(face: Callable[..., np.ndarray], encode: Callable[..., bytes]) -> Files:
    """Three frames of one sequence a class of four subjects."""
    files = {"CK+48/.DS_Store": b"\0"}
    for person in range(4):
        for sequence, (label, folder) in enumerate(CK48_FOLDERS.items(), start=1):
            for frame in (9, 10, 11):
                pixels = np.clip(face(person, label, 48).astype(int) + frame, 0, 255).astype(np.uint8)
                files[f"CK+48/{folder}/S{person + 10:03d}_{sequence:03d}_{frame:08d}.png"] = encode(pixels)
    return files


@pytest.fixture(scope="session")
def ckplus_files(face: Callable[..., np.ndarray], encode: Callable[..., bytes]) -> Files:
    """Five frames of one sequence a class of four subjects, neutral to peak, and one sequence without a label each."""
    files = {
        "CK+/ReadMeCohnKanadeDatabase_website.txt": b"text",
        "CK+/cohn-kanade-images/.DS_Store": b"\0",
        "CK+/Emotion/.DS_Store": b"\0",
    }
    for person in range(4):
        subject = f"S{person + 10:03d}"
        for code in range(8):
            name = f"{subject}/{code + 1:03d}/{subject}_{code + 1:03d}"
            label = CLASSES.index(CK_CODES.get(code, "neutral"))
            for frame in range(1, 6):
                share = (frame - 1) / 4
                pixels = (1 - share) * face(person, 6, 64) + share * face(person, label, 64)
                files[f"CK+/cohn-kanade-images/{name}_{frame:08d}.png"] = encode(pixels.astype(np.uint8))
            files[f"CK+/FACS/{name}_00000005_facs.txt"] = b"   1.0000000e+00   2.0000000e+00\n"
            if code:
                files[f"CK+/Emotion/{name}_00000005_emotion.txt"] = f"   {code:.7e}\n".encode()
            else:
                files[f"CK+/Emotion/{subject}/{code + 1:03d}/.keep"] = b""
    return files


@pytest.fixture(scope="session")
def rafdb_files(face: Callable[..., np.ndarray], encode: Callable[..., bytes]) -> Files:
    """Three training images and one test image of each class, aligned and original, beside a compound set."""
    lines, files = [], dict[str, bytes]()
    for partition, people in (("test", (3,)), ("train", (0, 1, 2))):
        number = 0
        for person in people:
            for code, name in enumerate(RAFDB_CODES, start=1):
                number += 1
                stem = f"{partition}_{number:0{5 if partition == 'train' else 4}d}"
                gray = face(person, CLASSES.index(name), 100)
                aligned = np.stack([gray] * 3, axis=2)
                lines.append(f"{stem}.jpg {code}")
                files[f"basic/Image/aligned/{stem}_aligned.jpg"] = encode(aligned, "JPEG")
                files[f"basic/Image/original/{stem}.jpg"] = encode(
                    np.pad(aligned, ((20, 20), (30, 30), (0, 0))), "JPEG"
                )
                files[f"basic/Annotation/boundingbox/{stem}_boundingbox.txt"] = b"30 20 130 120"
    files["basic/EmoLabel/list_patition_label.txt"] = "\n".join(lines).encode() + b"\n"
    files["compound/EmoLabel/list_patition_label.txt"] = b"train_0001.jpg 11\n"
    files["compound/Image/aligned/train_00001_aligned.jpg"] = b"another set's"
    return files


@pytest.fixture(scope="session")
def write() -> Callable[..., Path]:
    """Writes files as a folder, a zip or a tar ("folder", "zip", "tar", "tar.gz") and gives its path."""

    def _write(path: Path, files: Mapping[str, bytes], form: str = "folder") -> Path:
        if form == "folder":
            path.mkdir(parents=True, exist_ok=True)
            for name, data in files.items():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                (path / name).write_bytes(data)
        elif form == "zip":
            with zipfile.ZipFile(path, "w") as archive:
                for name, data in files.items():
                    archive.writestr(name, data)
        else:
            with tarfile.open(path, "w:gz" if form == "tar.gz" else "w") as tar:
                for name, data in files.items():
                    member = tarfile.TarInfo(name)
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))
        return path

    return _write
