"""``--help``, ``list``, early errors and components that are not built import no framework; the proof can fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

HEAVY = ("torch", "numpy", "sklearn", "cv2", "pandas", "timm", "scipy", "matplotlib", "PIL", "imagehash")
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
    ran = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False, timeout=120)
    print(ran.stderr)
    return ran.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize("words", [["--help"], ["list"], ["list", "datasets"], ["data", "list"], ["run", "--help"]])
def test_nothing_heavy_is_imported(words: list[str]) -> None:
    assert imported(words) == []


def test_verification_reads_csv_and_json_alone() -> None:
    results = str(ROOT / "leaderboards" / "results")
    assert imported(["verify", results]) == ["numpy"]
    assert imported(["verify", results], first="import pandas") == ["numpy", "pandas"]


def test_the_proof_can_fail() -> None:
    assert imported(["--help"], first="import numpy") == ["numpy"]


RUN = ("run", "--pipeline", "tlf-resnet18-svm")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--pipeline", "tlf-resnet"], "there is no pipeline 'tlf-resnet'"),
        ([*RUN, "--dataset", "fer2013", "--data", "nowhere"], "fer2013: there is no nowhere"),
        ([*RUN, "--dataset", "fer2013"], "where the data of fer2013 is is not known"),
        ([*RUN, "--protocol", "loose"], "there is no protocol 'loose'"),
        ([*RUN, "--init", "nowhere"], "there is no nowhere"),
        ([*RUN, "--out", "file/runs"], "file/runs cannot be written"),
        ([*RUN, "--set", "embedder.nonsense=1"], "embedder 'resnet18' has no parameter 'nonsense'"),
        ([*RUN, "--set", "loss.magrin=1"], "did you mean 'margin'"),
        ([*RUN, "--set", "svm.D=1"], "classifier 'svm' has no parameter 'D'"),
        ([*RUN, "--set", "protocol.tset=0.2", "--protocol", "random-7-3"], "did you mean 'test'"),
        ([*RUN, "--set", "dataset.subject=9"], "did you mean 'subjects'"),
        ([*RUN, "--set", "detector.weights=no.pth"], "there is no weights file no.pth"),
        ([*RUN, "--set", "monitor.evry=2"], "did you mean 'every'"),
        (["run", "--pipeline", "mine.toml"], "there is no section 'embeder', did you mean 'embedder'"),
        (["sweep", "study.toml"], "embedder 'resnet18' has no parameter 'epoch'"),
        (["sweep", "wrong.toml"], "wrong.toml: pipelines: Field required"),
        (["table", "5", "--results", "none"], "where the data of fer2013 is is not known"),
    ],
)
def test_what_needs_no_framework_is_reported_without_one(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    Path("mine.toml").write_text('[embeder]\nname = "resnet18"\n')
    Path("study.toml").write_text('pipelines = [{ name = "tlf-resnet18-svm", set = ["embedder.epoch=3"] }]\n')
    Path("wrong.toml").write_text('pipeline = ["raw-pixels-svm"]\n')
    modules = imported(words)
    assert message in capsys.readouterr().out
    assert not {"torch", "cv2", "sklearn"} & set(modules)


def test_a_detector_that_is_not_built_imports_no_torch() -> None:
    source = (
        "import sys; from ferbench.components.discovery import installed\n"
        "print(*(entry.load().__name__ for entry in installed().registry if entry.kind == 'detector'))\n"
        "print('torch' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=120)
    names, torch = output.stdout.splitlines()
    assert {"RetinaFace", "MediaPipe", "YuNet"} <= set(names.split())
    assert torch == "False"
