"""Many bundles -> leaderboards: seconds and peak memory.

    python benchmarks/leaderboard.py [--bundles 1000] [--images 3589] [--boards 20] [--seeds 5] [--keep DIR]

Makes bundles of a kept one on FER2013, of the first ``--images`` of its 3,589 test images and each with other
predictions, in a temporary folder: ``--boards`` datasets, each with pipelines of as many ``--seeds``. Runs ``ferbench
leaderboard`` in a process of its own, then again with ``--check``; each verifies every bundle.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ferbench.bundles import bundle, leak_list
from ferbench.bundles.scores import score, score_leak_free
from ferbench.data import Predictions
from ferbench.verify import verify

REAL = Path(__file__).parents[1] / "leaderboards/results/fer2013-7/official/ce-resnet18-softmax"
DISTINCT = 211
"""Different predictions; further bundles repeat them (verified again all the same: every ``result.json`` differs)."""


def draw(root: Path, bundles: int, images: int, boards: int, seeds: int) -> int:
    """Writes ``bundles`` bundles, and gives their bytes."""
    (folder,) = bundle.find(REAL)
    real = bundle.read(folder)
    label = real.main_classifier
    first = bundle.predictions(folder, real, label).take(np.arange(images))
    kept = set(first.ids.tolist())
    leaks = [leak for leak in leak_list.read(folder) if leak[0] in kept]
    drawn = [_worsened(first, np.random.default_rng(number)) for number in range(min(bundles, DISTINCT))]
    texts = [bundle.predictions_csv(one) for one in drawn]
    marked = leak_list.mask(leaks, first, folder)
    facts = real.model_dump(mode="json") | {"test_digest": bundle.test_digest(first)}
    facts["splits"][0] |= {"test": images, "leaks": {**facts["splits"][0]["leaks"], "test_images": int(marked.sum())}}
    size = 0
    for number in range(bundles):
        board, pipeline, seed = number % boards, number // boards // seeds, number // boards % seeds
        one = drawn[number % len(drawn)]
        facts["seed"] = seed
        facts["pipeline"]["name"] = f"pipeline-{pipeline:04}"
        facts["dataset"] |= {"name": f"drawn{board:02}", "fingerprint": f"{board:064x}"}
        facts["scores"] = {label: score(one).model_dump(mode="json")}
        facts["leak_free"] = {label: score_leak_free(one, marked).model_dump(mode="json")}
        facts["run"] = verify.run_name(bundle.Result.model_validate(facts))
        target = root / bundle.relative_path(facts)
        target.mkdir(parents=True)
        for name, text in (
            ("predictions.csv", texts[number % len(drawn)]),
            ("leaks.csv", leak_list.to_csv(leaks)),
            ("result.json", json.dumps(facts, indent=2)),
        ):
            (target / name).write_text(text, encoding="utf-8")
            size += len(text)
    return size


def _worsened(real: Predictions, rng: np.random.Generator) -> Predictions:
    """The same with up to a third of the rows taken for another class."""
    predicted, scores = real.predicted.copy(), real.scores.copy()
    rows = np.flatnonzero(rng.random(len(real)) < rng.uniform(0.02, 0.33))
    others = (predicted[rows] + rng.integers(1, len(real.classes), len(rows))) % len(real.classes)
    scores[rows, predicted[rows]], scores[rows, others] = scores[rows, others], scores[rows, predicted[rows]]
    predicted[rows] = others
    return replace(real, predicted=predicted, scores=scores)


def timed(words: list[str]) -> tuple[float, float, float]:
    """Seconds of a ``ferbench`` command, its CPU seconds, and the largest peak in MB of a process of any so far."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "ferbench", *words],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024


def main() -> None:
    """Draws, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("bundles", 1_000), ("images", 3_589), ("boards", 20), ("seeds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--keep", type=Path, help="draw into this folder, or take what was drawn there before")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = (options.keep or Path(temporary)) / "results"
        if root.exists():
            size = sum(file.stat().st_size for file in root.rglob("*") if file.is_file())
        else:
            size = draw(root, options.bundles, options.images, options.boards, options.seeds)
        print(
            f"{options.bundles:,} bundles of {options.images:,} images on {options.boards} boards, {size / 1e9:.2f} GB"
        )
        words = ["leaderboard", "--results", str(root), "--pages", str(Path(temporary) / "pages")]
        for what, more in (("written", []), ("--check", ["--check"])):
            seconds, computed, memory = timed([*words, *more])
            print(f"{what:12} {seconds:7.1f} s   {computed:7.1f} s of CPU   {memory:6.0f} MB", flush=True)


if __name__ == "__main__":
    main()
