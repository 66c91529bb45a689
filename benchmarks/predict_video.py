"""Prediction on a video: its memory over a clip's length, and its time against the detector's and the model's alone.

    uv run python benchmarks/predict_video.py [--detector haar] [--long 60] [--short 10] [--out]

Draws a clip of 720x576 at 25 frames a second, trains a small model, and goes through a short and a long clip in a
process each. Asked: the long one's peak RSS within 5% of the short one's, and its time at most 10% above the detector's
and the model's calls alone on the same frames; these are timed in the same process, before and after, frame by frame.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import cv2

from ferbench.data import batches
from ferbench.media import video
from ferbench.prediction import model as models
from ferbench.prediction import predict, records
from ferbench.support import processes
from ferbench.support.progress import Reporter
from ferbench_datasets.synthfaces.clips import clip

SMALL = ["dataset.subjects=6", "dataset.clips=1", "dataset.frames=1", "embedder.epochs=1", "detector=haar"]


def write(file: Path, seconds: int) -> Path:
    """A performance, again and again."""
    shown = clip(1, 0, "happy", 0, 50)
    large = [cv2.resize(shown.read(index), (720, 576)) for index in range(50)]
    with av.open(str(file), "w") as container:
        stream: Any = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 720, 576, "yuv420p", 4_000_000
        for index in range(25 * seconds):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(large[index % 50], format="rgb24")))
        container.mux(stream.encode())
    return file


def train(out: Path) -> str:
    """The bundle of a quick run."""
    words = [sys.executable, "-m", "ferbench", "run", "--pipeline", "ce-resnet18-svm", "--out", str(out), "--json"]
    words += [word for one in SMALL for word in ("--set", one)]
    return str(json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True).stdout)["bundle"])


def alone(model: models.Model, file: Path) -> float:
    """Seconds of the detector's and the model's own calls on each frame, in batches as ``predict`` makes them."""
    spent, crops = 0.0, []
    for picture in video.video_pictures(file, "clip"):
        started = time.perf_counter()
        faces = model.find(picture)
        spent += time.perf_counter() - started
        crops += [model.crop(picture, face) for face in faces[:1]]
    for part in batches(len(crops), predict.MAX_FRAMES):
        started = time.perf_counter()
        model.label(crops[part])
        spent += time.perf_counter() - started
    return spent


def child(given: argparse.Namespace) -> None:
    """Predicts one clip, and prints seconds and peak memory as JSON."""
    processes.tune_malloc()  # as the command does
    model = models.load(given.model, detector=given.detector)
    file = Path(given.child)
    first = next(video.video_pictures(file, "clip"))
    model.label([model.crop(first, face) for face in model.find(first)])  # warms both up
    before = alone(model, file) if given.compare else 0.0
    started = time.perf_counter()
    with records.csv_file(file.with_suffix(".csv"), model.classes_.tolist(), model.scale) as rows:
        predictor = predict.Predictor(
            model=model,
            reporter=Reporter(),
            on_face=rows.add,
            on_error=print,
            faces="largest",
            out=file.parent / "out" if given.out else None,
        )
        (totals,) = predictor.files([file])
    seconds = time.perf_counter() - started
    calls = (before + alone(model, file)) / 2 if given.compare else 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"frames": totals.frames, "seconds": seconds, "alone": calls, "peak_mb": peak}))


def main() -> None:
    """Measures both clips and prints the two figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detector", default="haar")
    parser.add_argument("--long", type=int, default=60)
    parser.add_argument("--short", type=int, default=10)
    parser.add_argument("--model", help="A bundle; by default a small one is trained.")
    parser.add_argument("--out", action="store_true", help="Draw the video and the timeline as well.")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--compare", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        child(given)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        bundle = given.model or train(folder / "runs")
        words = [sys.executable, __file__, "--model", bundle, "--detector", given.detector]
        words += ["--out"] * given.out
        found = {}
        for name, seconds, more in (
            ("short", given.short, []),
            ("long", given.long, []),
            ("compared", given.long, ["--compare"]),
        ):
            file = write(folder / f"{name}.avi", seconds)
            output = subprocess.run(
                [*words, *more, "--child", str(file)], stdout=subprocess.PIPE, check=True, text=True
            ).stdout
            found[name] = json.loads(output.splitlines()[-1])
            print(f"{name}: {seconds} s, {found[name]}", flush=True)
    memory = found["long"]["peak_mb"] / found["short"]["peak_mb"] - 1
    print(f"peak RSS of {given.long} s against {given.short} s: {memory:+.1%} (asked: within 5%)")
    more_time = found["compared"]["seconds"] / found["compared"]["alone"] - 1
    print(f"time against detector and model alone: {more_time:+.1%} (asked: at most 10% above)")


if __name__ == "__main__":
    main()
