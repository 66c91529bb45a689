"""The frame extractor: frames a second and peak memory at 720x576 on one core, and how many chosen frames are right.

    uv run python benchmarks/frames.py [speed] [choice]

``speed`` writes MPEG-4 videos of 10 s and 60 s (MMI's size and rate) and goes through each in a process of its own that
may use one core. ``choice`` draws 24 performances of known intensity that no parameter was chosen on, 40 neutral frames
at each end, so that half of the frames that may be chosen are neutral; the videos are coded and decoded.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.media.video import video_pictures
from ferbench_datasets.frames import FrameExtractor
from ferbench_datasets.synthfaces.clips import clip

EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise")
CHILD = """
import os, resource, sys, time
from pathlib import Path
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import cv2
cv2.setNumThreads(1)
from ferbench_datasets.frames import FrameExtractor
from ferbench.media.video import pictures
start, cpu = time.perf_counter(), time.process_time()
chosen = FrameExtractor().extract(pictures(Path(sys.argv[1]), "video"))
seconds, busy = time.perf_counter() - start, time.process_time() - cpu
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(chosen.frames, seconds, busy, peak)
"""


def write(file: Path, frames: Iterable[NDArray[np.uint8]], width: int, height: int) -> Path:
    """Codes RGB pictures as MPEG-4 at 25 fps."""
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", 4_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return file


def measure(file: Path) -> tuple[int, float, float, float]:
    """Frames, seconds, seconds of the processor, and peak memory in MB, of a process that goes through ``file``."""
    output = subprocess.run([sys.executable, "-c", CHILD, str(file)], capture_output=True, text=True, check=True)
    frames, seconds, busy, peak = output.stdout.split()
    return int(frames), float(seconds), float(busy), float(peak)


def speed(folder: Path) -> None:
    """Prints speed and memory for 10 s and 60 s."""
    shown = clip(1, 0, "happy", 0, 50)
    large = [cv2.resize(shown.read(index), (720, 576)) for index in range(50)]
    peaks = []
    for seconds in (10, 60):
        loop = (large[index % 50] for index in range(25 * seconds))
        frames, took, busy, peak = measure(write(folder / f"{seconds}.avi", loop, 720, 576))
        peaks.append(peak)
        print(
            f"{seconds} s of 720x576 ({frames} frames): {frames / took:.0f} frames a second, "
            f"{frames / busy:.0f} a second of the core's time; peak {peak:.1f} MB"
        )
    print(f"peak memory of 60 s against 10 s: {peaks[1] / peaks[0] - 1:+.1%}")


def choice(folder: Path) -> None:
    """Prints the share of chosen frames in the expressive part."""
    expressive, strong, outliers = [], [], []
    for subject in range(4):
        for emotion in EMOTIONS:
            shown = clip(4, subject, emotion, 0, 120, 40)
            file = write(folder / "video.avi", (shown.read(index) for index in range(len(shown))), 256, 256)
            chosen = FrameExtractor().extract(video_pictures(file, emotion))
            expressive.append(np.mean(shown.intensities[chosen.indices] > 0))
            strong.append(np.mean(shown.intensities[chosen.indices] >= 0.5))
            outliers.append(chosen.outliers)
    print(
        f"{len(expressive)} performances: {np.mean(expressive):.1%} of the chosen frames are in the expressive part "
        f"(the least in a video: {min(expressive):.0%}), {np.mean(strong):.1%} at half of its strength or more; "
        f"{np.mean(outliers):.1f} of 20 are outliers"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for part in sys.argv[1:] or ("speed", "choice"):
            {"speed": speed, "choice": choice}[part](Path(place))
