"""What the detectors' tests share: the photo, the weights, and no network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn
from urllib.error import URLError

import cv2
import numpy as np
import pytest

from ferbench.data import Images
from ferbench.support import weights

SHARED = Path(__file__).parents[3].parent / "shared"
# Not the public file (which has no copy here) but another training of the same network, exported the same way.
MOBILENET_SHA256 = "10ba7891fd076d0b52125b507ae1499465aaa269d007459a43c64ae9d3277648"


def shared(name: str) -> Path:
    """A file of ``../shared``. Without that folder the test is skipped; with it, a missing file is a failure."""
    if not SHARED.exists():
        pytest.skip(f"there is no folder {SHARED}")
    path = SHARED / name
    assert path.exists(), f"{SHARED} has no {name}: without it no test would try a detector with trained weights"
    return path


def weights_of(name: str, digest: str = "") -> dict[str, Any]:
    """The parameters that name a file of ``shared/weights``, and its SHA-256 where it is not the public file."""
    path = shared(f"weights/{name}")
    return {"weights": str(path)} | ({"weights_sha256": digest} if digest else {})


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Downloads fail as on a machine without a network; the weights folder, which is returned, is empty."""

    def unreachable(url: str) -> NoReturn:
        raise URLError("Temporary failure in name resolution")

    monkeypatch.setattr(weights, "_open", unreachable)
    monkeypatch.setenv("FERBENCH_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


@pytest.fixture(scope="session")
def photo() -> Images:
    """The astronaut's photo, RGB uint8 [512, 512, 3]."""
    path = shared("data/photos/astronaut.png")
    return np.ascontiguousarray(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB), np.uint8)  # type: ignore[arg-type]  # it is there


@pytest.fixture(scope="session")
def mobilenet() -> dict[str, Any]:
    """Parameters of ``retinaface-mobilenet``: another training of the same network."""
    return weights_of("retinaface_mobilenet0.25.onnx", MOBILENET_SHA256)


@pytest.fixture(scope="session")
def yunet() -> dict[str, Any]:
    """Parameters of ``yunet``: the public file."""
    return weights_of("face_detection_yunet_2026may.onnx")


@pytest.fixture(scope="session")
def blazeface() -> dict[str, Any]:
    """Parameters of ``mediapipe``: the public file."""
    return weights_of("blaze_face_short_range.tflite")


@pytest.fixture(scope="session")
def yolo() -> dict[str, Any]:
    """Parameters of ``yolo-face``: another export of the same network, with raw heads."""
    return weights_of("yolov5n-0.5-face.onnx", "7da50650e16167e93acf24caf01f15f2922ecf168c884f2825a3c95479f8687d")


@pytest.fixture(scope="session")
def resnet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Parameters of ``retinaface`` that name weights which were never trained but answer predictably.

    Every prior box of 512 pixels is a face with probability 0.95, no other is, and locations and landmarks are their
    prior's own: enough to see that the file is read, and that boxes come back in the image's pixels.
    """
    import torch
    from retinaface.predict_single import Model  # type: ignore[import-untyped]  # it has no types

    from ferbench_detectors import retinaface  # noqa: F401 - keeps albumentations off the network

    torch.manual_seed(0)
    with pytest.warns(UserWarning, match="pretrained|weight enum"):
        state = Model().model.state_dict()
    for name, values in state.items():
        if "Head" in name:
            values.zero_()
        if name.startswith("ClassHead") and name.endswith("bias"):
            values += torch.tensor([3.0, 0.0, 3.0, 0.0])  # (background, face) of the smaller and of the larger prior
    state["ClassHead.2.conv1x1.bias"][2:] = torch.tensor([0.0, 3.0])
    path = tmp_path_factory.mktemp("retinaface") / "never-trained.pth"
    torch.save(state, path)
    return {"weights": str(path), "weights_sha256": weights.sha256(path), "max_size": 128}
