"""A whole run on the toy plugin: what it leaves, that it repeats, and that it goes on after it was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferbench import bundle
from tests.conftest import ROOT, TOY, shell

Run = Callable[..., tuple[Path, dict[str, Any]]]


def test_a_run_leaves_a_bundle_at_the_path_it_makes(toy_run: Run, tmp_path: Path) -> None:
    folder, result = toy_run()
    assert folder.relative_to(tmp_path / "runs").parts[:3] == ("toy-7", "subject-disjoint-7-3", "toy-pipeline")
    assert result["scores"]["svm"]["accuracy"] > 0.9
    assert list(result["scores"]) == ["svm", "svm-rbf"]
    assert [row["epoch"] for row in result["curves"]["subjects"]] == [1, 2]
    assert set(result["curves"]["subjects"][0]["validation"]) == {"svm", "svm-rbf"}
    assert result["splits"][0]["subjects"] == {"shared": 0, "test_images": 0}
    assert result["pipeline"]["embedder"]["distribution"] == "ferbench-toy 1.0"
    assert result["environment"]["distributions"]["ferbench-toy"] == "1.0"
    assert result["faces"] == {"source": "the largest face that the detector found", "coverage": 1.0, "missed": 0}
    linear, curved = (result["environment"]["estimators"][label] for label in ("svm", "svm-rbf"))
    assert linear.startswith("sklearn.svm._classes.LinearSVC (scikit-learn 1.")
    assert ".SVC (scikit-learn" in curved  # scikit-learn's or scikit-learn-intelex's, by platform
    assert {"training", "embedding", "faces"} <= set(result["stages"])
    assert sorted(path.name for path in folder.iterdir()) == ["model", "predictions", "predictions.csv", "result.json"]
    assert bundle.verify(folder).run == result["run"]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_nothing_in_a_bundle_names_the_machine(toy_run: Run) -> None:
    folder, _ = toy_run()
    text = "".join(file.read_text() for file in folder.rglob("*") if file.is_file())
    for secret in (str(Path.home()), os.uname().nodename, str(folder.parent), str(ROOT)):
        if len(secret) > 3:
            assert secret not in text


def test_one_seed_gives_the_same_predictions_twice_and_another_seed_others(toy_run: Run, tmp_path: Path) -> None:
    texts = [
        (toy_run("--seed", seed, "--set", "embedder.noise=0.3", out=tmp_path / out)[0] / "predictions.csv").read_text()
        for seed, out in ((0, "a"), (0, "b"), (1, "c"))
    ]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


def test_the_best_validation_epoch_is_kept(toy_run: Run) -> None:
    _, result = toy_run("--set", "embedder.noise=0.5", "--set", "embedder.epochs=4")
    curve = result["curves"]["subjects"]
    assert result["best_epochs"]["subjects"] == max(curve, key=lambda row: row["validation"]["svm"])["epoch"]
    assert len(curve) == 4


def test_monitor_every(toy_run: Run) -> None:
    _, result = toy_run("--set", "monitor.every=3", "--set", "embedder.epochs=7")
    assert [row["epoch"] for row in result["curves"]["subjects"]] == [3, 6, 7]


def test_a_missed_face_is_scored_as_an_error(toy_run: Run) -> None:
    _, result = toy_run("--set", "dataset.dark=140")
    scores = result["scores"]["svm"]
    assert result["faces"]["coverage"] == 0.0
    assert scores["accuracy"] == 0.0
    assert scores["missed"] == scores["count"] == 42


def test_a_dataset_with_crops_skips_detection_and_its_detector_is_not_in_the_result(toy_run: Run) -> None:
    _, result = toy_run("--set", "dataset.cropped=true")
    assert "no detector ran" in result["faces"]["source"]
    assert result["pipeline"]["detector"] is None


def test_the_paper_s_protocol_is_marked(toy_run: Run) -> None:
    _, result = toy_run("--protocol", "random-7-3")
    assert "chosen on the scored set" in result["protocol"]["optimistic"]
    assert result["protocol"]["selection"] == "test"
    assert result["splits"][0]["validation_is_test"] is True


def test_several_seeds(call: Callable[..., Any], tmp_path: Path) -> None:
    said = call(
        "run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--out", tmp_path, "--seeds", "0-1,5", "--json"
    )
    assert [one["seed"] for one in json.loads(said.stdout)] == [0, 1, 5]


def test_an_untrained_embedder(toy_run: Run) -> None:
    _, result = toy_run("--set", "embedder=raw-pixels")
    assert result["curves"] == {}
    assert result["best_epochs"] == {}


SLOW = """
import signal
import time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job is started with it ignored
import ferbench_toy_parts as parts

plain = parts.ToyEmbedder.embed

def embed(self, images):
    print("epoch", self.weight, flush=True)
    time.sleep(0.3)
    return plain(self, images)

parts.ToyEmbedder.embed = embed
from ferbench.cli import main
main()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_run_goes_on_and_predicts_the_same(tmp_path: Path, how: signal.Signals, toy_run: Run) -> None:
    words = ["run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--out", str(tmp_path / "killed")]
    words += ["--set", "embedder.noise=0.2", "--set", "embedder.epochs=6"]
    environment = {**os.environ, "PYTHONPATH": str(TOY)}
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    assert process.stdout is not None
    while b"epoch 3" not in process.stdout.readline():
        assert process.poll() is None
    process.send_signal(how)
    process.wait(timeout=60)
    process.stdout.close()
    assert process.returncode == (-9 if how == signal.SIGKILL else 130)
    assert list((tmp_path / "killed").rglob("result.json")) == []

    again = shell(*words)
    assert again.returncode == 2
    assert "unfinished run" in again.stderr
    assert "--resume" in again.stderr
    assert "Traceback" not in again.stderr
    resumed = shell(*words, "--resume", "--json")
    assert resumed.returncode == 0, resumed.stderr
    folder = Path(json.loads(resumed.stdout)["bundle"])
    undisturbed, result = toy_run("--set", "embedder.noise=0.2", "--set", "embedder.epochs=6")
    assert (folder / "predictions.csv").read_bytes() == (undisturbed / "predictions.csv").read_bytes()
    assert bundle.read(folder).model_dump(mode="json")["curves"] == result["curves"]


def test_restart_throws_the_unfinished_run_away(toy_run: Run) -> None:
    folder, _ = toy_run()
    work = folder.with_name(f"{folder.name}.unfinished")
    work.mkdir()
    (work / "rest").write_text("x")
    toy_run("--restart")
    assert not work.exists()


def test_a_full_disk_at_the_end_keeps_the_old_bundle_and_the_training(
    toy_run: Run, call: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = toy_run()
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def full(_: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "predictions_text", full)
    words = ("run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--out", tmp_path / "runs")
    said = call(*words, status=2)
    assert "No space left" in said.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    monkeypatch.undo()
    assert folder.with_name(f"{folder.name}.unfinished").exists()


def test_scores_of_classes_that_training_lacks_are_the_lowest(toy_run: Run) -> None:
    folder, _ = toy_run()
    result = bundle.read(folder)
    predictions = bundle.read_predictions(folder / "predictions.csv", result, "decision")
    assert np.isfinite(predictions.scores).all()
    assert (predictions.scores.argmax(axis=1) == predictions.predicted).all()


def test_progress_is_plain_lines_without_a_terminal() -> None:
    started = time.monotonic()
    said = shell("list", "losses", NO_COLOR="1")
    assert "\x1b" not in said.stdout
    assert time.monotonic() - started < 60
