"""What was verified is remembered, and never trusted once a byte has changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from platformdirs import user_cache_path

from ferbench.bundles import bundle, right_answers
from ferbench.errors import BundleError, StorageError
from ferbench.verify import cache, verify
from tests.forged import forge

Run = Callable[..., tuple[Path, dict[str, Any]]]


@pytest.fixture
def folder(toy_run: Run) -> Path:
    return toy_run()[0]


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every folder that the verifier was asked for."""
    asked: list[Path] = []
    whole = verify.require

    def _verify(folder: Path) -> Any:
        asked.append(folder)
        return whole(folder)

    monkeypatch.setattr(verify, "require", _verify)
    return asked


def test_an_unchanged_bundle_is_verified_once(folder: Path, verifications: list[Path]) -> None:
    root = folder.parents[3]
    (first,), (again,) = cache.read(root), cache.read(root)
    assert verifications == [folder]
    assert first == again
    assert first.result.scores == bundle.read(folder).scores
    other = forge(folder, "other", range(3))
    assert [one.folder for one in cache.read(root)] == sorted([folder, other])
    assert verifications == [folder, other]


def test_right_answers_are_in_the_order_of_split_and_id(folder: Path) -> None:
    forged = forge(folder, "forged", [4, 7, 11])
    file = forged / "predictions.csv"
    head, *lines = file.read_text().splitlines()
    wrong = {line.split(",")[0] for number, line in enumerate(lines) if number in (4, 7, 11)}
    file.write_text("\n".join([head, *np.random.default_rng(0).permutation(lines).tolist()]) + "\n")
    one = next(one for one in cache.read(folder.parents[3]) if one.folder == forged)
    test_set = right_answers.read(forged, one.result)
    assert test_set.ids.tolist() == sorted(test_set.ids.tolist())
    assert set(test_set.ids[~one.right("svm")].tolist()) == wrong
    assert len(wrong) == 3


@pytest.mark.parametrize("name", ["result.json", "predictions.csv", "predictions/svm-rbf.csv", "leaks.csv"])
def test_any_byte_that_changes_is_verified_anew(folder: Path, verifications: list[Path], name: str) -> None:
    root = folder.parents[3]
    cache.read(root)
    with (folder / name).open("ab") as opened:
        opened.write(b"x")
    with pytest.raises(BundleError):
        cache.read(root)
    assert verifications == [folder, folder]


def test_a_model_is_no_part_of_it_and_any_other_file_is(folder: Path) -> None:
    before = cache.fingerprint(folder)
    (folder / "model" / "more.bin").write_bytes(b"weights")
    assert cache.fingerprint(folder) == before
    (folder / "subjects.csv").write_text("id,subject\n")
    assert cache.fingerprint(folder) != before


def test_a_file_that_names_no_subject_of_a_test_image_is_refused(folder: Path) -> None:
    (folder / "subjects.csv").write_text("id,subject\nsomebody,p1\n")
    with pytest.raises(BundleError, match="does not name the test samples"):
        cache.read(folder.parents[3])
    (folder / "subjects.csv").write_text("id,person\n")
    with pytest.raises(BundleError, match="the columns are not id, subject"):
        cache.read(folder.parents[3])


def test_another_verifier_forgets_all(folder: Path, verifications: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder.parents[3]
    cache.read(root)
    monkeypatch.setattr(cache, "_code", lambda: 7)
    cache.read(root)
    assert verifications == [folder, folder]


def test_a_bundle_that_changes_meanwhile_is_not_remembered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = verify.require

    def _verify(place: Path) -> Any:
        result = whole(place)
        with (place / "predictions.csv").open("a") as opened:
            opened.write("late\n")
        return result

    monkeypatch.setattr(verify, "require", _verify)
    with pytest.raises(BundleError, match="changed while it was read"):
        cache.read(folder.parents[3])


def test_a_broken_memory_says_how_to_mend_it(folder: Path) -> None:
    cache.read(folder.parents[3])
    memory = user_cache_path("ferbench") / "verified.sqlite3"
    memory.write_bytes(b"not a database, by no means " * 100)
    with pytest.raises(StorageError, match="delete it"):
        cache.read(folder.parents[3])
    memory.unlink()
    cache.read(folder.parents[3])
    with sqlite3.connect(memory) as opened:
        assert opened.execute("SELECT count(*) FROM verified").fetchone() == (1,)
    opened.close()
