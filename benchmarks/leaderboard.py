"""10,000 bundles -> leaderboards: seconds and peak memory, the first time and again.

    python benchmarks/leaderboard.py [--bundles 10000] [--images 3589] [--boards 20] [--seeds 5] [--keep DIR]

Draws bundles with seven classes, as large as those of a dataset with ``--images`` test images (FER2013: 3,589), into a
temporary folder: ``--boards`` datasets, each with pipelines of as many ``--seeds``. Runs ``ferbench leaderboard``
in a process of its own with an empty memory of what was verified, then again, then with ``--check``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ferbench import bundle, metrics
from ferbench.data import Labels, Predictions, Strings

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


DISTINCT = 211
"""Different predictions; bundles beyond take them again (verified anew all the same: every ``result.json`` differs)."""


def _predict(ids: Strings, labels: Labels, rng: np.random.Generator) -> Predictions:
    count = len(ids)
    scores = rng.normal(0, 1, (count, 7))
    scores[np.arange(count), labels] += rng.normal(rng.uniform(1.1, 1.3), 0.8, count)
    return Predictions(ids, np.full(count, "official"), labels, scores.argmax(axis=1), scores, "decision", CLASSES)


def draw(root: Path, bundles: int, images: int, boards: int, seeds: int) -> int:
    """Writes ``bundles`` bundles, and gives their bytes."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, images)
    ids = np.array([f"test/{number:06}.png" for number in range(images)])
    drawn = [_predict(ids, labels, rng) for _ in range(min(bundles, DISTINCT))]
    texts = [bundle.predictions_text(one) for one in drawn]
    digest = bundle.test_digest(drawn[0])
    size = 0
    for number in range(bundles):
        board, pipeline, seed = number % boards, number // boards // seeds, number // boards % seeds
        predictions = drawn[number % len(drawn)]
        described = {
            "schema_version": 1,
            "tier": "reproduced",
            "run": f"seed{seed}-{number:010x}",
            "transfer": None,
            "seed": seed,
            "pipeline": {
                "name": f"pipeline-{pipeline:04}",
                "detector": None,
                "faces": {"size": 48, "margin": 0.0, "shipped": True},
                "embedder": {
                    "name": "resnet18",
                    "distribution": "ferbench-torch 0.1.0",
                    "parameters": {"epochs": 30, "size": 128, **{f"option_{one}": one / 7 for one in range(12)}},
                },
                "loss": {"name": "loss", "distribution": "ferbench-torch 0.1.0", "parameters": {"margin": 0.2}},
                "sampler": None,
                "classifiers": {"svm": {"name": "svm", "distribution": "ferbench-sklearn 0.1.0", "parameters": {}}},
                "monitor": {"every": 1},
                "changed": {"embedder.epochs": 30, "embedder.crop": 0.8},
            },
            "dataset": {
                "name": f"drawn{board:02}",
                "distribution": "ferbench-datasets 0.1.0",
                "parameters": {},
                "fingerprint": f"{board:064x}",
                "samples": images * 10,
                "counts": {name: int((labels == code).sum()) for code, name in enumerate(CLASSES)},
            },
            "protocol": {
                "name": "official",
                "distribution": "ferbench 0.1.0",
                "parameters": {"selection": "validation"},
                "selection": "validation",
                "optimistic": None,
            },
            "classes": list(CLASSES),
        }
        curve = [
            {"epoch": epoch, "loss": 1 / epoch, "learning_rate": 0.001, "images_per_second": 70.0, "validation": {}}
            for epoch in range(1, 31)
        ]
        leaks = rng.choice(images, images // 6, replace=False)
        result = bundle.Result.model_validate(
            {
                **described,
                "created": "2026-11-24T19:52:54+00:00",
                "splits": [{"split": "official", "leaks": {"test_images": len(leaks), "seen": ["train"]}}],
                "test_digest": digest,
                "faces": {"source": "the dataset's crops", "coverage": 1.0, "missed": 0},
                "curves": {"official": curve},
                "best_epochs": {"official": 25},
                "scores_kind": {"svm": "decision"},
                "scores": {"svm": metrics.score(predictions)},
                "leak_free": {"svm": metrics.score_leak_free(predictions, np.isin(np.arange(images), leaks))},
                "notes": [],
                "stages": {"training": 4000.0, "embedding": 90.0},
                "peak_memory_mb": 1200.0,
                "parameters": 11_235_904,
                "environment": {},
            }
        )
        folder = root / bundle.place(described)
        folder.mkdir(parents=True)
        lines = ["id,split,shares,with", *(f"{ids[row]},official,near,train/{row:06}.png" for row in sorted(leaks))]
        for name, text in (
            ("predictions.csv", texts[number % len(drawn)]),
            ("leaks.csv", "\n".join(lines) + "\n"),
            ("result.json", json.dumps(result.model_dump(mode="json"), indent=2)),
        ):
            (folder / name).write_text(text, encoding="utf-8")
            size += len(text)
    return size


def timed(words: list[str], cache: Path) -> tuple[float, float, float]:
    """Seconds of a ``ferbench`` command, its CPU seconds, and the largest peak in MB of a process of any so far."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "ferbench", *words],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
    )
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024


def main() -> None:
    """Draws, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("bundles", 10_000), ("images", 3_589), ("boards", 20), ("seeds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--keep", type=Path, help="draw into this folder, or take what was drawn there before")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = (asked.keep or Path(temporary)) / "results"
        if root.exists():
            size = sum(file.stat().st_size for file in root.rglob("*") if file.is_file())
        else:
            size = draw(root, asked.bundles, asked.images, asked.boards, asked.seeds)
        print(f"{asked.bundles:,} bundles of {asked.images:,} images on {asked.boards} boards, {size / 1e9:.2f} GB")
        words = ["leaderboard", "--results", str(root), "--pages", str(Path(temporary) / "pages")]
        cache = Path(temporary) / "cache"
        for what, more in (("first time", []), ("again", []), ("--check", ["--check"])):
            seconds, computed, memory = timed([*words, *more], cache)
            print(f"{what:12} {seconds:7.1f} s   {computed:7.1f} s of CPU   {memory:6.0f} MB", flush=True)


if __name__ == "__main__":
    main()
