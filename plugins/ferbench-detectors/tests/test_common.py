from __future__ import annotations

import numpy as np

from ferbench_detectors._common import in_order, letterbox


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
