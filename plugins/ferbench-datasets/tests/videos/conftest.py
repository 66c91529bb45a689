"""What tests of videos share: performances drawn once, encoded as recordings are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from ferbench_datasets.synthfaces.clips import clip

FRAMES, CALM = 100, 35
"""Of the 60 frames that are left when 20 are dropped at each end, half are neutral."""
EMOTIONS = ("angry", "disgust", "surprise", "happy")


@dataclass(frozen=True)
class Performance:
    """A person showing ``emotion`` between neutral frames. ``intensities`` are float64 [N] in [0, 1]."""

    emotion: str
    pictures: list[NDArray[np.uint8]]
    intensities: NDArray[np.float64]
    video: Path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder, a test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ferbench" / "frames"


@pytest.fixture(scope="session")
def film() -> Callable[..., Path]:
    """Writes pictures uint8 [H, W, 3] as a video at 25 fps, MPEG-4 unless told, in the container that the name says."""
    return _film


@pytest.fixture(scope="session")
def performances(tmp_path_factory: pytest.TempPathFactory) -> list[Performance]:
    """One performance of each emotion, 256x256 at 25 fps."""
    folder = tmp_path_factory.mktemp("videos")
    made = []
    for subject, emotion in enumerate(EMOTIONS):
        shown = clip(4, subject, emotion, 0, FRAMES, CALM)
        pictures = [shown.read(index) for index in range(FRAMES)]
        made.append(Performance(emotion, pictures, shown.intensities, _film(folder / f"{emotion}.avi", pictures)))
    return made


def _film(file: Path, pictures: Sequence[NDArray[Any]], codec: str = "mpeg4") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 2_000_000
        stream.codec_context.thread_count = 1
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file
