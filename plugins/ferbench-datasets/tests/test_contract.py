"""Every dataset and all scenes of this distribution keep the contract, on small releases where files are needed."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from ferbench.testing import Given, contract

Files = dict[str, bytes]
USAGES = ("Training", "PublicTest", "PrivateTest")
NAMES = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
FER2013, VOTES = ["emotion,pixels,Usage"], [f"Usage,Image name,{NAMES}"]
for row in range(21):
    FER2013.append(f"{row % 7},{' '.join([str(row)] * 2304)},{USAGES[row // 7]}")
    VOTES.append(f"{USAGES[row // 7]},x,{','.join('9' if row % 7 == name else '0' for name in range(10))}")


@pytest.fixture(scope="session")
def affectnet_files(encode: Callable[..., bytes]) -> Files:
    """The mini release: one image of each class in its train_set and its val_set."""
    files = {}
    for side in ("train_set", "val_set"):
        for code in range(8):
            files[f"{side}/images/{code}.jpg"] = encode(np.full((224, 224, 3), 20 * code, np.uint8), "JPEG")
            for name, value in (("exp", str(code)), ("val", "0"), ("aro", "0"), ("lnd", "0")):
                buffer = io.BytesIO()
                np.save(buffer, np.array(value))
                files[f"{side}/annotations/{code}_{name}.npy"] = buffer.getvalue()
    return files


@pytest.fixture(scope="session")
def wider_files(encode: Callable[..., bytes]) -> Files:
    """WIDER FACE with one photograph of one event, and one face that all subsets count."""

    def cells(*values: Any) -> Any:
        found = np.empty((len(values), 1), object)
        found[:, 0] = values
        return found

    def mat(**more: Any) -> bytes:
        buffer = io.BytesIO()
        savemat(buffer, {"event_list": cells("0--Parade"), "file_list": cells(cells("a")), **more})
        return buffer.getvalue()

    truth = "eval_tools/ground_truth"
    boxes = np.array([(10, 20, 30, 40)], np.int32)
    files = {f"{truth}/wider_face_val.mat": mat(face_bbx_list=cells(cells(boxes)))}
    for subset in ("easy", "medium", "hard"):
        files[f"{truth}/wider_{subset}_val.mat"] = mat(gt_list=cells(cells(np.array([[1]], np.uint8))))
    return {**files, "WIDER_val/images/0--Parade/a.jpg": encode(np.full((80, 100, 3), 90, np.uint8), "JPEG")}


@pytest.fixture(scope="session")
def at_hand(
    tmp_path_factory: pytest.TempPathFactory,
    write: Callable[..., Path],
    jaffe_files: Files,
    ck48_files: Files,
    ckplus_files: Files,
    rafdb_files: Files,
    affectnet_files: Files,
    wider_files: Files,
) -> dict[str, Given]:
    releases = {
        "jaffe": jaffe_files,
        "ck48": ck48_files,
        "ckplus": ckplus_files,
        "rafdb": rafdb_files,
        "fer2013": {"fer2013.csv": _text(FER2013)},
        "ferplus": {"fer2013.csv": _text(FER2013), "fer2013new.csv": _text(VOTES)},
        "affectnet-7": affectnet_files,
        "affectnet-8": affectnet_files,
        "wider-face": wider_files,
    }
    root = tmp_path_factory.mktemp("releases")
    # MMI's videos are too slow to make for this: tests/videos try what is read from them.
    return {
        "synthfaces": Given(parameters={"subjects": 2, "clips": 1, "frames": 1}),
        "synthfaces-scenes": Given(parameters={"scenes": 3}),
        **{name: Given(write(root / name, files)) for name, files in releases.items()},
    }


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


test_contract = contract("ferbench-datasets", "at_hand")
