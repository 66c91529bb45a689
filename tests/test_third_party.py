"""A plugin that ferbench has never heard of, in an environment of its own: installed by uv, run by ``ferbench run``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

UV = os.environ.get("UV") or shutil.which("uv")
PIPELINE = """
[detector]
name = "my-face"

[embedder]
name = "hog"

[[classifiers]]
name = "svm"
C = 0.1
"""


@pytest.mark.slow
@pytest.mark.skipif(UV is None, reason="uv, which makes the environment, is not installed")
def test_from_plugin_new_to_a_leaderboard_in_another_environment(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}

    def call(*words: object) -> str:
        ran = subprocess.run(
            [*map(str, words)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=500, check=False
        )
        assert ran.returncode == 0, f"{words}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    python, ferbench = tmp_path / ".venv" / "bin" / "python", tmp_path / ".venv" / "bin" / "ferbench"
    call(UV, "venv", "--quiet", ".venv")
    install = (UV, "pip", "install", "--quiet", "--python", python)
    parts = [ROOT, ROOT / "plugins" / "ferbench-datasets", ROOT / "plugins" / "ferbench-sklearn"]
    call(*install, *(word for part in parts for word in ("-e", part)))
    before = {part["name"] for part in json.loads(call(ferbench, "list", "--json"))["components"]}

    call(ferbench, "plugin", "new", "my-face", "--kind", "detector")
    call(*install, "-e", tmp_path / "my-face", ROOT / "plugins" / "examples" / "ferbench-classic")
    listed = json.loads(call(ferbench, "list", "--json"))
    assert listed["problems"] == []
    assert {part["name"] for part in listed["components"]} - before == {"my-face", "hog", "lbp"}

    (tmp_path / "hog.toml").write_text(PIPELINE)
    few = ("--set", "dataset.subjects=24", "--set", "dataset.frames=1", "--set", "faces.shipped=false")
    result = json.loads(call(ferbench, "run", "--pipeline", "hog.toml", *few, "--out", "results", "--json"))
    assert result["scores"]["svm"]["accuracy"] > 0.25  # of seven classes
    assert result["environment"]["distributions"]["ferbench-classic"] == "0.1.0"
    assert result["environment"]["distributions"]["my-face"] == "0.1.0"
    call(ferbench, "leaderboard", "--results", "results", "--pages", "results")
    (page,) = (tmp_path / "results" / "synthfaces-7").glob("*.md")
    assert "hog" in page.read_text()
