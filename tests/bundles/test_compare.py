"""``ferbench compare``: what two bundles differ in, and which ones are not compared at all."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from scipy.stats import binomtest

from ferbench.bundles import bundle
from ferbench.bundles.files import SUBJECTS
from ferbench.bundles.intervals import mcnemar
from tests.forged import forge

Run = Callable[..., tuple[Path, dict[str, Any]]]
Call = Callable[..., Result]


def test_mcnemar_by_hand_and_by_scipy() -> None:
    assert mcnemar(5, 0) == 2 / 2**5
    assert mcnemar(1, 4) == pytest.approx(2 * (1 + 5) / 2**5)
    assert mcnemar(0, 0) == mcnemar(4, 4) == 1.0
    for first, second in ((0, 1), (1, 9), (30, 12), (2, 300)):
        assert mcnemar(first, second) == pytest.approx(binomtest(first, first + second).pvalue)


@pytest.fixture
def pair(toy_run: Run) -> tuple[Path, Path]:
    """Of 42 images, each wrong on some, a few of them the same."""
    folder = toy_run()[0]
    return forge(folder, "one", range(9)), forge(folder, "other", range(5, 20))


def compared(call: Call, *words: object) -> dict[str, Any]:
    ran: dict[str, Any] = json.loads(call("compare", *words, "--json").stdout)
    return ran


def said_by(folder: Path) -> dict[str, tuple[str, str]]:
    with (folder / "predictions.csv").open(encoding="utf-8") as opened:
        return {row["id"]: (row["label"], row["predicted"]) for row in csv.DictReader(opened)}


def test_everything_agrees_with_the_files(pair: tuple[Path, Path], call: Call, tmp_path: Path) -> None:
    found = compared(call, *pair, "--csv", tmp_path / "differing.csv")
    first, second = map(said_by, pair)
    apart = {one for one in first if first[one] != second[one]}
    assert apart
    assert {row["id"] for row in found["differing"]} == apart
    for row in found["differing"]:
        assert (row["label"], row["first"]) == first[row["id"]]
        assert (row["label"], row["second"]) == second[row["id"]]
    with (tmp_path / "differing.csv").open(encoding="utf-8") as opened:
        assert list(csv.DictReader(opened)) == found["differing"]
    right = [{one for one, (label, ran) in side.items() if label == ran} for side in (first, second)]
    assert found["only_first"] == len(right[0] - right[1])
    assert found["only_second"] == len(right[1] - right[0])
    assert found["difference"] == pytest.approx((len(right[0]) - len(right[1])) / len(first))
    assert found["p_value"] == pytest.approx(mcnemar(found["only_first"], found["only_second"]))
    for row in found["classes"]:
        ids = {one for one, (label, _) in first.items() if label == row["name"]}
        assert (row["images"], row["first"], row["second"]) == (len(ids), len(ids & right[0]), len(ids & right[1]))
    assert found["settings"] == {"pipeline": ["one", "other"]}


def test_a_person_sees_it(pair: tuple[Path, Path], call: Call) -> None:
    for folder in pair:  # six people are too few for an interval, so it is over the images
        (folder / SUBJECTS).unlink()
    ran = call("compare", *pair, "--show", "2").stdout
    assert "the difference is not significant" in ran
    assert "only A is right on 11 images, only B on 5" in ran
    assert "McNemar" in ran
    assert re.search(r"pipeline +one +other", ran)
    assert "all of them: --csv FILE" in ran
    same = call("compare", pair[0], pair[0]).stdout
    assert "the difference is not significant" in same
    assert "they differ on 0 images" in same


def test_the_bootstrap_is_over_subjects_where_both_bundles_name_them(pair: tuple[Path, Path], call: Call) -> None:
    found = compared(call, *pair)
    people = {one.split("-")[0] for one in said_by(pair[0])}
    assert (found["unit"], found["units"]) == ("subject", len(people))
    assert found["interval"] is None  # six people
    assert "6 subjects are too few for an interval" in call("compare", *pair).stdout
    (pair[0] / SUBJECTS).unlink()
    assert compared(call, *pair)["unit"] == "image"


def test_two_classifiers_of_one_bundle(toy_run: Run, call: Call) -> None:
    folder = toy_run()[0]
    found = compared(call, folder, folder, "--classifier", "svm", "--classifier", "svm-rbf")
    assert (found["first"]["classifier"], found["second"]["classifier"]) == ("svm", "svm-rbf")
    scores = bundle.read(folder).scores
    assert found["accuracies"] == pytest.approx([scores["svm"].accuracy, scores["svm-rbf"].accuracy])
    assert {"classifier.kernel"} <= set(found["settings"])
    assert "no classifier 'lda'" in call("compare", folder, folder, "--classifier", "lda", status=2).stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--set", "dataset.subjects=21"), "dataset's content"),
        (("--set", "dataset.contempt=true"), "the classes"),
        (("--protocol", "random-7-3"), "the protocol of one: subject-disjoint-7-3; of the other: random-7-3"),
        (("--seed", "1"), "test images' digest"),
    ],
)
def test_what_cannot_be_compared_is_refused(toy_run: Run, call: Call, words: tuple[str, ...], reason: str) -> None:
    ran = call("compare", toy_run()[0], toy_run(*words)[0], status=2).stderr
    assert "cannot be compared" in ran
    assert reason in ran


def test_an_altered_bundle_is_refused(pair: tuple[Path, Path], call: Call) -> None:
    file = pair[1] / "predictions.csv"
    lines = file.read_text().splitlines()
    np.random.default_rng(0).shuffle(lines[1:])
    file.write_text("\n".join(lines[:-1]) + "\n")
    assert "digest" in call("compare", *pair, status=2).stderr
