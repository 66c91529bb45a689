from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ferbench.data import Images
from ferbench.errors import ParameterError, WeightsError
from ferbench.support import weights
from ferbench_detectors.retinaface_mobilenet import WEIGHTS, RetinaFaceMobileNet, _priors


def test_the_landmarks_are_where_the_face_has_them(photo: Images, mobilenet: dict[str, Any]) -> None:
    (face,) = RetinaFaceMobileNet(**mobilenet).detect(photo)
    assert face.landmarks is not None
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    # Read off the photo by eye, to within some pixels.
    np.testing.assert_allclose(face.landmarks, [(204, 101), (247, 103), (225, 129), (203, 139), (246, 141)], atol=6)


@pytest.mark.parametrize(("width", "height"), [(256, 256), (900, 300), (200, 700)])
def test_the_face_moves_with_the_image(photo: Images, mobilenet: dict[str, Any], width: int, height: int) -> None:
    """The photo pasted small into other shapes: boxes come back in the pixels of the image given."""
    detector = RetinaFaceMobileNet(**mobilenet)
    (whole,) = detector.detect(photo)
    side = min(width, height)
    left, top = width - side, height - side
    image = np.full((height, width, 3), 128, np.uint8)
    image[top:, left:] = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)
    best = detector.detect(image)[0]
    moved = np.array(whole.box) * side / 512 + (left, top, left, top)
    np.testing.assert_allclose(best.box, moved, atol=0.03 * side)


def test_the_priors_are_biubug6s() -> None:
    priors = _priors()
    assert priors.shape == (16_800, 4)
    assert priors.dtype == np.float32
    # Two at each cell, row by row, of strides 8, 16 and 32; centres in the middle of the cells.
    np.testing.assert_allclose(priors[:2] * 640, [(4, 4, 16, 16), (4, 4, 32, 32)], rtol=1e-5)
    np.testing.assert_allclose(priors[2] * 640, (12, 4, 16, 16), rtol=1e-5)
    np.testing.assert_allclose(priors[160] * 640, (4, 12, 16, 16), rtol=1e-5)
    np.testing.assert_allclose(priors[12_800] * 640, (8, 8, 64, 64), rtol=1e-5)
    np.testing.assert_allclose(priors[-1] * 640, (624, 624, 512, 512), rtol=1e-5)


def test_the_priors_are_retinaface_pytorchs() -> None:
    from retinaface.prior_box import priorbox  # type: ignore[import-untyped]  # it has no types

    import ferbench_detectors.retinaface  # noqa: F401 - keeps albumentations off the network

    theirs = priorbox([[16, 32], [64, 128], [256, 512]], [8, 16, 32], clip=False, image_size=(640, 640))
    np.testing.assert_allclose(_priors(), theirs.numpy(), atol=1e-6)


def test_the_thresholds_do_what_they_say(photo: Images, mobilenet: dict[str, Any]) -> None:
    lenient = RetinaFaceMobileNet(score_threshold=0.02, **mobilenet).detect(photo)
    assert len(lenient) > 1
    assert min(face.score for face in lenient) > 0.02
    overlapping = RetinaFaceMobileNet(nms_threshold=0.99, **mobilenet).detect(photo)
    assert len(overlapping) > 5


def test_missing_weights_are_named_with_address_hash_and_place(no_network: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        RetinaFaceMobileNet()
    text = str(caught.value)
    for part in (WEIGHTS.name, WEIGHTS.url, WEIGHTS.sha256, str(no_network)):
        assert part in text


def test_weights_with_another_hash_are_refused(mobilenet: dict[str, Any], no_network: Path) -> None:
    with pytest.raises(WeightsError, match=f"has SHA-256 {mobilenet['weights_sha256']}"):
        RetinaFaceMobileNet(weights=mobilenet["weights"])
    no_network.mkdir()
    shutil.copy(mobilenet["weights"], no_network / WEIGHTS.name)
    with pytest.raises(WeightsError, match="is not the file expected"):
        RetinaFaceMobileNet()


@pytest.mark.parametrize("text", ["abc", "z" * 64])
def test_a_hash_that_is_none_is_a_wrong_parameter(text: str) -> None:
    with pytest.raises(ParameterError, match="weights_sha256"):
        RetinaFaceMobileNet(weights_sha256=text)


@pytest.mark.parametrize("content", [b"", b"not onnx", None])
def test_a_file_that_is_not_the_network_is_reported(
    mobilenet: dict[str, Any], tmp_path: Path, content: bytes | None, photo: Images, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "broken.onnx"
    whole = Path(mobilenet["weights"]).read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    detector = RetinaFaceMobileNet(weights=str(path), weights_sha256=weights.sha256(path))
    with pytest.raises(WeightsError, match=r"broken\.onnx is not RetinaFace"):
        detector.detect(photo)
    capfd.readouterr()  # OpenCV writes its own account to standard error


def test_the_public_weights(photo: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FERBENCH_WEIGHTS")
    if not (weights.weights_folder() / WEIGHTS.name).exists():
        pytest.skip(f"{WEIGHTS.name} is not in {weights.weights_folder()}, and tests do not download")
    assert len(RetinaFaceMobileNet().detect(photo)) == 1
