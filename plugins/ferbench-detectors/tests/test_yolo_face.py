from __future__ import annotations

from typing import Any

import numpy as np

from ferbench.data import Images
from ferbench_detectors.yolo_face import YoloFace, decode


def test_the_landmarks_are_where_the_face_has_them(photo: Images, yolo: dict[str, Any]) -> None:
    (face,) = YoloFace(**yolo).detect(photo)
    np.testing.assert_allclose(face.landmarks, [(204, 101), (247, 103), (225, 129), (203, 139), (246, 140)], atol=5)  # type: ignore[arg-type]  # it has some


def test_a_row_is_decoded_as_the_authors_do() -> None:
    """Worked out by hand: stride 16's second anchor (43, 55) in the cell of column 3 and row 2."""
    raw = np.full((25_200, 16), -9.0, np.float32)
    place = 3 * 80 * 80 + 40 * 40 + 2 * 40 + 3
    raw[place] = [0, 0, 0, 0, 2, *[0.5, 0.25] * 5, 3]
    (row,) = decode(raw, 0.5)
    np.testing.assert_allclose(row[:4], [3 * 16 + 8, 2 * 16 + 8, 43, 55], rtol=1e-6)
    np.testing.assert_allclose(row[5:15], [48 + 21.5, 32 + 13.75] * 5, rtol=1e-6)
    np.testing.assert_allclose(row[[4, 15]], [1 / (1 + np.exp(-2)), 1 / (1 + np.exp(-3))], rtol=1e-6)


class Decoded:
    """A session whose one output [1, 25200, 16] is decoded, made of one with raw heads."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.get_inputs = session.get_inputs

    def run(self, names: None, inputs: Any) -> Any:
        heads = sorted(self.session.run(names, inputs), key=lambda head: -head.size)
        found = decode(np.concatenate([head.reshape(-1, 16) for head in heads]), 1e-6)
        rows = np.zeros((1, 25_200, 16), np.float32)
        rows[0, : len(found)] = found
        return [rows]


def test_an_export_that_is_decoded_already_gives_the_same_faces(photo: Images, yolo: dict[str, Any]) -> None:
    """The public file has this form; it is not at hand."""
    raw, decoded = YoloFace(**yolo), YoloFace(**yolo)
    vars(decoded)["network"] = Decoded(raw.network)
    assert [face.box for face in decoded.detect(photo)] == [face.box for face in raw.detect(photo)] != []
