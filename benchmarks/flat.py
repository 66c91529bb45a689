"""Whether an AffectNet-sized run stays flat: peak memory and pace at 10,000 and at 1,000,000 generated images.

    python benchmarks/flat.py [--small N] [--large N] [--workers N] [--rounds N] [--cache DIR]

Each measurement is a process of its own, whose peak resident set the kernel reports. The pictures are 64 x 64 pixels
and cost microseconds, so that the harness's own share shows. The large cache takes 2.3 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.components.steps import FaceStep
from ferbench.data import Samples
from ferbench.faces.prepare import Rows, prepare
from ferbench.protocols.standard import RandomSplit, SubjectDisjoint
from ferbench.running.embed import embed_all

EMBEDDED = 20_000
BASE = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)


@dataclass(frozen=True)
class Pictures:
    """``count`` gray pictures, each its own."""

    count: int

    def __len__(self) -> int:
        return self.count

    def read(self, index: int) -> Any:
        """uint8 [64, 64]."""
        return BASE ^ np.uint8(index * 2654435761 >> 16 & 255)


def samples(count: int) -> Samples:
    """Ids, labels and subjects as a dataset of that size has them."""
    numbers = np.arange(count)
    return Samples(
        ids=np.array([f"image-{number:010d}" for number in range(count)]),
        labels=numbers % 8,
        classes=tuple("abcdefgh"),
        images=Pictures(count),
        fingerprint=f"flat {count}",
        subjects=np.array([f"s{number:06d}" for number in range(max(10, count // 100))])[numbers // 100],
        cropped=True,
    )


def index(count: int, cache: Path, workers: int) -> dict[str, float]:
    """Builds the samples and splits them by two protocols."""
    with timed(count) as taken:
        made = samples(count)
        for protocol in (RandomSplit(), SubjectDisjoint()):
            for split in protocol.splits(made, 0):
                split.digest(made.ids)
    return taken


def crop(count: int, cache: Path, workers: int) -> dict[str, float]:
    """Fills the cache."""
    made = samples(count)
    with timed(count) as taken:
        prepare(made, _never, FaceStep(), progress=lambda *_: None, cache=cache, workers=workers)
    return taken


def raw_pixels(count: int, cache: Path, workers: int) -> dict[str, float]:
    """Embeds rows from all over the cache by the least that an embedder can do."""
    from ferbench_sklearn.raw_pixels import RawPixels

    return _embed(RawPixels(), count, cache)


def resnet18(count: int, cache: Path, workers: int) -> dict[str, float]:
    """Embeds rows from all over the cache by a network."""
    from ferbench_torch.resnet import ResNet18  # torch takes half a gigabyte that the other steps do not

    return _embed(ResNet18(device="cpu"), count, cache)


MEASURED = {one.__name__: one for one in (index, crop, raw_pixels, resnet18)}


@contextmanager
def timed(images: int) -> Iterator[dict[str, float]]:
    """How many images a second a block handles; the processor's time says more where other work shares the machine."""
    taken: dict[str, float] = {}
    clock, used = time.perf_counter(), _cpu()
    yield taken
    taken |= {"rate": images / (time.perf_counter() - clock), "cpu": (_cpu() - used) / images * 1e6}


def _embed(embedder: Any, count: int, cache: Path) -> dict[str, float]:
    rows = np.random.default_rng(1).integers(0, count, EMBEDDED)
    kept = prepare(samples(count), _never, FaceStep(), progress=lambda *_: None, cache=cache)
    with timed(EMBEDDED) as taken:
        embed_all(embedder.embed, Rows(kept.images, rows), lambda *_: None)
    return taken


def _never() -> Any:
    raise AssertionError("the pictures are crops already")


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak() -> float:
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def main() -> None:
    """Measures everything and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--cache", type=Path)
    parser.add_argument(
        "--rounds", type=int, default=2, help="of each step but the filling of the cache; the best counts"
    )
    parser.add_argument("--measure", choices=MEASURED)
    parser.add_argument("--count", type=int)
    given = parser.parse_args()
    if given.measure:
        taken = MEASURED[given.measure](given.count, given.cache, given.workers)
        print(json.dumps(taken | {"peak_mb": _peak()}))
        return
    print("| step | of | images/s | CPU µs an image | peak RSS, MB |\n|---|---:|---:|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as fresh:
        for name in MEASURED:
            rounds = [
                _round(name, given, given.cache or Path(fresh)) for _ in range(1 if name == "crop" else given.rounds)
            ]
            for column, count in enumerate((given.small, given.large)):
                best = max((one[column] for one in rounds), key=lambda taken: taken["rate"])
                peak = max(one[column]["peak_mb"] for one in rounds)
                print(f"| {name} | {count:,} | {best['rate']:,.0f} | {best['cpu']:,.1f} | {peak:,.0f} |", flush=True)


def _round(name: str, given: argparse.Namespace, cache: Path) -> list[dict[str, float]]:
    """One measurement of each size, one after the other, so that what else the machine does falls on both."""
    taken = []
    for count in (given.small, given.large):
        words = ["--measure", name, "--count", count, "--cache", cache, "--workers", given.workers]
        command = [sys.executable, __file__, *map(str, words)]
        taken.append(json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout))
    return taken


if __name__ == "__main__":
    main()
