"""A camera's frames, as they come."""

import signal
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from ferbench.errors import DataError
from ferbench.media.frame import Frame


def frames(number: int) -> Generator[Frame]:
    """Frames of camera ``number`` (from 0) until it ends. Raises ``DataError`` if it is not there."""
    logging: Any = cv2.utils.logging
    level = logging.getLogLevel()
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)  # else it prints each way in which it could not open a camera
    try:
        camera = cv2.VideoCapture(number)
    finally:
        logging.setLogLevel(level)
    name = f"camera-{number}"
    try:
        count = 0
        started = time.monotonic()
        while camera.isOpened():
            succeeded, picture = camera.read()
            if not succeeded:
                break
            yield Frame(name, np.ascontiguousarray(picture[:, :, ::-1], np.uint8), count, time.monotonic() - started)
            count += 1
        if not count:
            raise DataError(
                f"camera {number} is not there, or gives no picture",
                fix="check that it is connected (Linux: ls /dev/video*), not in use, and that you have permission",
            )
    finally:
        camera.release()


@contextmanager
def until_interrupted() -> Iterator[list[int]]:
    """Gives a list that is no longer empty once Ctrl-C was pressed, which ends nothing by itself."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)
