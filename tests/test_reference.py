"""The reference pipeline itself, through the command line: on drawn faces and on real ones."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ferbench import bundle
from tests.conftest import SHARED, shell

SHORT = os.environ.get("FERBENCH_SHORT") == "1"
FER2013 = SHARED / "data" / "fer2013" / "fer2013.npz"
SMALL = ["--set", "dataset.subjects=8", "--set", "dataset.clips=1", "--set", "dataset.frames=2"]
QUICK = ["--set", "embedder.epochs=4", "--set", "monitor.every=1"]

pytestmark = pytest.mark.slow


def reference(out: Path, *words: str) -> list[str]:
    return ["run", "--pipeline", "tlf-resnet18-svm", "--out", str(out), "--json", *SMALL, *QUICK, *words]


def bundle_of(said: subprocess.CompletedProcess[str]) -> Path:
    assert said.returncode == 0, said.stderr
    return Path(json.loads(said.stdout)["bundle"])


def test_the_same_predictions_twice_and_after_a_kill(tmp_path: Path) -> None:
    first, second = (bundle_of(shell(*reference(tmp_path / name))) for name in ("a", "b"))
    process = subprocess.Popen(
        [sys.executable, "-m", "ferbench", *reference(tmp_path / "c")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("c/**/training.safetensors")):  # the first epoch is over
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(tmp_path.glob("c/**/result.json")) == []
    third = bundle_of(shell(*reference(tmp_path / "c"), "--resume"))
    texts = {folder.joinpath("predictions.csv").read_text() for folder in (first, second, third)}
    assert len(texts) == 1
    assert bundle.read(third).curves["subjects"][-1]["epoch"] == 4
    assert len(bundle.read(third).curves["subjects"]) == 4


def test_three_classifiers_cost_one_training(tmp_path: Path) -> None:
    result = bundle.read(bundle_of(shell(*reference(tmp_path))))
    assert list(result.scores) == ["svm", "lda", "softmax-regression"]
    for row in result.curves["subjects"]:
        assert list(row["validation"]) == list(result.scores)
    assert len(result.curves["subjects"]) == 4


def test_weights_of_a_run_start_another(tmp_path: Path) -> None:
    folder = bundle_of(shell(*reference(tmp_path / "a")))
    weights = folder / "model" / "subjects" / "embedder.safetensors"
    assert weights.stat().st_size > 40e6
    again = bundle_of(shell(*reference(tmp_path / "b", "--init", str(folder))))
    start, fresh = (bundle.read(one).curves["subjects"][0]["loss"] for one in (again, folder))
    assert start < fresh
    assert bundle.read(again).transfer["training"]["run"] == bundle.read(folder).run


@pytest.mark.skipif(
    not FER2013.exists(), reason="needs ../shared/data/fer2013: FER2013 may not be kept in this repository"
)
def test_real_faces(tmp_path: Path) -> None:
    with np.load(FER2013) as file:  # which unpacks an array anew at each look
        data = dict(file)
    rows = np.concatenate(
        [np.flatnonzero(data["usage"] == part)[: 350 if SHORT else 1400] for part in np.unique(data["usage"])]
    )
    with (tmp_path / "fer2013.csv").open("w", encoding="ascii") as csv:
        csv.write("emotion,pixels,Usage\n")
        for row in sorted(rows.tolist()):
            csv.write(f"{data['lab'][row]},{' '.join(map(str, data['pix'][row]))},{data['usage'][row]}\n")
    words = ["run", "--pipeline", "tlf-resnet18-svm", "--dataset", "fer2013", "--data", tmp_path / "fer2013.csv"]
    said = shell(*words, "--set", "embedder.epochs=2", "--out", tmp_path / "runs", "--json")
    result = bundle.verify(bundle_of(said))
    assert result.scores["svm"].count == (350 if SHORT else 1400)
    assert any("partial" in note for note in result.notes)
    assert result.faces["source"] == "the dataset ships face crops, no detector ran"
    assert result.protocol["name"] == "official"
    assert result.scores["svm"].accuracy > 0.15
