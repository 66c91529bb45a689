"""Every rule of the contract can fail: a part that breaks it is found out, one that keeps them all is not."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ferbench import Entry
from ferbench.registry import KINDS, Registry
from ferbench.testing import Given, catalogue, running
from ferbench.testing.rules import RULES
from ferbench.testing.trial import Trial
from tests.broken import BROKEN, GOOD

for module in ("classifiers", "datasets", "detectors", "embedders", "files", "losses", "protocols", "samplers"):
    importlib.import_module(f"tests.broken.{module}")

PLUGIN_RULES = ["it_can_be_loaded", "declaring_is_light", "names_are_its_own"]
KEPT = [(kind, rule.name) for kind in GOOD for rule in catalogue.of(kind)]
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
def attempt(parts: Registry, release: Path) -> Callable[..., running.Outcome]:
    def _attempt(kind: str, entry: Entry, rule: str) -> running.Outcome:
        found = parts.get(kind, entry.name)
        (wanted,) = [one for one in catalogue.of(kind) if one.name == rule]
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
def test_a_part_that_breaks_a_rule_is_found_out(attempt: Callable[..., running.Outcome], rule: str) -> None:
    part = BROKEN[rule]
    outcome = attempt(part.kind, part.entry, rule)
    assert outcome.state == "failed", outcome
    assert re.search(part.reason, outcome.reason), outcome.reason


@pytest.mark.parametrize(("kind", "rule"), KEPT, ids=[f"{kind}-{rule}" for kind, rule in KEPT])
def test_a_part_that_keeps_them_all_is_not(attempt: Callable[..., running.Outcome], kind: str, rule: str) -> None:
    outcome = attempt(kind, GOOD[kind].entry, rule)
    assert outcome.state == ("skipped" if NOT_FOR_GOOD.get(rule) == kind else "passed"), outcome
