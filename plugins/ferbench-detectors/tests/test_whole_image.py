from __future__ import annotations

import numpy as np

from ferbench_detectors.whole_image import WholeImage


def test_the_whole_image_is_the_face() -> None:
    (face,) = WholeImage().detect(np.zeros((48, 64, 3), np.uint8))
    assert (face.box, face.score, face.landmarks) == ((0.0, 0.0, 64.0, 48.0), 1.0, None)
