"""``ferbench.plan`` and ``ferbench.results``; README's Python block is run in ``test_docs.py``."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import ferbench
from ferbench.errors import BundleError, DataError, FerbenchError, ParameterError, TransferError, WeightsError
from tests.tampering import facts


def test_a_row_per_bundle_and_classifier(honest: Path) -> None:
    table = ferbench.results(honest)
    assert table["classifier"].tolist() == ["lda", "svm-rbf"]
    assert table["dataset"].unique().tolist() == ["toy"]
    assert (table["interval_low"] < table["accuracy"]).all()
    assert table[["seed", "classes", "test_images"]].drop_duplicates().to_numpy().tolist() == [[0, 7, 42]]
    pivot = table.pivot_table(index="pipeline", columns="classifier", values=["accuracy", "leak_free", "macro_f1"])
    assert pivot.notna().all(axis=None)


def test_a_bundle_that_cannot_be_believed_is_not_a_row(honest: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(honest, tmp_path / "copy")
    (folder,) = (path.parent for path in copy.rglob("result.json"))
    facts(lambda raw: raw["scores"]["lda"].update(accuracy=0.999))(folder)
    with pytest.raises(BundleError, match="accuracy"):
        ferbench.results(copy)
    with pytest.raises(BundleError, match="there are no bundles"):
        ferbench.results(tmp_path / "copy" / "nothing")


def test_a_pipeline_may_be_a_name_a_file_or_a_dict(toy: None, tmp_path: Path) -> None:
    raw = {
        "name": "mine",
        "detector": {"name": "toy-detector"},
        "embedder": {"name": "toy-embedder"},
        "classifiers": [{"name": "lda"}],
    }
    file = tmp_path / "mine.toml"
    file.write_text(
        '[detector]\nname = "toy-detector"\n[embedder]\nname = "toy-embedder"\n[[classifiers]]\nname = "lda"\n'
    )
    settings = {"embedder.epochs": 2, "dataset.subjects": 9, "protocol.test": 0.4}
    given = ferbench.plan(raw, dataset="toy", settings=settings, device="cuda", out=tmp_path)
    assert given.pipeline == ferbench.plan(file, dataset="toy", settings=settings, device="cuda").pipeline
    texts = [f"{key}={value}" for key, value in settings.items()]
    assert given == ferbench.plan(raw, dataset="toy", settings=texts, device="cuda", out=str(tmp_path))
    assert given.pipeline.embedder.parameters["device"] == "cuda"
    assert given.dataset.parameters["subjects"] == 9
    assert (given.protocol.entry.name, given.protocol.parameters["test"]) == ("subject-disjoint-7-3", 0.4)
    assert ferbench.plan("toy-pipeline", dataset="toy", protocol="loso").protocol.entry.name == "loso"


@pytest.mark.parametrize(
    ("changes", "kind", "message"),
    [
        ({"dataset": "fer2013"}, DataError, "where the data of fer2013 is is not known"),
        ({"dataset": "fer2013", "data": "nowhere"}, DataError, "fer2013: there is no nowhere"),
        ({"init": "nowhere"}, TransferError, "there is no nowhere"),
        ({"settings": {"detector": "yunet", "detector.weights": "no.onnx"}}, WeightsError, "no weights file no.onnx"),
        ({"settings": ["dataset=fer2013"]}, ParameterError, "no component .dataset."),
        ({"seed": -1}, ParameterError, "the seed -1 is not a whole number"),
        ({"seed": 1.5}, ParameterError, "the seed 1.5 is not a whole number"),
        ({"out": "file/runs"}, FerbenchError, "cannot be written"),
    ],
)
def test_a_plan_that_cannot_be_run_is_refused(
    toy: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    kind: type[FerbenchError],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    with pytest.raises(kind, match=message):
        ferbench.plan("toy-pipeline", **{"dataset": "toy", **changes})
