"""What plugins may import. import-linter holds it for ours; here it is held for the examples and the templates."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferbench.scaffold import write
from tests.conftest import ROOT

MODULES = ("", ".data", ".errors", ".interfaces", ".media", ".support", ".testing")
PUBLIC = {f"ferbench{name}" for name in MODULES}


def imported(source: str) -> Iterator[str]:
    """The modules of ferbench that ``source`` imports, and "module.name" for what is not a public name there."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] == "ferbench")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "ferbench":
            public = getattr(importlib.import_module(str(node.module)), "__all__", None)
            for alias in node.names:
                yield str(node.module) if public is None or alias.name in public else f"{node.module}.{alias.name}"


def sources() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "plugins" / "examples").glob("*/ferbench_*/**/*.py")):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for kind in write.KINDS:
        for name, text in write.plan(f"my-{kind}", kind, Path(f"my-{kind}")).files.items():
            if name.endswith(".py"):
                yield f"{kind}: {name}", text


@pytest.mark.parametrize(("name", "source"), [pytest.param(*pair, id=pair[0]) for pair in sources()])
def test_examples_and_templates_import_the_public_modules_alone(name: str, source: str) -> None:
    assert set(imported(source)) <= PUBLIC


def test_the_proof_can_fail() -> None:
    assert list(imported("from ferbench.support.weights import locate")) == ["ferbench.support.weights"]
    assert list(imported("from ferbench.support import weights")) == ["ferbench.support.weights"]
    assert list(imported("import ferbench.bundles.bundle")) == ["ferbench.bundles.bundle"]


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there(name: str) -> None:
    module = importlib.import_module(name)
    for public in getattr(module, "__all__", ()):
        assert getattr(module, public).__class__ is not type(sys), f"{name}.{public} is a module"


def test_the_page_is_up_to_date() -> None:
    command = [sys.executable, ROOT / "docs" / "make.py", "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
