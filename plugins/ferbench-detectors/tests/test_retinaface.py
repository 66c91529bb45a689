from __future__ import annotations

import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ferbench.data import Images
from ferbench.errors import ParameterError, WeightsError
from ferbench.support import weights
from ferbench_detectors.retinaface import WEIGHTS, RetinaFace, load_checkpoint


class Evil:
    """Would touch a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


@pytest.fixture
def state() -> OrderedDict[str, torch.Tensor]:
    return OrderedDict(a=torch.arange(6.0).reshape(2, 3), b=torch.tensor(7))


@pytest.mark.parametrize("form", ["torch's", "torch's old", "torch's in a zip", "torch's old in a zip"])
def test_checkpoints_of_every_form_are_read(tmp_path: Path, state: OrderedDict[str, torch.Tensor], form: str) -> None:
    path = tmp_path / "checkpoint.pth"
    torch.save(state, path, _use_new_zipfile_serialization="old" not in form)
    if "in a zip" in form:
        with zipfile.ZipFile(tmp_path / "checkpoint.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(path, "../../checkpoint.pth")
        path = tmp_path / "checkpoint.zip"
    read = load_checkpoint(path)
    assert list(read) == ["a", "b"]
    assert all(torch.equal(read[name], state[name]) for name in state)
    assert not (tmp_path.parents[1] / "checkpoint.pth").exists()


@pytest.mark.parametrize("zipped", [False, True])
def test_a_checkpoint_runs_no_code(tmp_path: Path, zipped: bool) -> None:
    trace, path = tmp_path / "was-here", tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps(Evil(trace), protocol=2))
    if zipped:
        with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
            archive.write(path, "evil.pth")
        path = tmp_path / "evil.zip"
    with pytest.raises(WeightsError, match="is not a checkpoint"):
        load_checkpoint(path)
    assert not trace.exists()


@pytest.mark.parametrize("form", ["empty", "text", "cut", "cut old"])
def test_a_broken_checkpoint_is_reported(tmp_path: Path, state: OrderedDict[str, torch.Tensor], form: str) -> None:
    path = tmp_path / "broken.pth"
    torch.save(state, path, _use_new_zipfile_serialization="old" not in form)
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "text": b"Not Found"}.get(form, whole[: len(whole) * 2 // 3]))
    with pytest.raises(WeightsError, match=r"broken\.pth is not a checkpoint"):
        load_checkpoint(path)


def test_a_checkpoint_of_another_network_is_reported(
    tmp_path: Path, state: OrderedDict[str, torch.Tensor], photo: Images
) -> None:
    path = tmp_path / "other.pth"
    torch.save(state, path)
    with pytest.raises(WeightsError, match=r"other\.pth is not a checkpoint"):
        RetinaFace(weights=str(path), weights_sha256=weights.sha256(path)).detect(photo)


@pytest.fixture(scope="module")
def never_trained(resnet: dict[str, Any]) -> RetinaFace:
    return RetinaFace(**resnet)


@pytest.mark.parametrize(("height", "width"), [(64, 128), (128, 64), (256, 256), (300, 500)])
def test_boxes_come_back_in_the_images_pixels(never_trained: RetinaFace, height: int, width: int) -> None:
    """The never-trained network's faces are its 512-pixel priors, centred in the 32-pixel cells of the scaled image."""
    found = never_trained.detect(np.zeros((height, width, 3), np.uint8))
    factor = max(height, width) / 128
    assert [face.score for face in found] == [0.95] * len(found)
    assert found
    for face in found:
        assert face.box == (0, 0, width, height)  # a prior of 512 covers all of 128, and is clipped to the image
        assert face.landmarks is not None
        cells = (face.landmarks / factor - 16) / 32
        np.testing.assert_allclose(cells, np.round(cells), atol=0.05)
        np.testing.assert_allclose(face.landmarks, np.tile(face.landmarks[:1], (5, 1)))


def test_nothing_likely_gives_no_face(resnet: dict[str, Any], photo: Images) -> None:
    assert RetinaFace(score_threshold=0.99, **resnet).detect(photo) == []


def test_missing_weights_are_named_with_address_hash_and_place(no_network: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        RetinaFace()
    text = str(caught.value)
    for part in (WEIGHTS.name, WEIGHTS.url, f"SHA-256 beginning with {WEIGHTS.sha256}", str(no_network)):
        assert part in text


def test_weights_with_another_hash_are_refused(resnet: dict[str, Any]) -> None:
    with pytest.raises(WeightsError, match=f"has SHA-256 {resnet['weights_sha256']}"):
        RetinaFace(weights=resnet["weights"])


def test_a_device_that_is_not_there_is_a_wrong_parameter(resnet: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="abacus"):
        RetinaFace(device="abacus", weights=resnet["weights"], weights_sha256=resnet["weights_sha256"])


def test_loading_the_library_asks_nothing_of_the_network() -> None:
    program = (
        "import socket\n"
        "def refuse(*given): raise SystemExit(f'asked for {given}')\n"
        "socket.getaddrinfo = socket.create_connection = socket.socket.connect = refuse\n"
        "import ferbench_detectors.retinaface, retinaface.predict_single\n"
    )
    ended = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("", "", 0)


@pytest.mark.slow
def test_the_public_weights(photo: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERBENCH_WEIGHTS")
    if not (weights.weights_folder() / WEIGHTS.name).exists():
        pytest.skip(f"{WEIGHTS.name} is not in {weights.weights_folder()}, and tests do not download")
    (face,) = RetinaFace().detect(photo)
    np.testing.assert_allclose(face.box, (170, 60, 275, 178), atol=20)
