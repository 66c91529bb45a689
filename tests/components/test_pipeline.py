"""Pipelines: any mistake ends before the work starts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ferbench.components import pipeline
from ferbench.errors import FerbenchError, ParameterError, PipelineError, UnknownNameError

RAW: dict[str, Any] = {
    "name": "p",
    "detector": {"name": "toy-detector"},
    "embedder": {"name": "toy-embedder", "epochs": 5},
    "classifiers": [{"name": "svm"}, {"name": "svm", "label": "svm-rbf", "kernel": "rbf"}],
    "on": {"other": {"embedder": {"epochs": 9}, "svm-rbf": {"C": 2.0}}},
}


def resolve(registry: Any, *settings: str, dataset: str = "toy", raw: Any = RAW, device: str | None = None) -> Any:
    return pipeline.resolve(raw, registry, dataset=dataset, settings=settings, device=device)


def test_every_parameter_is_resolved(registry: Any) -> None:
    found = resolve(registry)
    assert found.embedder.parameters == {"epochs": 5, "noise": 0.0, "seconds": 0.0, "device": "cpu"}
    assert [part.label for part in found.classifiers] == ["svm", "svm-rbf"]
    assert found.classifiers[1].parameters["kernel"] == "rbf"
    assert found.faces.size == 48
    assert found.loss is None


def test_set_changes_one_parameter_and_is_recorded(registry: Any) -> None:
    found = resolve(registry, "embedder.epochs=7", "svm-rbf.C=3", "classifier.C=0.5", "faces.margin=0.1")
    assert found.embedder.parameters["epochs"] == 7
    assert [part.parameters["C"] for part in found.classifiers] == [0.5, 3.0]
    assert found.faces.margin == 0.1
    assert found.changed == {"embedder.epochs": 7, "svm-rbf.C": 3, "classifier.C": 0.5, "faces.margin": 0.1}
    assert RAW["embedder"]["epochs"] == 5  # the file's own table is not written to


def test_set_replaces_a_part_and_forgets_its_parameters(registry: Any) -> None:
    found = resolve(registry, "embedder=raw-pixels", "svm-rbf=lda")
    assert found.embedder.entry.name == "raw-pixels"
    assert found.embedder.parameters == {"size": 48}
    assert (found.classifiers[1].label, found.classifiers[1].entry.name) == ("svm-rbf", "lda")


def test_what_differs_on_a_dataset(registry: Any) -> None:
    found = resolve(registry, dataset="other")
    assert found.embedder.parameters["epochs"] == 9
    assert found.classifiers[1].parameters["C"] == 2.0
    assert resolve(registry, "embedder.epochs=3", dataset="other").embedder.parameters["epochs"] == 3


def test_device_goes_to_the_parts_that_have_one(registry: Any) -> None:
    assert resolve(registry, device="cuda:1").embedder.parameters["device"] == "cuda:1"


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        (["embedder.epoch=3"], ParameterError, "did you mean 'epochs'"),
        (["embedder.epochs=many"], ParameterError, "'epochs' cannot be 'many'"),
        (["embedder.epochs=0"], ParameterError, ">= 1"),
        (["embeder.epochs=3"], ParameterError, "did you mean 'embedder'"),
        (["embedder"], ParameterError, "COMPONENT.PARAMETER=VALUE"),
        (["=3"], ParameterError, "COMPONENT.PARAMETER=VALUE"),
        (["embedder=toy-embeder"], UnknownNameError, "did you mean 'toy-embedder'"),
        (["faces=other"], ParameterError, "not a component that could be replaced"),
        (["faces.sise=3"], ParameterError, "did you mean 'size'"),
        (["svm-poly.C=3"], ParameterError, "svm-rbf"),
    ],
)
def test_a_wrong_setting_is_named(registry: Any, settings: list[str], kind: type, message: str) -> None:
    with pytest.raises(kind, match=message):
        resolve(registry, *settings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embeder": {}}, "no section 'embeder', did you mean 'embedder'"),
        ({"embeder": {}, "faces": 3}, r"(?s)faces: .*dictionary.*no section 'embeder'"),
        ({"embedder": {"epochs": 3}}, "embedder needs a name"),
        ({"classifiers": []}, r"needs one or more \[\[classifiers\]\]"),
        ({"classifiers": [{"name": "svm"}, {"name": "svm"}]}, "different labels"),
        ({"detector": {"name": "toy-unloadable"}}, "cannot be loaded"),
        ({"monitor": {"classifiers": ["svm-rfb"]}}, r"(?s)a classifier 'svm-rfb'.*did you mean 'svm-rbf'"),
        ({"monitor": {"classifiers": "svm-rbf"}}, "'classifiers' cannot be 'svm-rbf'"),
    ],
)
def test_a_wrong_file_is_named(registry: Any, change: dict[str, Any], message: str) -> None:
    with pytest.raises(FerbenchError, match=message):
        resolve(registry, raw={**RAW, **change})


def test_a_pipeline_without_an_embedder_is_refused(registry: Any) -> None:
    with pytest.raises(PipelineError, match=r"no \[embedder\]"):
        resolve(registry, raw={key: value for key, value in RAW.items() if key != "embedder"})


def test_files(registry: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[detector]\nname = "toy-detector"\n', encoding="utf-8")
    assert pipeline.read(str(file), registry)["name"] == "mine"
    assert pipeline.read("toy-pipeline", registry)["name"] == "toy-pipeline"
    file.write_text("[detector\n", encoding="utf-8")
    with pytest.raises(PipelineError, match=r"mine.toml is not valid TOML.*line 1"):
        pipeline.read(str(file), registry)
    with pytest.raises(PipelineError, match=r"none.toml cannot be read"):
        pipeline.read(str(tmp_path / "none.toml"), registry)
    with pytest.raises(UnknownNameError, match="did you mean 'toy-pipeline'"):
        pipeline.read("toy-pipelin", registry)
