from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.data import Images
from ferbench.errors import WeightsError
from ferbench_detectors.haar import Haar


def test_it_is_opencvs_own_answer(photo: Images) -> None:
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")  # type: ignore[attr-defined]  # cv2's stubs lack it
    gray = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    expected = [(x, y, x + w, y + h) for x, y, w, h in cascade.detectMultiScale(gray, 1.2, 3, minSize=(30, 30))]
    assert [face.box for face in Haar(1.2, 3, 30).detect(photo)] == expected


def test_the_smallest_face_is_a_parameter(photo: Images) -> None:
    assert Haar(min_size=90).detect(photo)
    assert Haar(min_size=120).detect(photo) == []


def test_an_opencv_without_cascades_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cv2, "__file__", str(tmp_path / "cv2" / "__init__.py"))
    with pytest.raises(WeightsError, match=r"OpenCV .* has no readable haarcascade") as caught:
        Haar().detect(np.zeros((9, 9, 3), np.uint8))
    assert "opencv-python-headless" in caught.value.fix
