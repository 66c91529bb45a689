"""The cache of crops: what is lost by a failure is made anew, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ferbench.faces.cache import CropCache


@pytest.mark.parametrize(("lost", "left"), [(None, 3), ("crops.npy", 1), ("has_face.npy", 1), ("written", 1)])
def test_rows_that_a_power_failure_lost_are_made_anew(lost: str | None, left: int, tmp_path: Path) -> None:
    rows, yes = np.arange(4 * 9, dtype=np.uint8).reshape(4, 3, 3), np.ones(4, np.bool_)
    killed = CropCache(tmp_path, 4, 3).__enter__()
    killed.append(rows[:1], yes[:1])
    killed._sync()
    killed.append(rows[1:3], yes[1:3])
    killed._files.close()  # it ends without the note of an orderly exit
    if lost:
        with (tmp_path / lost).open("r+b") as file:
            file.seek({"crops.npy": -12, "has_face.npy": -2, "written": -2}[lost], os.SEEK_END)
            file.write(b"\x07")
    with CropCache(tmp_path, 4, 3) as cache:
        assert cache.done == left
        cache.append(rows[left:], yes[left:])
    images, found = CropCache(tmp_path, 4, 3).read()
    assert np.array_equal(images, rows)
    assert found.all()


def test_two_runs_may_fill_one_cache(tmp_path: Path) -> None:
    """Neither empties what the other has written, whichever comes first."""
    rows, yes = np.arange(4 * 9, dtype=np.uint8).reshape(4, 3, 3), np.ones(4, np.bool_)
    with CropCache(tmp_path, 4, 3) as first, CropCache(tmp_path, 4, 3) as second:
        first.append(rows[:3], yes[:3])
        second.append(rows[:1], yes[:1])
        with CropCache(tmp_path, 4, 3) as third:
            assert third.done in (0, 1)  # what the slower one noted
        first.append(rows[3:], yes[3:])
    images, found = CropCache(tmp_path, 4, 3).read()
    assert np.array_equal(images, rows)
    assert found.all()


def test_a_cache_whose_file_was_cut_is_made_anew(tmp_path: Path) -> None:
    rows, yes = np.arange(4 * 9, dtype=np.uint8).reshape(4, 3, 3), np.ones(4, np.bool_)
    with CropCache(tmp_path, 4, 3) as cache:
        cache.append(rows[:2], yes[:2])
    os.truncate(tmp_path / "crops.npy", 100)
    with CropCache(tmp_path, 4, 3) as cache:
        assert cache.done == 0
