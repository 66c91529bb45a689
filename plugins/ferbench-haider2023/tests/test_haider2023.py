"""The paper's pipelines: they resolve, and each says of every value whose it is."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from typing import Any

import pytest
from sklearn.base import is_classifier

import ferbench_haider2023
from ferbench.components import discovery, pipeline, signature
from ferbench.interfaces import Embedder, Loss, Sampler

FILES = {
    entry.name: resources.files("ferbench_haider2023").joinpath(entry.target.partition(":")[2]).read_text()
    for entry in ferbench_haider2023.register_pipelines()
}
EPOCHS = {"jaffe": 100, "mmi": 100, "fer2013": 300, "affectnet-8": 12}
"""Of the paper: Section 4.2 (JAFFE, MMI) and Section 4.4."""
each = pytest.mark.parametrize("name", FILES)


def resolve(name: str, dataset: str) -> pipeline.Pipeline:
    registry = discovery.installed().registry
    return pipeline.resolve(pipeline.read(name, registry), registry, dataset=dataset)


@each
@pytest.mark.parametrize("dataset", ["synthfaces", "fer2013"])
def test_it_resolves_and_its_components_can_be_built(name: str, dataset: str) -> None:
    resolved = resolve(name, dataset)
    assert resolved.name == name
    assert resolved.detector.entry.name == "retinaface"
    assert resolved.faces.size == 48
    assert isinstance(resolved.embedder.build(), Embedder)
    if name == "raw-pixels-svm":  # nothing is trained
        assert resolved.loss is None
        assert resolved.sampler is None
    else:
        assert isinstance(resolved.loss.build(), Loss)
        assert isinstance(resolved.sampler.build(), Sampler)
    assert resolved.classifiers
    for classifier in resolved.classifiers:
        assert is_classifier(classifier.build())


@pytest.mark.parametrize("name", [name for name in FILES if name != "raw-pixels-svm"])
def test_the_papers_numbers(name: str) -> None:
    for dataset, epochs in EPOCHS.items():
        given = resolve(name, dataset).embedder.parameters
        assert given["epochs"] == epochs
        assert (given["optimizer"], given["learning_rate"], given["schedule"]) == ("adam", 0.001, "plateau")
        assert given["size"] == 128


def test_table_5_is_the_reference_s_training_with_more_classifiers() -> None:
    reference, table = (resolve(name, "fer2013") for name in ("tlf-resnet18-svm", "tlf-resnet18-table5"))
    for part in ("detector", "faces", "embedder", "loss", "sampler"):
        assert getattr(table, part) == getattr(reference, part)
    assert table.classifiers[0].to_dict() == reference.classifiers[0].to_dict()  # the same one chooses the epoch
    kernels = [one.parameters["kernel"] for one in table.classifiers if one.entry.name == "svm"]
    assert kernels == ["linear", "rbf", "poly", "sigmoid"]
    assert table.monitor.scored([one.label for one in table.classifiers]) == ["svm-linear", "lda", "softmax-regression"]


def unmarked(text: str) -> list[str]:
    """The values that neither carry the paper's section or table nor are marked "ours", themselves or by their table.

    Names, labels and the texts before the first table need no mark.
    """
    found, table_is_marked, in_table = [], False, False
    for line in text.splitlines():
        value, _, comment = line.partition("#")
        marked = re.search(r"\b(Section|Table) \d|\bours\b", comment) is not None
        if value.startswith("["):
            table_is_marked, in_table = marked, True
        elif in_table and "=" in value and value.split("=")[0].strip() not in ("name", "label"):
            found += [] if marked or table_is_marked else [line]
    return found


@each
def test_every_value_is_the_papers_or_ours(name: str) -> None:
    assert unmarked(FILES[name]) == []


@each
def test_loss_sampler_and_svm_are_spelt_out(name: str) -> None:
    """What the paper leaves open of them may not hide in a default."""
    raw: dict[str, Any] = tomllib.loads(FILES[name])
    registry = discovery.installed().registry
    tables = [(kind, raw[kind]) for kind in ("loss", "sampler") if kind in raw]
    for kind, table in tables:
        factory = registry.get(kind, table["name"]).load()
        assert set(table) - {"name"} == {one.name for one in signature.signature_of(factory, kind)}
    for table in raw["classifiers"]:
        assert table["name"] != "svm" or {"kernel", "C"} <= set(table)


def test_the_check_for_marks_can_fail() -> None:
    plain = (
        "[faces]\nsize = 48\nmargin = 0.1 # a comment\n[loss] # ours: all of it\nmargin = 0.3\n[a]\nb = 1 # Section 4\n"
    )
    assert unmarked(plain) == ["size = 48", "margin = 0.1 # a comment"]
