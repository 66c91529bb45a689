"""A sweep of eight equal cells by one and by two worker processes: how many times as fast two are.

    uv run python benchmarks/sweep.py [--subjects 240] [--cells 8]

Each cell draws its own people (synthfaces with another seed), finds nothing in the crop cache, and fits a linear SVM on
their pixels: all of it on one thread. Timed is the sweep with the workers' imports, without the start of Dask's
processes. Asked on two cores: at least 1.7; the predictions must be the same.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from rich.console import Console

from ferbench.components.discovery import installed
from ferbench.support.processes import ONE_THREAD
from ferbench.sweeps import on_dask, study, sweep
from ferbench.sweeps.display import Display

STUDY = """
pipelines = ["raw-pixels-svm"]
datasets = [{datasets}]
"""


def measure(workers: int, cells: int, subjects: int, room: Path) -> tuple[float, list[bytes]]:
    """Seconds of the sweep, and the predictions of each cell."""
    os.environ["XDG_CACHE_HOME"] = str(room / f"cache{workers}")
    given = "{{ name = 'synthfaces', parameters = {{ subjects = {}, frames = 1, seed = {} }} }}"
    file = room / "study.toml"
    file.write_text(STUDY.format(datasets=", ".join(given.format(subjects, seed) for seed in range(cells))))
    todo = study.cells(file, installed().registry, room / f"runs{workers}")
    with on_dask.local(workers) as engine:
        started = time.perf_counter()
        outcomes = sweep.sweep(todo, engine, Display(todo, Console(quiet=True)), retry=False)
        seconds = time.perf_counter() - started
    folders = [outcome.bundle for outcome in outcomes if outcome.bundle]
    assert len(folders) == cells, [outcome.what for outcome in outcomes]
    return seconds, [(folder / "predictions.csv").read_bytes() for folder in folders]


def main() -> None:
    """Prints both times and their ratio."""
    options = argparse.ArgumentParser()
    options.add_argument("--subjects", type=int, default=240)
    options.add_argument("--cells", type=int, default=8)
    arguments = options.parse_args()
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    with tempfile.TemporaryDirectory() as room:
        (alone, first), (together, second) = (
            measure(workers, arguments.cells, arguments.subjects, Path(room)) for workers in (1, 2)
        )
    assert first == second, "the predictions differ"
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{arguments.cells} cells: {alone:.1f} s by one worker, {together:.1f} s by two")
    print(f"two are {alone / together:.2f} times as fast")
    print(f"the predictions are the same; load average {load}")


if __name__ == "__main__":
    main()
