from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from typing import Any

import numpy as np
import pytest

from ferbench.data import Images
from ferbench_detectors.mediapipe import MediaPipe

ALONE = """
import sys, numpy as np
from ferbench_detectors.mediapipe import MediaPipe
detector = MediaPipe(weights=sys.argv[1])
print(len(detector.detect(np.zeros((50, 60, 3), np.uint8))))
"""


def test_both_mouth_corners_are_the_mouths_centre(photo: Images, blazeface: dict[str, Any]) -> None:
    (face,) = MediaPipe(**blazeface).detect(photo)
    assert face.landmarks is not None
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    np.testing.assert_array_equal(left_mouth, right_mouth)
    np.testing.assert_allclose([left_eye, right_eye, nose], [(201, 105), (246, 109), (220, 127)], atol=6)
    assert nose[1] < left_mouth[1]


def test_nothing_of_its_native_log_reaches_the_terminal(blazeface: dict[str, Any]) -> None:
    """Neither at the start, nor at the end of the process, which does not wait for it."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE, blazeface["weights"]], capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_it_is_closed_when_it_is_no_longer_needed(
    blazeface: dict[str, Any], photo: Images, capfd: pytest.CaptureFixture[str]
) -> None:
    detector = MediaPipe(**blazeface)
    detector.detect(photo)
    task, gone = detector.network, weakref.ref(detector)
    del detector
    gc.collect()
    assert gone() is None
    assert task._handle is None
    assert capfd.readouterr().err == ""
