"""README's commands are the real ones, and nothing a user can type is missing from it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from ferbench import hookspecs
from ferbench.cli.main import main
from ferbench.components.discovery import installed
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
HOOKS = [name for name in vars(hookspecs) if name.startswith("register_")]


def test_the_first_two_commands_are_all_the_set_up_there_is() -> None:
    blocks = re.findall(r"```[a-z]*\n(.*?)```", README, flags=re.DOTALL)
    commands = [line for block in blocks for line in block.splitlines() if line.strip()]
    assert commands[:2] == [
        "python3 -m pip install uv && uv run ferbench run --pipeline tlf-resnet18-svm",
        "python3 -m pip install uv && uv run pytest",
    ]
    assert README.index(commands[1]) < README.index("\n## ")  # both on the first screen


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented(hook: str) -> None:
    assert f"`{hook}`" in README
    assert len(getattr(hookspecs, hook).__doc__) > 40


def test_every_hook_has_a_page_and_the_pages_are_up_to_date() -> None:
    names = {path.stem for path in (ROOT / "docs" / "hooks").glob("*.md")}
    assert names == {"README", *(hook.removeprefix("register_") for hook in HOOKS)}
    ran = subprocess.run(
        [sys.executable, ROOT / "docs" / "make.py", "--check"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_is_documented(command: str) -> None:
    assert f"`ferbench {command}" in README
    assert main.commands[command].help


def test_every_pipeline_is_documented() -> None:
    names = [entry.name for entry in installed().registry if entry.kind == "pipeline"]
    assert len(names) >= 4
    for name in names:
        assert f"| `{name}` |" in README


def test_every_protocol_is_documented() -> None:
    for entry in installed().registry:
        if entry.kind == "protocol":
            assert f"`{entry.name}`" in README


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_no_lock_file_and_no_registry_is_tracked() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "pyproject.toml" in tracked
    assert [file for file in tracked if file.endswith((".lock", "uv.toml", "pip.conf"))] == []
    for file in tracked:
        if file.endswith("pyproject.toml"):
            settings = tomllib.loads((ROOT / file).read_text()).get("tool", {}).get("uv", {})
            assert not {"index", "index-url", "extra-index-url", "find-links"} & set(settings), file
            assert "exclude-newer" in settings or file != "pyproject.toml"


def test_the_python_block_goes_from_nothing_to_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```(\w*)\n(.*?)```", README, flags=re.DOTALL)
    kind, code = blocks[1]
    assert kind == "python"
    *statements, table = ast.parse(code).body
    assert isinstance(table, ast.Expr)
    assert statements[-1].end_lineno is not None
    assert table.lineno == statements[-1].end_lineno + 2, "python's prompt ends a loop at an empty line"
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(ast.Module(statements, []), "README.md", "exec"), names)
    shown = eval(compile(ast.Expression(table.value), "README.md", "eval"), names)
    assert shown.loc["raw-pixels-svm", "random-7-3"] > shown.loc["raw-pixels-svm", "subject-disjoint-7-3"] > 1 / 7


def test_every_room_is_in_the_table_of_rooms() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text[text.index("| room |") : text.index("### Rules")]
    rooms = [
        room for cell in re.findall(r"^\| (`.*?`) \|", table, flags=re.MULTILINE) for room in cell.split("`")[1::2]
    ]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in settings if contract["type"] == "layers"]
    layered = [name for layer in layers for name in layer.replace("ferbench.", "").split(" | ")]
    assert rooms == [name for name in layered if (ROOT / "ferbench" / name).is_dir()]
    assert set(rooms) == {path.parent.name for path in (ROOT / "ferbench").glob("*/__init__.py")}
