"""Draws faces onto a picture."""

from collections.abc import Sequence
from typing import Any

import cv2

from ferbench.data import Face, Images

BOX_COLOUR = (255, 200, 0)
POINT_COLOUR = (0, 200, 255)


def draw_faces(image: Images, faces: Sequence[Face]) -> Images:
    """A copy of RGB ``image`` (uint8 [H, W, 3]) with each face's box, score and landmarks, drawn to fit its size."""
    drawn: Any = image.copy()
    width = max(1, round(max(image.shape[:2]) / 400))
    for face in faces:
        left, top, right, bottom = (round(side) for side in face.box)
        cv2.rectangle(drawn, (left, top), (right - 1, bottom - 1), BOX_COLOUR, width)
        corner = (left, max(top - 2 * width, 12 * width))
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(drawn, f"{face.score:.2f}", corner, font, 0.4 * width, BOX_COLOUR, width, cv2.LINE_AA)
        landmarks = [] if face.landmarks is None else face.landmarks.tolist()
        for x, y in landmarks:
            cv2.circle(drawn, (round(x), round(y)), 2 * width, POINT_COLOUR, -1, cv2.LINE_AA)
    return drawn  # type: ignore[no-any-return]
