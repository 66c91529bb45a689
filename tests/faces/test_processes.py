"""The face step over processes, and what a kill costs it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from ferbench.components.steps import FaceStep
from ferbench.data import Face, Samples
from ferbench.errors import DataError
from ferbench.faces import prepare as faces_prepare
from ferbench.faces.prepare import prepare
from ferbench.support import processes as support_processes
from tests.conftest import ROOT


class Noise:
    """An image source of 100 noisy images that says which process reads; one may be broken."""

    def __init__(self, broken: int | None = None, trace: Path | None = None, seconds: float = 0.0) -> None:
        self.broken, self.trace, self.seconds = broken, trace, seconds

    def __len__(self) -> int:
        return 100

    def read(self, index: int) -> Any:
        time.sleep(self.seconds)
        if index == self.broken:
            raise DataError(f"image {index} is broken", fix="mend it")
        if self.trace:
            with self.trace.open("a") as file:
                file.write(f"{os.getpid()} {index}\n")
        return np.random.default_rng(index).integers(0, 256, (60, 50, 3), np.uint8)


class Corner:
    """Finds a face that depends on the image, and none in every seventh."""

    fingerprint = "corner 1"

    def detect(self, image: Any) -> list[Face]:
        left = float(image[0, 0, 0] % 20)
        return [Face((left, 5.0, left + 30.0, 40.0), 1.0)] if image[0, 0, 0] % 7 else []


def shared_out(source: Noise, cache: Path, processes: int) -> Any:
    ids, labels = np.array([str(number) for number in range(100)]), np.zeros(100, np.int64)
    data = Samples(ids=ids, labels=labels, classes=("a", "b"), images=source, fingerprint="f")
    return prepare(data, Corner, FaceStep(), progress=lambda *_: None, cache=cache, workers=processes)


def test_two_processes_make_the_same_crops_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support_processes, "MIN_SECONDS_FOR_PROCESSES", -1.0)
    monkeypatch.setattr(faces_prepare, "IMAGES_PER_PIECE", 8)
    one = shared_out(Noise(), tmp_path / "one", 1)
    two = shared_out(Noise(trace=tmp_path / "trace"), tmp_path / "two", 2)
    assert np.array_equal(one.images, two.images)
    assert np.array_equal(one.has_face, two.has_face)
    assert 0 < one.coverage < 1
    readers = [line.split() for line in (tmp_path / "trace").read_text().splitlines()]
    assert sorted(int(index) for _, index in readers) == list(range(100))
    assert {reader for reader, index in readers if int(index) >= 16} & {str(os.getpid())} == set()
    for name in ("crops.npy", "has_face.npy"):
        files = [next((tmp_path / folder).rglob(name)).read_bytes() for folder in ("one", "two")]
        assert files[0] == files[1]


def test_a_broken_image_is_the_same_error_in_two_processes_and_keeps_what_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(support_processes, "MIN_SECONDS_FOR_PROCESSES", -1.0)
    monkeypatch.setattr(faces_prepare, "IMAGES_PER_PIECE", 8)
    output = []
    for processes in (1, 2):
        with pytest.raises(DataError) as caught:
            shared_out(Noise(broken=50), tmp_path / str(processes), processes)
        output.append(str(caught.value))
    assert output[0] == output[1] == "image 50 is broken\nmend it"
    shared_out(Noise(trace=tmp_path / "trace"), tmp_path / "2", 1)
    assert (tmp_path / "trace").read_text().split()[1] == "48"


KILLED = """
import sys
from pathlib import Path
from ferbench.faces import prepare
from ferbench.support import processes
from tests.faces.test_processes import Noise, shared_out
processes.MIN_SECONDS_FOR_PROCESSES, prepare.IMAGES_PER_PIECE = -1.0, 2
shared_out(Noise(trace=Path(sys.argv[1]), seconds=0.05), Path(sys.argv[2]), 2)
"""


def test_a_killed_face_step_goes_on_and_leaves_no_process(tmp_path: Path) -> None:
    trace, cache = tmp_path / "trace", tmp_path / "cache"
    killed = subprocess.Popen([sys.executable, "-c", KILLED, str(trace), str(cache)], cwd=ROOT)
    while not trace.exists() or len(trace.read_text().splitlines()) < 40:
        assert killed.poll() is None
        time.sleep(0.05)
    family = psutil.Process(killed.pid).children(recursive=True)
    killed.kill()
    killed.wait()
    assert len(family) >= 2
    assert psutil.wait_procs(family, timeout=20)[1] == []
    again = tmp_path / "again"
    went_on = shared_out(Noise(trace=again), cache, 1)
    assert 20 <= int(again.read_text().split()[1]) < 60
    assert np.array_equal(went_on.images, shared_out(Noise(), tmp_path / "undisturbed", 1).images)


KILLED_ALONE = """
import sys
from pathlib import Path
from ferbench.faces import prepare
from tests.faces.test_processes import Noise, shared_out
prepare.IMAGES_PER_PIECE = 2
shared_out(Noise(trace=Path(sys.argv[1]), seconds=0.03), Path(sys.argv[2]), 1)
"""


def test_a_kill_costs_the_batch_at_hand(tmp_path: Path) -> None:
    trace, cache = tmp_path / "trace", tmp_path / "cache"
    killed = subprocess.Popen([sys.executable, "-c", KILLED_ALONE, str(trace), str(cache)], cwd=ROOT)
    while not trace.exists() or len(trace.read_text().splitlines()) < 70:
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    read = len(trace.read_text().splitlines())
    again = tmp_path / "again"
    shared_out(Noise(trace=again), cache, 1)
    redone = read - int(again.read_text().split()[1])
    assert 0 <= redone <= 2 * 2  # the one that was read, and perhaps the one that was about to be written
    assert int(again.read_text().split()[1]) > 0
