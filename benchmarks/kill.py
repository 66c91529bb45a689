"""What a kill -9 costs in the middle of detecting 10,000 images, and whether the next run goes on to the same crops.

    python benchmarks/kill.py [--images N] [--kills N]

The detector is YuNet, the pictures stills of synthfaces. A process is killed at random moments; each time the rows that
it had begun are compared with those that the next one finds noted. A batch is 32 images.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.components.steps import FaceStep
from ferbench.data import Samples
from ferbench.faces.cache import CropCache
from ferbench.faces.prepare import IMAGES_PER_PIECE, Crops, prepare
from ferbench_datasets.synthfaces.dataset import SynthFaces
from ferbench_detectors.yunet import YuNet

WEIGHTS = Path(__file__).parents[2] / "shared" / "weights" / "face_detection_yunet_2026may.onnx"


@dataclass(frozen=True)
class Traced:
    """``count`` pictures, 100 stills over and over; appends each row that is read to ``trace``."""

    stills: list[Any]
    count: int
    trace: Path

    def __len__(self) -> int:
        return self.count

    def read(self, index: int) -> Any:
        """uint8 [256, 256, 3]."""
        with self.trace.open("a") as file:
            file.write(f"{index}\n")
        return self.stills[index % len(self.stills)]


def detect(count: int, cache: Path, trace: Path) -> Crops:
    """Fills the cache, or continues it."""
    drawn = SynthFaces(subjects=4, clips=1, frames=4).load(None)
    stills = [drawn.images.read(index) for index in range(min(100, len(drawn)))]
    samples = Samples(
        ids=np.array([str(row) for row in range(count)]),
        labels=np.zeros(count, np.int64),
        classes=("one",),
        images=Traced(stills, count, trace),
        fingerprint=f"kill {count}",
    )
    detector = YuNet(weights=str(WEIGHTS))
    return prepare(samples, lambda: detector, FaceStep(), progress=lambda *_: None, cache=cache)


def main() -> None:
    """Kills, goes on, and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.into:
        detect(given.images, given.into, given.into / "trace")
        return
    print("| killed at image | noted | images lost | batches begun and lost |\n|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        cache, drawn = Path(folder, "killed"), random.Random(0)
        cache.mkdir()
        for kill in range(given.kills):
            target = given.images * (kill + drawn.random()) / given.kills
            begun = _killed(given.images, cache, target)
            with CropCache(next(cache.rglob("crops.npy")).parent, given.images, FaceStep().size) as left:
                noted = left.done
            print(
                f"| {begun:,} | {noted:,} | {begun - noted:,} | {-(-(begun - noted) // IMAGES_PER_PIECE)} |", flush=True
            )
        went_on = detect(given.images, cache, cache / "trace")
        whole = detect(given.images, Path(folder, "whole"), Path(folder, "trace"))
        same = np.array_equal(went_on.images, whole.images) and np.array_equal(went_on.has_face, whole.has_face)
        print(f"\nthe crops are {'the same as' if same else 'OTHER than'} those of an undisturbed run")


def _killed(images: int, cache: Path, target: float) -> int:
    """Kills a process once it has begun image ``target``; gives the last one that it began, counted from 1."""
    trace = cache / "trace"
    words = [sys.executable, __file__, "--images", str(images), "--into", str(cache)]
    with subprocess.Popen(words) as process:
        while _last(trace) < target:
            if process.poll() is not None:
                raise RuntimeError("it ended before it could be killed")
            time.sleep(0.01)
        process.kill()
    return _last(trace)


def _last(trace: Path) -> int:
    if not trace.exists():
        return 0
    with trace.open("rb") as file:
        file.seek(max(0, trace.stat().st_size - 64))
        lines = file.read().split(b"\n")
    return int(lines[-2]) + 1 if len(lines) > 1 else 0


if __name__ == "__main__":
    main()
