"""Weights of an earlier run: handed over, named in the result, and refused where they saw what is tested."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from ferbench.boards.build import build
from ferbench.bundles import bundle, transfer
from ferbench.errors import TransferError
from ferbench.running import start_weights
from ferbench.verify.verify import verified
from tests.conftest import ROOT

Run = Callable[..., tuple[Path, dict[str, Any]]]
Call = Callable[..., Result]
TOY = ("run", "--pipeline", "toy-pipeline", "--dataset", "toy")
OTHER = ("--set", "dataset.size=24")  # another content and other parameters: another dataset, though of the same ids


@pytest.fixture
def first(toy_run: Run) -> Path:
    return toy_run()[0]


def weight(folder: Path) -> int:
    (file,) = (folder / "model").rglob("weight.json")
    return int(json.loads(file.read_text()))


def test_a_bundle_keeps_what_its_weights_were_trained_on(first: Path) -> None:
    result = bundle.read(first)
    place = first / "model" / "subjects"
    origin = start_weights.Origin.model_validate_json((place / "trained_on.json").read_text())
    assert origin.training is not None
    assert origin.training.run == result.run
    assert origin.training.split_digest == result.splits[0]["digest"]
    assert len(origin.training.ids) == result.splits[0]["train"] + result.splits[0]["validation"]
    assert origin.training.ids == sorted(origin.training.ids)
    assert not set(origin.training.ids) & set(bundle_ids(first))
    assert list(origin.weights) == ["weight.json"]
    assert origin.before is None


def bundle_ids(folder: Path) -> list[str]:
    return [line.split(",")[0] for line in (folder / "predictions.csv").read_text().splitlines()[1:]]


def test_the_same_split_again_starts_from_the_weights_and_names_them(first: Path, toy_run: Run) -> None:
    before = weight(first)
    folder, result = toy_run("--init", first)
    assert weight(folder) > before
    found = result["transfer"]
    assert found["training"]["run"] == bundle.read(first).run
    assert found["training"]["dataset"]["fingerprint"] == result["dataset"]["fingerprint"]
    assert found["training"]["protocol"]["name"] == "subject-disjoint-7-3"
    assert found["training"]["samples"] == 98
    assert (found["overlap"], found["tested"], found["unchecked"], found["before"]) == (0, 42, [], None)
    assert result["run"] != bundle.read(first).run
    assert not any("weights" in note for note in result["notes"])
    assert verified(folder).transfer == found


def test_an_overlap_is_refused_with_its_size_and_marked_if_allowed(first: Path, toy_run: Run, call: Call) -> None:
    root = first.parents[3]
    ran = call(*TOY, "--out", root, "--seed", "1", "--init", first, status=2).stderr
    assert "of the 42 images that this run tests on" in ran
    assert "--allow-overlap" in ran
    assert len(bundle.find(root)) == 1
    _, result = toy_run("--seed", "1", "--init", first, "--allow-overlap")
    ids = json.loads((first / "model" / "subjects" / "trained_on.json").read_text())["training"]["ids"]
    tested = bundle_ids(Path(result["bundle"]))
    assert result["transfer"]["overlap"] == len(set(ids) & set(tested)) > 0
    assert any(f"trained on {result['transfer']['overlap']} of the 42 test images" in note for note in result["notes"])
    report = call(*TOY, "--out", root / "b", "--seed", "1", "--init", first, "--allow-overlap").stdout
    assert "optimistic:" in report


def test_a_leaking_row_is_marked_on_the_leaderboard_and_leads_no_board(first: Path, toy_run: Run) -> None:
    toy_run("--seed", "1", "--init", first, "--allow-overlap")
    root = first.parents[3]
    texts = {path.name: text for path, text in build(root, root).items()}
    scores = texts["subject-disjoint-7-3.md"].partition("## Cost")[0]
    rows = [line for line in scores.splitlines() if "| toy-pipeline" in line]
    assert len(rows) == 4
    for row in rows[2:]:  # two classifiers of the one run, below the others and without a rank group
        assert "| - | toy-pipeline (optimistic) |" in row
    assert "**optimistic:** the embedder starts from weights" in texts["subject-disjoint-7-3.md"]


def test_a_chain_is_looked_through_to_its_start(first: Path, toy_run: Run, tmp_path: Path) -> None:
    second, _ = toy_run(*OTHER, "--init", first)
    with pytest.raises(TransferError, match="images that this run tests on"):
        follow(second, first)
    third, result = toy_run("--init", second)
    assert result["transfer"]["training"]["run"] == bundle.read(second).run
    assert result["transfer"]["before"]["training"]["run"] == bundle.read(first).run
    assert result["transfer"]["overlap"] == 0
    assert weight(third) == weight(second) + result["best_epochs"]["subjects"]
    assert transfer.sources(result["transfer"]).count("itself from") == 1


def follow(second: Path, first: Path) -> None:
    """The check of a run that starts from ``second`` and tests on what ``first``, two trainings ago, was trained on."""
    import numpy as np

    from ferbench.data import Split
    from tests.protocols.test_standard import samples

    origin = start_weights.find(second, "toy-embedder").origin
    assert origin.before is not None
    assert origin.before.training is not None
    data = samples([0, 1, 2])
    data = type(data)(**{**vars(data), "ids": np.array(origin.before.training.ids[:3])})
    rows = np.arange(3)
    dataset = bundle.read(first).dataset
    start_weights.check(origin, data, dataset, [Split("s", rows[:0], rows[:0], rows)], allow=False)


def test_another_dataset_is_said_to_be_unchecked(first: Path, toy_run: Run) -> None:
    _, result = toy_run(*OTHER, "--seed", "1", "--init", first)
    assert result["transfer"]["overlap"] == 0
    assert len(result["transfer"]["unchecked"]) == 1
    assert any("whether it holds test images is not known" in note for note in result["notes"])


def test_a_bare_file_has_unknown_training_data(first: Path, toy_run: Run, tmp_path: Path) -> None:
    file = tmp_path / "weight.json"
    file.write_text("5")
    folder, result = toy_run("--init", file)
    assert weight(folder) > 5
    assert result["transfer"]["training"] is None
    assert list(result["transfer"]["weights"]) == ["weight.json"]
    assert result["transfer"]["unchecked"] == ["unknown training data"]
    assert str(tmp_path) not in (folder / "result.json").read_text()
    beside = first / "model" / "subjects" / "weight.json"  # a file beside its record is not unknown
    assert toy_run("--init", beside)[1]["transfer"]["training"]["run"] == bundle.read(first).run


def test_several_splits_are_chosen_from(toy_run: Run, call: Call, tmp_path: Path) -> None:
    folder, _ = toy_run("--protocol", "loso", "--set", "dataset.subjects=4")
    ran = call(*TOY, "--out", tmp_path / "b", "--init", folder, status=2).stderr
    assert "the weights of 4 splits (1-p00, 2-p01, 3-p02, 4-p03)" in ran
    assert f"--init {folder / 'model' / '1-p00'}" in ran
    with pytest.raises(TransferError, match="there is no"):
        start_weights.find(folder / "model" / "5", "toy-embedder")
    assert start_weights.find(folder / "model" / "2-p01", "toy-embedder").origin.training is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda place: (place / "weight.json").write_text("7"), "are not those that trained_on.json names"),
        (lambda place: (place / "weight.json").unlink(), "are not those that trained_on.json names"),
        (lambda place: (place / "trained_on.json").write_text("{"), "trained_on.json cannot be read"),
        (lambda place: (place / "trained_on.json").write_text("[" * 100_000), "trained_on.json cannot be read"),
        (lambda place: (place / "trained_on.json").write_bytes(b"\xff"), "trained_on.json cannot be read"),
        (lambda place: (place / "trained_on.json").write_text('{"weights": 1}'), "cannot be read: weights"),
    ],
)
def test_altered_weights_and_records_are_refused(first: Path, change: Any, message: str) -> None:
    change(first / "model" / "subjects")
    with pytest.raises(TransferError, match=message):
        start_weights.find(first, "toy-embedder")


def test_weights_of_another_embedder_and_bundles_without_weights(first: Path, toy_run: Run, call: Call) -> None:
    with pytest.raises(TransferError, match="weights of embedder 'toy-embedder', this run's is 'resnet18'"):
        start_weights.find(first, "resnet18")
    folder, result = toy_run("--set", "embedder=raw-pixels")
    assert result["transfer"] is None
    with pytest.raises(TransferError, match="holds no weights"):
        start_weights.find(folder, "raw-pixels")
    kept = next((ROOT / "leaderboards" / "results").rglob("result.json")).parent
    with pytest.raises(TransferError, match="has no model/"):
        start_weights.find(kept, "resnet18")
    words = (*TOY, "--out", folder.parents[3], "--set", "embedder=raw-pixels", "--restart")
    file = first / "model" / "subjects" / "weight.json"
    loose = folder.parents[3] / "loose.json"
    loose.write_bytes(file.read_bytes())
    assert "is not trained and cannot start from" in call(*words, "--init", loose, status=2).stderr


def test_a_folder_without_a_record_is_unknown_and_an_empty_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weight.json").write_text("3")
    assert start_weights.find(tmp_path, "toy-embedder").origin.training is None
    (tmp_path / "empty").mkdir()
    with pytest.raises(TransferError, match="holds no weights"):
        start_weights.find(tmp_path / "empty", "toy-embedder")
