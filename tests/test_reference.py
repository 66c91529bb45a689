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

from ferbench.bundles import bundle
from ferbench.verify.verify import verified
from tests.conftest import SHARED, shell

SHORT = os.environ.get("FERBENCH_SHORT") == "1"
FER2013 = SHARED / "data" / "fer2013" / "fer2013.npz"
SMALL = ["--set", "dataset.subjects=8", "--set", "dataset.clips=1", "--set", "dataset.frames=2"]
EPOCHS = 3 if SHORT else 4
QUICK = ["--set", f"embedder.epochs={EPOCHS}", "--set", "monitor.every=1"]

pytestmark = pytest.mark.slow


def reference(out: Path, *words: str) -> list[str]:
    return ["run", "--pipeline", "tlf-resnet18-svm", "--out", str(out), "--json", *SMALL, *QUICK, *words]


def bundle_of(ran: subprocess.CompletedProcess[str]) -> Path:
    assert ran.returncode == 0, ran.stderr
    return Path(json.loads(ran.stdout)["bundle"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of one run, which several tests look at."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return bundle_of(shell(*reference(tmp_path_factory.mktemp("runs"))))


def test_a_run_that_was_killed_and_resumed_predicts_the_same(trained: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ferbench", *reference(tmp_path)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("**/training.safetensors")):  # the first epoch is over
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert list(tmp_path.glob("**/result.json")) == []
    resumed = bundle_of(shell(*reference(tmp_path), "--resume"))
    texts = {folder.joinpath("predictions.csv").read_text() for folder in (trained, resumed)}
    assert len(texts) == 1
    assert [row["epoch"] for row in bundle.read(resumed).curves["subjects"]] == list(range(1, EPOCHS + 1))


def test_three_classifiers_cost_one_training(trained: Path) -> None:
    result = bundle.read(trained)
    assert list(result.scores) == ["svm", "lda", "softmax-regression"]
    for row in result.curves["subjects"]:
        assert list(row["validation"]) == list(result.scores)
    assert len(result.curves["subjects"]) == EPOCHS


def test_a_small_training_takes_little_memory(trained: Path) -> None:
    assert 100 < bundle.read(trained).peak_memory_mb < 2_000


def test_weights_of_a_run_start_another(trained: Path, tmp_path: Path) -> None:
    weights = trained / "model" / "subjects" / "embedder.safetensors"
    assert weights.stat().st_size > 40e6
    again = bundle_of(shell(*reference(tmp_path, "--init", str(trained), "--set", "embedder.epochs=1")))
    start, fresh = (bundle.read(one).curves["subjects"][0]["loss"] for one in (again, trained))
    assert start < fresh
    assert bundle.read(again).transfer["training"]["run"] == bundle.read(trained).run


@pytest.mark.skipif(
    not FER2013.exists(), reason="needs ../shared/data/fer2013: FER2013 may not be kept in this repository"
)
def test_real_faces(tmp_path: Path) -> None:
    with np.load(FER2013) as file:  # which unpacks an array anew at each look
        data = dict(file)
    rows = np.concatenate(
        [np.flatnonzero(data["usage"] == part)[: 350 if SHORT else 700] for part in np.unique(data["usage"])]
    )
    with (tmp_path / "fer2013.csv").open("w", encoding="ascii") as csv:
        csv.write("emotion,pixels,Usage\n")
        for row in sorted(rows.tolist()):
            csv.write(f"{data['lab'][row]},{' '.join(map(str, data['pix'][row]))},{data['usage'][row]}\n")
    words = ["run", "--pipeline", "tlf-resnet18-svm", "--dataset", "fer2013", "--data", tmp_path / "fer2013.csv"]
    ran = shell(*words, "--set", "embedder.epochs=2", "--out", tmp_path / "runs", "--json")
    result = verified(bundle_of(ran))
    assert result.scores["svm"].count == (350 if SHORT else 700)
    assert any("partial" in note for note in result.notes)
    assert result.faces["source"] == "the dataset ships face crops, no detector ran"
    assert result.protocol["name"] == "official"
    assert result.scores["svm"].accuracy > 0.15
