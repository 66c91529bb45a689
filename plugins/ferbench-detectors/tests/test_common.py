from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ferbench_detectors._common import as_rgb, in_order, letterbox


def test_faces_come_best_first_and_clipped_and_one_outside_is_left_out() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    boxes = [(-5.0, 2.0, 30.0, 50.0), (10.0, 10.0, 20.0, 20.0), (60.0, 5.0, 90.0, 20.0), (1.0, 2.0, 1.0, 9.0)]
    found = in_order([(box, score, None) for box, score in zip(boxes, (0.7, 0.9, 0.8, 0.6), strict=True)], image)
    assert [(face.box, face.score) for face in found] == [((10, 10, 20, 20), 0.9), ((0, 2, 30, 40), 0.7)]


def test_the_letterbox_keeps_the_aspect() -> None:
    image = np.full((100, 200, 3), (10, 20, 30), np.uint8)
    for bgr, pixel in ((True, [30, 20, 10]), (False, [10, 20, 30])):
        canvas, scales = letterbox(image, 640, (104, 117, 123), bgr=bgr)
        assert canvas.shape == (640, 640, 3)
        assert canvas[319, 639].tolist() == pixel
        assert canvas[320, 0].tolist() == [104, 117, 123]
        np.testing.assert_allclose(scales, [3.2, 3.2])


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros(4, np.uint8),
    ],
)
def test_what_is_no_image_is_refused(image: Any) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[H, W, 3\]"):
        as_rgb(image)
