"""Every rule of the contract can fail: a part that breaks it is found out, one that keeps them all is not."""

from __future__ import annotations

import importlib
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ferbench import Entry
from ferbench.cli.main import main
from ferbench.components import discovery
from ferbench.components.registry import KINDS, Registry
from ferbench.errors import PluginError
from ferbench.testing import Given, catalogue, declaration, examples, running
from ferbench.testing.rules import RULES
from ferbench.testing.trial import Trial
from tests.broken import BROKEN, GOOD

for module in ("classifiers", "datasets", "detectors", "embedders", "files", "losses", "protocols", "samplers"):
    importlib.import_module(f"tests.broken.{module}")

PLUGIN_RULES = ["it_can_be_loaded", "declaring_is_light", "names_are_its_own"]
KEPT = [(kind, rule.name) for kind in GOOD for rule in catalogue.rules_for(kind)]
NOT_FOR_GOOD = {"missing_files_are_explained": "scenes"}
"""A rule that the good part of a kind has nothing to show for."""


@pytest.fixture(scope="module")
def parts() -> Registry:
    registry = Registry()
    for part in (*GOOD.values(), *BROKEN.values()):
        registry.add(part.kind, [part.entry], distribution="parts", version="1")
    return registry


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("release")
    (folder / "here").touch()
    return folder


@pytest.fixture
def attempt(parts: Registry, release: Path) -> Callable[..., running.RuleOutcome]:
    def _attempt(kind: str, entry: Entry, rule: str) -> running.RuleOutcome:
        found = parts.get(kind, entry.name)
        (wanted,) = [one for one in catalogue.rules_for(kind) if one.name == rule]
        trial = Trial(found, parts, Given(release if kind == "dataset" else None))
        return running.attempt(running.Pair(wanted, found), trial)

    return _attempt


def test_every_rule_has_a_part_that_breaks_it_and_a_sentence() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    assert set(names) == {*BROKEN, *PLUGIN_RULES}
    for rule in RULES:
        assert rule.sentence.endswith(".")
        assert set(rule.kinds) <= {*KINDS, "plugin"}
    assert set(GOOD) == set(KINDS)


@pytest.mark.parametrize("rule", BROKEN)
def test_a_part_that_breaks_a_rule_is_found_out(attempt: Callable[..., running.RuleOutcome], rule: str) -> None:
    part = BROKEN[rule]
    outcome = attempt(part.kind, part.entry, rule)
    assert outcome.state == "failed", outcome
    assert re.search(part.reason, outcome.reason), outcome.reason


@pytest.mark.parametrize(("kind", "rule"), KEPT, ids=[f"{kind}-{rule}" for kind, rule in KEPT])
def test_a_part_that_keeps_them_all_is_not(attempt: Callable[..., running.RuleOutcome], kind: str, rule: str) -> None:
    outcome = attempt(kind, GOOD[kind].entry, rule)
    assert outcome.state == ("skipped" if NOT_FOR_GOOD.get(rule) == kind else "passed"), outcome


def test_scores_that_contradict_the_predictions_are_found_out() -> None:
    registry = Registry()
    entry = Entry("centroids", "tests.broken.classifiers:centroids", "the nearest mean")
    registry.add("classifier", [entry], distribution="parts", version="1")
    (rule,) = [rule for rule in catalogue.rules_for("classifier") if rule.name == "it_scores_every_class"]
    component = registry.get("classifier", "centroids")
    outcome = running.attempt(running.Pair(rule, component), Trial(component, registry, Given()))
    assert "the highest score is the predicted class for 62% of the rows" in outcome.reason


def test_a_plugin_that_cannot_be_loaded_breaks_its_rule() -> None:
    (rule,) = [one for one in catalogue.rules_for("plugin") if one.name == "it_can_be_loaded"]
    for declared, reason in (
        (declaration.Declaration("lost", Registry(), ("ImportError: no module",)), "ImportError: no module"),
        (declaration.Declaration("empty", Registry(), ()), "no hook gives an entry"),
    ):
        assert running.attempt(running.Pair(rule, declared), declared).reason == reason


def test_a_name_that_another_has_breaks_its_rule(parts: Registry) -> None:
    (rule,) = [one for one in catalogue.rules_for("plugin") if one.name == "names_are_its_own"]
    registry = Registry()
    for owner in ("mine", "theirs"):
        registry.add("sampler", [GOOD["sampler"].entry], distribution=owner, version="1")
    declared = declaration.Declaration("mine", registry, ())
    assert "registered twice, by mine" in running.attempt(running.Pair(rule, declared), declared).reason


