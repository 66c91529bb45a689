from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from ferbench.data import Images
from ferbench_detectors.yunet import YuNet


def test_it_is_opencvs_own_answer(photo: Images, yunet: dict[str, Any]) -> None:
    net = cv2.FaceDetectorYN.create(yunet["weights"], "", (512, 512), 0.6, 0.3)
    (row,) = net.detect(cv2.cvtColor(photo, cv2.COLOR_RGB2BGR))[1]
    (face,) = YuNet(**yunet).detect(photo)
    np.testing.assert_allclose(face.box, (*row[:2], *(row[:2] + row[2:4])), rtol=1e-6)
    np.testing.assert_array_equal(face.landmarks, row[4:14].reshape(5, 2))
    assert face.score == row[14]


def test_a_face_that_fills_a_large_photo_is_found_scaled_down(photo: Images, yunet: dict[str, Any]) -> None:
    large = cv2.resize(photo[40:200, 150:300], None, fx=16, fy=16)
    assert len(YuNet(max_size=320, **yunet).detect(large)) == 1  # type: ignore[arg-type]  # cv2's stubs know no uint8
    assert YuNet(max_size=4096, **yunet).detect(large) == []  # type: ignore[arg-type]
    (face,) = YuNet(max_size=320, **yunet).detect(large)  # type: ignore[arg-type]
    assert np.allclose(np.array(face.box) / 16 + (150, 40, 150, 40), (178, 63, 268, 176), atol=12)


@pytest.mark.parametrize("height", [1, 10, 31, 32])
def test_low_pictures_have_no_garbage_for_faces(height: int, yunet: dict[str, Any]) -> None:
    """OpenCV 4.14 finds faces of infinite size in pictures that it pads to 32 rows."""
    for width in (320, 640, 2000):
        assert YuNet(max_size=8192, **yunet).detect(np.zeros((height, width, 3), np.uint8)) == []
