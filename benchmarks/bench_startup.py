"""What a person waits for ``ferbench --help`` and ``ferbench list`` beyond Python's own start."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest


def call(*words: str) -> None:
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("command", ["--help", "list"])
def test_startup(command: str, side_by_side: Any, verdict: Any) -> None:
    rounds = side_by_side(lambda: call("-m", "ferbench", command), lambda: call("-c", "pass"), rounds=25)
    verdict(f"ferbench {command}, seconds more than python -c pass", rounds.difference, below=0.4)
