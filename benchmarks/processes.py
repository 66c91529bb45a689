"""The face step over two processes: how many times as fast as over one, with a real detector.

    python benchmarks/processes.py [--detector haar] [--images 20000] [--rounds 2]

The images are stills of synthfaces, 256 x 256, in memory. The time is that of ``ferbench.faces.prepare`` from an empty
cache: the start of the processes and the writing of the cache are in it. Every process computes on one thread. The
order of one and two changes from round to round. Asked on two cores: at least 1.7; the crops must be the same.
"""

from __future__ import annotations

import argparse
import os

from ferbench.support.processes import ONE_THREAD

os.environ.update(dict.fromkeys(ONE_THREAD, "1"))

import tempfile  # the libraries read the variables when they are loaded
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.components.discovery import installed
from ferbench.components.steps import FaceStep
from ferbench.data import Images, Samples
from ferbench.faces.prepare import prepare


@dataclass(frozen=True)
class Repeated:
    """``count`` images, the ``drawn`` ones again and again."""

    drawn: list[Images]
    count: int

    def __len__(self) -> int:
        return self.count

    def read(self, index: int) -> Any:
        """uint8 [256, 256, 3]."""
        return self.drawn[index % len(self.drawn)]


def timed(samples: Samples, detector: Any, workers: int) -> tuple[float, Images]:
    """Seconds of the face step from an empty cache, and its crops."""
    with tempfile.TemporaryDirectory() as cache:
        started = time.perf_counter()
        crops = prepare(samples, detector, FaceStep(), progress=lambda *_: None, cache=Path(cache), workers=workers)
        return time.perf_counter() - started, np.array(crops.images)


def main() -> None:
    """Prints each round and the median ratio."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--detector", default="haar")
    options.add_argument("--images", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=2)
    arguments = options.parse_args()
    registry = installed().registry
    drawn = registry.get("dataset", "synthfaces").load()(subjects=4, clips=1, frames=4).load(None)
    images = Repeated([drawn.images.read(row) for row in range(len(drawn))], arguments.images)
    samples = Samples(
        ids=np.array([f"image-{number}" for number in range(arguments.images)]),
        labels=np.zeros(arguments.images, np.int64),
        classes=("one",),
        images=images,
        fingerprint=f"repeated {arguments.images}",
    )
    build = registry.get("detector", arguments.detector).load()
    build().detect(images.read(0))
    ratios = []
    for number in range(arguments.rounds):
        taken = {workers: timed(samples, build, workers) for workers in ((1, 2), (2, 1))[number % 2]}
        assert np.array_equal(taken[1][1], taken[2][1]), "the crops differ"
        ratios.append(taken[1][0] / taken[2][0])
        one, two = taken[1][0], taken[2][0]
        print(
            f"{arguments.detector}, {arguments.images:,} images: {one:.1f} s by one process, {two:.1f} s by two:"
            f" {ratios[-1]:.2f} times as fast",
            flush=True,
        )
    print(f"median {float(np.median(ratios)):.2f}; load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