DECLARING = """
import numpy  # what is broken
from ferbench import Entry, hookimpl

@hookimpl
def register_samplers():
    return [Entry(name, f"shaky_parts:{name.title()}", "a sampler") for name in ("steady", "shaky")]
"""
PARTS = """
from annotated_types import Ge
from typing import Annotated

class Steady:
    def __init__(self, batch_size: Annotated[int, Ge(1)] = 8) -> None:
        self.batch_size = batch_size

    def batches(self, labels, rng):
        order = rng.permutation(len(labels))
        for start in range(0, len(order), self.batch_size):
            yield order[start : start + self.batch_size]

class Shaky(Steady):
    def batches(self, labels, rng):
        if self.batch_size > 4:
            labels[0] = 1 - labels[0]
        return super().batches(labels, rng)
"""


@pytest.fixture
def shaky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A plugin with one good and one broken sampler, whose declaration is heavy: installed in a folder, given back."""
    info = tmp_path / "shaky-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: Shaky_Plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ferbench]\nshaky = shaky\n")
    (tmp_path / "shaky.py").write_text(DECLARING)
    (tmp_path / "shaky_parts.py").write_text(PARTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    discovery.installed.cache_clear()
    yield tmp_path
    discovery.installed.cache_clear()
    for name in ("shaky", "shaky_parts"):
        sys.modules.pop(name, None)


def test_the_command_says_what_is_broken_and_fails(shaky: Path) -> None:
    ran = CliRunner().invoke(main, ["plugin", "check", "shaky-plugin"])
    assert ran.exit_code == 1
    text = " ".join(ran.stdout.split())
    assert "sampler shaky, labels_are_not_written" in text
    assert "it wrote into the labels" in text
    assert "plugin Shaky_Plugin, declaring_is_light" in text
    assert "it imports numpy" in text
    assert "2 failed, 0 skipped" in text
    assert "checking shaky-plugin" in ran.stderr


def test_settings_reach_the_part_and_json_has_every_outcome(shaky: Path) -> None:
    ran = CliRunner().invoke(main, ["plugin", "check", "shaky-plugin", "--set", "shaky.batch_size=4", "--json"])
    failed = [(one["component"], one["rule"]) for one in json.loads(ran.stdout) if one["state"] == "failed"]
    assert failed == [("Shaky_Plugin", "declaring_is_light")]
    assert len(json.loads(ran.stdout)) == 3 + 2 * len(catalogue.rules_for("sampler"))


@pytest.mark.parametrize(
    ("words", "reason"),
    [(["nobodys-plugin"], "no installed distribution 'nobodys-plugin'"), (["shaky-plugin", "--data", "x=y"], "for x")],
)
def test_what_is_not_there_is_a_mistake(shaky: Path, words: list[str], reason: str) -> None:
    ran = CliRunner().invoke(main, ["plugin", "check", *words])
    assert ran.exit_code == 2
    assert reason in ran.stderr


def test_an_authors_whole_test_is_one_line(shaky: Path) -> None:
    (shaky / "test_shaky.py").write_text(
        "from ferbench.testing import contract\n\ntest_contract = contract('shaky-plugin')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "ferbench.testing", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [*command, "--ferbench-set", "steady.batch_size=2", "test_shaky.py"],
        capture_output=True,
        text=True,
        cwd=shaky,
        env={**os.environ, "PYTHONPATH": str(shaky)},
        check=False,
    )
    assert ran.returncode == 1, ran.stdout
    assert "test_contract[sampler:shaky-labels_are_not_written]" in ran.stdout
    assert "it wrote into the labels" in ran.stdout
    assert f"2 failed, {1 + 2 * len(catalogue.rules_for('sampler'))} passed" in " ".join(ran.stdout.split())


def test_without_hypothesis_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(PluginError, match=re.escape("uv pip install 'ferbench[testing]'")):
        runpy.run_path(str(examples.__file__))


def test_weights_that_are_missing_are_no_pass(registry: Any) -> None:
    entry = registry.get("detector", "toy-weighted")
    trial = Trial(entry, registry, Given())
    outcomes = [running.attempt(running.Pair(rule, entry), trial) for rule in catalogue.rules_for("detector")]
    states = {one.rule: one.state for one in outcomes}
    assert states["entry_is_complete"] == "passed"
    assert states["boxes_are_inside_the_image"] == states["fingerprint_is_one_line"] == "skipped"
    assert "nobody.bin" in next(one.reason for one in outcomes if one.state == "skipped")


def test_files_that_are_missing_are_no_pass(attempt: Callable[..., running.RuleOutcome], parts: Registry) -> None:
    entry = parts.get("dataset", "good-dataset")
    for rule in catalogue.rules_for("dataset"):
        outcome = running.attempt(running.Pair(rule, entry), Trial(entry, parts, Given()))
        if rule.check.__module__.endswith(".files") and rule.name != "missing_files_are_explained":
            assert outcome.state == "skipped"
            assert "--data good-dataset=PATH" in outcome.reason
