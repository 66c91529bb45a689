"""Atomic writes: the new content whole, or the old one."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest

from ferbench.errors import StorageError
from ferbench.support.atomic import replacing, write_json, write_text


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b.txt"
    write_text(file, "one")
    write_text(file, "two ✓")
    assert file.read_text(encoding="utf-8") == "two ✓"
    assert leftovers(file.parent) == []


def test_an_error_inside_leaves_the_old_content(tmp_path: Path) -> None:
    file = tmp_path / "b.txt"
    write_text(file, "old")
    with pytest.raises(ValueError, match="half way"), replacing(file) as fresh:  # noqa: PT012 - the block is the test
        fresh.write_text("new")
        raise ValueError("half way")
    assert file.read_text() == "old"
    assert leftovers(tmp_path) == []


def test_a_full_disk_leaves_the_old_content_and_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "b.txt"
    write_text(file, "old")
    with pytest.raises(StorageError, match=r"(?s)No space left.*free some space"), replacing(file) as fresh:  # noqa: PT012
        fresh.write_text("ne")
        raise OSError(28, "No space left on device")
    assert file.read_text() == "old"
    assert leftovers(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_real_full_device(tmp_path: Path) -> None:
    file = tmp_path / "b.txt"
    write_text(file, "old")
    with pytest.raises(StorageError, match="No space left"), replacing(file) as fresh:  # noqa: PT012
        fresh.symlink_to("/dev/full")
        fresh.write_text("new")
    assert file.read_text() == "old"


@pytest.mark.skipif(
    not hasattr(os, "fork"), reason="needs fork, to become a user without rights where the test is root"
)
def test_no_permission(tmp_path: Path) -> None:
    write_text(tmp_path / "b.txt", "old")
    tmp_path.chmod(0o500)
    child = os.fork()
    if not child:
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            write_text(tmp_path / "b.txt", "new")
        except StorageError as error:
            os._exit(0 if "Permission denied" in error.what and "--out DIR" in error.fix else 2)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    tmp_path.chmod(0o700)
    assert os.waitstatus_to_exitcode(status) == 0
    assert (tmp_path / "b.txt").read_text() == "old"


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a file")
    with pytest.raises(StorageError, match="cannot be written"):
        write_text(tmp_path / "a" / "b.txt", "new")
    assert (tmp_path / "a").read_text() == "a file"


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    for name in ("one", "two"):
        with replacing(folder) as fresh:
            fresh.mkdir()
            (fresh / name).write_text(name)
    assert [path.name for path in folder.iterdir()] == ["two"]
    assert leftovers(tmp_path) == []


def test_json_has_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"x": math.nan})
    write_json(tmp_path / "a.json", {"x": 1})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1}
