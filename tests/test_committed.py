"""The results that are kept: every bundle rescored, every page up to date."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ferbench.boards.build import build, check
from ferbench.bundles import bundle
from ferbench.components.discovery import installed
from ferbench.verify.verify import judge, verified
from tests.conftest import ROOT

RESULTS = ROOT / "leaderboards" / "results"
BUNDLES = bundle.find(RESULTS)


@pytest.mark.parametrize("folder", BUNDLES, ids=lambda folder: "/".join(folder.parts[-4:]))
def test_a_kept_bundle_is_verified_and_in_its_place(folder) -> None:
    result = verified(folder)
    assert folder.relative_to(RESULTS) == bundle.relative_path(result.model_dump())
    assert judge(folder).matches_manifest
    assert not (folder / "model").exists()  # 45 MB of weights; the predictions are what is kept


def test_the_pages_are_up_to_date() -> None:
    texts = build(RESULTS, RESULTS.parent)
    assert check(texts) == []
    others = (RESULTS, *(RESULTS.parent / name for name in ("audits", "figures", "tables")))
    kept = {path for path in RESULTS.parent.rglob("*.md") if not set(others) & set(path.parents)}
    assert kept == {*texts, RESULTS.parent / "detectors.md"}


def test_the_table_of_detectors_is_up_to_date(call: Any) -> None:
    assert "up to date" in call("detectors", "--check", "--out", RESULTS.parent / "detectors.md").stdout


def test_what_show_says_of_a_detectors_speed_is_the_tables() -> None:
    board = json.loads((RESULTS.parent / "detectors.json").read_text())["boards"]["synthfaces-scenes"]
    rows = [row for row in board["detectors"] if row["milliseconds"] and row["name"] != "whole-image"]
    assert len(rows) >= 5
    for row in rows:
        assert installed().registry.get("detector", row["name"]).speed.startswith(f"{row['milliseconds']:.0f} ms ")


def test_the_papers_tables_are_up_to_date(call: Any) -> None:
    ran = call("table", *(f"haider2023-{number}" for number in range(1, 7)), "--results", RESULTS, "--check")
    assert "6 pages are up to date" in ran.stdout


@pytest.mark.parametrize(
    "pipeline", ["tlf-resnet18-svm", "ce-resnet18-svm", "tlf-resnet18-table5", "ce-resnet18-softmax"]
)
def test_fer2013_is_there_with_its_curve(pipeline: str) -> None:
    found = [bundle.read(one) for one in BUNDLES if one.parts[-4:-1] == ("fer2013-7", "official", pipeline)]
    assert found
    for result in found:
        assert result.dataset["samples"] == 35_887
        assert result.scores[result.main_classifier].count == 3_589
        assert [row["epoch"] for row in result.curves["official"]][-1] == result.pipeline["embedder"]["parameters"][
            "epochs"
        ]
