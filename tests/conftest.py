"""What all tests of the core share: the toy plugin, installed as any third party's, and a cache of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from ferbench.bundles import bundle
from ferbench.cli.main import main
from ferbench.components import discovery

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
TOY = Path(__file__).parent / "toy"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The toy plugin is installed while the test runs."""
    monkeypatch.syspath_prepend(str(TOY))
    discovery.installed.cache_clear()
    yield
    discovery.installed.cache_clear()


@pytest.fixture
def registry(toy: None) -> Any:
    """The registry with the toy plugin's parts."""
    return discovery.installed().registry


@pytest.fixture
def call(toy: None) -> Callable[..., Result]:
    """Calls the command line in this process; the toy plugin is there."""

    def _call(*words: object, status: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exit_code == status, f"{result.output}\n{result.exception!r}"
        return result

    return _call


@pytest.fixture
def toy_run(call: Callable[..., Result], tmp_path: Path) -> Callable[..., tuple[Path, dict[str, Any]]]:
    """Runs the toy pipeline; gives the bundle's folder and its result."""

    def _run(*words: object, out: Path = tmp_path / "runs") -> tuple[Path, dict[str, Any]]:
        shown = call("run", "--pipeline", "toy-pipeline", "--dataset", "toy", "--out", out, "--json", *words)
        result = json.loads(shown.stdout)
        return Path(result["bundle"]), result

    return _run


@pytest.fixture(scope="session")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with one bundle: LDA's probabilities and an SVM's decision values, some of them wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(TOY))
        for name in ("CACHE", "CONFIG"):
            patch.setenv(f"XDG_{name}_HOME", str(tmp_path_factory.mktemp(name)))
        discovery.installed.cache_clear()
        out = tmp_path_factory.mktemp("honest") / "results"
        words = ["--set", "classifier=lda", "--set", "embedder.noise=1", "--out", str(out)]
        ran = CliRunner().invoke(main, ["run", "--pipeline", "toy-pipeline", "--dataset", "toy", *words])
        assert ran.exit_code == 0, ran.output
        (folder,) = bundle.find(out)
        shutil.rmtree(folder / "model")
    discovery.installed.cache_clear()
    return out


@pytest.fixture(scope="session")
def film() -> Callable[..., Path]:
    """Writes pictures uint8 [H, W, 3] as a video at 25 fps, MPEG-4 unless told, in the container that the name says."""
    return make_film


def make_film(file: Path, pictures: Sequence[NDArray[Any]], codec: str = "mpeg4") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(file), "w") as container:
        stream: Any = container.add_stream(codec, rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.bit_rate, stream.codec_context.thread_count = "yuv420p", 2_000_000, 1
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def shell(*words: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs ``python -m ferbench`` in a process of its own, the toy plugin installed."""
    return subprocess.run(
        [sys.executable, "-m", "ferbench", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(TOY), **environment},
        timeout=600,
        check=False,
    )
