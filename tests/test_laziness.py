"""``--help`` and ``list`` import neither torch nor numpy, and a part that is not built no torch; the proof can fail."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "numpy", "sklearn", "cv2", "pandas", "timm", "scipy", "matplotlib")
PROBE = """
import sys
{first}
from ferbench.cli.main import main
try:
    main({words!r})
finally:
    print("IMPORTED", *sorted(name for name in {heavy!r} if name in sys.modules))
"""


def imported(words: list[str], first: str = "") -> list[str]:
    source = PROBE.format(first=first, words=words, heavy=HEAVY)
    said = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=120)
    return said.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize("words", [["--help"], ["list"], ["list", "datasets"], ["data", "list"], ["run", "--help"]])
def test_nothing_heavy_is_imported(words: list[str]) -> None:
    assert imported(words) == []


def test_the_proof_can_fail() -> None:
    assert imported(["--help"], first="import numpy") == ["numpy"]


def test_a_detector_that_is_not_built_imports_no_torch() -> None:
    source = (
        "import sys; from ferbench.components.discovery import installed\n"
        "print(*(entry.load().__name__ for entry in installed().registry if entry.kind == 'detector'))\n"
        "print('torch' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=120)
    names, torch = said.stdout.splitlines()
    assert {"RetinaFace", "MediaPipe", "YuNet"} <= set(names.split())
    assert torch == "False"
