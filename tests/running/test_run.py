"""A whole run on the toy plugin: what it leaves, that it repeats, and that it goes on after it was killed."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferbench.bundles import bundle
from ferbench.cli.summary import show
from ferbench.data import Samples, Split
from ferbench.protocols.standard import SubjectDisjoint
from ferbench.verify.verify import verified
from tests.conftest import ROOT, TOY, shell

Run = Callable[..., tuple[Path, dict[str, Any]]]


def test_a_run_leaves_a_bundle_at_the_path_it_makes(toy_run: Run, tmp_path: Path) -> None:
    folder, result = toy_run()
    assert folder.relative_to(tmp_path / "runs").parts[:3] == ("toy-7", "subject-disjoint-7-3", "toy-pipeline")
    assert result["scores"]["svm"]["accuracy"] > 0.9
    assert list(result["scores"]) == ["svm", "svm-rbf"]
    assert [row["epoch"] for row in result["curves"]["subjects"]] == [1, 2]
    assert set(result["curves"]["subjects"][0]["validation"]) == {"svm", "svm-rbf"}
    assert result["splits"][0]["between"][0]["subject"] == {"shared": 0, "images": 0}
    assert result["pipeline"]["embedder"]["distribution"] == "ferbench-toy 1.0"
    assert result["environment"]["distributions"]["ferbench-toy"] == "1.0"
    assert result["faces"] == {
        "source": "the largest face that the detector found",
        "coverage": 1.0,
        "missed": 0,
        "rule": "misses count as errors",
    }
    linear, curved = (result["environment"]["estimators"][label] for label in ("svm", "svm-rbf"))
    assert linear.startswith("sklearn.svm._classes.LinearSVC (scikit-learn 1.")
    assert curved.startswith("sklearn.svm._classes.SVC (scikit-learn 1.")
    assert {"training", "embedding", "faces"} <= set(result["stages"])
    assert sorted(path.name for path in folder.iterdir()) == [
        "leaks.csv",
        "model",
        "predictions",
        "predictions.csv",
        "result.json",
        "subjects.csv",
    ]
    assert verified(folder).run == result["run"]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_nothing_in_a_bundle_names_the_machine(toy_run: Run) -> None:
    folder, _ = toy_run()
    text = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    for secret in (str(Path.home()), os.uname().nodename, str(folder.parent), str(ROOT)):
        if len(secret) > 3:
            assert secret.encode() not in text


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


def test_a_monitor_that_names_classifiers_fits_those_and_the_first(toy_run: Run) -> None:
    _, every = toy_run()
    _, first = toy_run("--set", "monitor.classifiers=[]")
    _, named = toy_run("--set", 'monitor.classifiers=["svm-rbf"]')
    assert [list(row["validation"]) for row in first["curves"]["subjects"]] == [["svm"]] * 2
    assert list(named["curves"]["subjects"][0]["validation"]) == ["svm", "svm-rbf"]
    assert list(first["scores"]) == ["svm", "svm-rbf"]  # all of them are scored on the test set
    assert first["scores"] == every["scores"]
    assert first["pipeline"]["monitor"] == {"every": 1, "classifiers": []}
    assert every["pipeline"]["monitor"] == {"every": 1, "classifiers": None}
    assert first["run"] != every["run"]


def test_a_missed_face_is_scored_as_an_error(toy_run: Run) -> None:
    _, result = toy_run("--set", "dataset.dark=140")
    scores = result["scores"]["svm"]
    assert result["faces"]["coverage"] == 0.0
    assert scores["accuracy"] == 0.0
    assert scores["missed"] == scores["count"] == 42


def test_missed_faces_may_be_predicted_from_the_centre_and_are_counted_all_the_same(
    toy_run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, result = toy_run("--set", "dataset.dark=140", "--set", "faces.missed=centre")
    scores = result["scores"]["svm"]
    assert (result["faces"]["coverage"], result["faces"]["missed"], scores["missed"]) == (0.0, 140, 0)
    assert scores["accuracy"] > 0.2
    assert result["pipeline"]["faces"]["missed"] == "centre"
    show(bundle.read(folder), folder)
    assert "a missed face's centre crop is predicted" in " ".join(capsys.readouterr().out.split())


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
    output = call(
        "run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--out", tmp_path, "--seeds", "0-1,5", "--json"
    )
    answer = json.loads(output.stdout)
    values = [one["scores"]["svm"]["accuracy"] for one in answer["results"]]
    assert [one["seed"] for one in answer["results"]] == [0, 1, 5]
    summary = answer["over_seeds"]["svm"]
    assert summary["accuracy"]["mean"] == pytest.approx(np.mean(values))
    assert summary["accuracy"]["count"] == 3
    assert set(summary) == {"accuracy", "macro_f1", "uar", "test_images"}
    assert summary["test_images"]["count"] == 42


def test_several_splits_are_trained_one_by_one_and_scored_together(toy_run: Run) -> None:
    folder, result = toy_run("--protocol", "loso", "--set", "dataset.subjects=5")
    names = [f"{number}-p0{number - 1}" for number in range(1, 6)]
    assert [split["split"] for split in result["splits"]] == list(result["curves"]) == names
    assert result["scores"]["svm"]["count"] == 35
    assert sorted(path.name for path in (folder / "model").iterdir()) == names
    assert verified(folder).run == result["run"]


def test_with_the_rule_last_nothing_is_held_out_and_the_last_epoch_kept(toy_run: Run) -> None:
    _, result = toy_run("--set", "protocol.selection=last", "--set", "embedder.epochs=3")
    (split,) = result["splits"]
    assert (split["train"], split["validation"], split["test"]) == (14 * 7, 0, 6 * 7)
    assert result["best_epochs"] == {"subjects": 3}
    assert [row["validation"] for row in result["curves"]["subjects"]] == [{}] * 3
    assert result["protocol"]["selection"] == "last"
    assert result["protocol"]["optimistic"] is None


def test_progress_names_the_split(call: Callable[..., Any], tmp_path: Path) -> None:
    words = ("run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--out", tmp_path, "--set", "dataset.subjects=4")
    output = call(*words, "--protocol", "loso").stderr
    assert "split 3 of 4: training ..." in output
    assert "split" not in call(*words).stderr


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
from ferbench.cli.main import main
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


def test_a_finished_split_is_not_trained_again(tmp_path: Path, toy_run: Run) -> None:
    settings = ["--protocol", "loso", "--set", "dataset.subjects=6", "--set", "embedder.noise=0.2"]
    words = ["run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--out", str(tmp_path / "killed"), *settings]
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TOY)},
    )
    assert process.stderr is not None
    while b"split 3 of 6: training" not in process.stderr.readline():
        assert process.poll() is None
    process.kill()
    process.wait(timeout=60)
    process.stderr.close()
    (work,) = (tmp_path / "killed").rglob("*.unfinished")
    assert sorted(path.name for path in (work / "1-p00").iterdir()) == ["split.json", "split.npz"]

    resumed = shell(*words, "--resume", "--json")
    assert resumed.returncode == 0, resumed.stderr
    trained = [line for line in resumed.stderr.splitlines() if line.endswith("training ...")]
    assert trained == [f"split {number} of 6: training ..." for number in range(3, 7)]
    folder = Path(json.loads(resumed.stdout)["bundle"])
    undisturbed, result = toy_run(*settings)
    assert (folder / "predictions.csv").read_bytes() == (undisturbed / "predictions.csv").read_bytes()
    again = bundle.read(folder).model_dump(mode="json")
    for key in ("curves", "best_epochs", "scores", "splits", "notes", "run"):
        assert again[key] == result[key]


def test_a_network_lives_no_longer_than_its_split(call: Callable[..., Any], tmp_path: Path, monkeypatch: Any) -> None:
    import ferbench_toy_parts as parts

    alive, most = weakref.WeakSet[Any](), []
    plain = parts.ToyEmbedder.__init__

    def counted(self: Any, *words: Any, **named: Any) -> None:
        gc.collect()
        most.append(len(alive))
        alive.add(self)
        plain(self, *words, **named)

    counted.__annotations__ = plain.__annotations__
    counted.__wrapped__ = plain  # type: ignore[attr-defined]
    monkeypatch.setattr(parts.ToyEmbedder, "__init__", counted)
    words = ("run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--out", tmp_path, "--set", "dataset.subjects=4")
    call(*words, "--protocol", "loso", "--json")
    assert most == [0] * 5  # one to check the embedder, and one per split


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

    monkeypatch.setattr(bundle, "predictions_csv", full)
    words = ("run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--out", tmp_path / "runs")
    output = call(*words, status=2)
    assert "No space left" in output.stderr
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    monkeypatch.undo()
    assert folder.with_name(f"{folder.name}.unfinished").exists()


def test_a_class_that_training_lacks_gets_the_lowest_scores(toy_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = SubjectDisjoint.splits

    def without_the_first_class(self: SubjectDisjoint, samples: Samples, seed: int) -> list[Split]:
        splits = whole(self, samples, seed)
        return [replace(split, train=split.train[samples.labels[split.train] != 0]) for split in splits]

    monkeypatch.setattr(SubjectDisjoint, "splits", without_the_first_class)
    folder, _ = toy_run("--set", "classifier=lda", "--set", "embedder.noise=1")
    result = bundle.read(folder)
    assert result.scores_kind == {"lda": "probability", "svm-rbf": "decision"}
    for label in result.scores_kind:
        predictions = bundle.predictions(folder, result, label)
        assert np.isfinite(predictions.scores).all()
        assert (predictions.scores[:, :1] < predictions.scores[:, 1:]).all()
        assert (predictions.scores.argmax(axis=1) == predictions.predicted).all()
        assert (predictions.labels == 0).any()


def test_progress_is_plain_lines_without_a_terminal(tmp_path: Path) -> None:
    ran = shell("run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--out", tmp_path / "runs", "--json")
    assert ran.returncode == 0, ran.stderr
    assert "training ...\nepoch   1  loss " in ran.stderr
    assert "\x1b" not in ran.stderr
    assert json.loads(ran.stdout)["run"].startswith("seed0-")
