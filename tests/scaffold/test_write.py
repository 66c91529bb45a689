"""``ferbench plugin new``: what it writes is a working plugin of each kind, and nothing is overwritten unasked."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferbench.components import discovery, signature
from ferbench.components.registry import Entry
from ferbench.errors import ParameterError
from ferbench.scaffold import write
from ferbench.verify.verify import require

Call = Callable[..., Any]


@pytest.fixture
def made(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Entry]]:
    """Writes the plugin ``my-KIND``, installs it while the test runs, and gives its entry."""
    before = set(sys.modules)

    def _made(kind: str) -> Entry:
        name = f"my-{kind}"
        call("plugin", "new", name, "--kind", kind, "--into", tmp_path)
        folder = tmp_path / name
        project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
        info = folder / f"{name.replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: 0.1.0\n")
        points = "\n".join(f"{key} = {value}" for key, value in project["entry-points"]["ferbench"].items())
        (info / "entry_points.txt").write_text(f"[ferbench]\n{points}\n")
        monkeypatch.syspath_prepend(str(folder))
        discovery.installed.cache_clear()
        assert discovery.installed().problems == ()
        return discovery.installed().registry.get(kind, name)

    yield _made
    for name in set(sys.modules) - before:
        if name.startswith("my_"):
            del sys.modules[name]


@pytest.mark.parametrize("kind", write.KINDS)
def test_a_distribution_is_complete(made: Callable[[str], Entry], tmp_path: Path, kind: str) -> None:
    entry = made(kind)
    folder, module = tmp_path / f"my-{kind}", f"my_{kind}"
    assert (entry.distribution, entry.version) == (f"my-{kind}", "0.1.0")
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["dependencies"][0] == "ferbench"
    assert project["tool"]["uv"]["sources"]["ferbench"]["editable"] is True  # these tests run in a checkout
    if kind == "pipeline":
        assert tomllib.loads(entry.text())["name"] == "my-pipeline"
    else:
        for parameter in signature.signature_of(entry.load(), entry.name):
            assert parameter.default is not signature.REQUIRED
    for file in folder.rglob("*.py"):
        assert ast.get_docstring(ast.parse(file.read_text())), file
    test = (folder / "tests" / f"test_{module}.py").read_text()
    assert f'test_contract = contract("my-{kind}"' in test
    readme = (folder / "README.md").read_text()
    assert "uv run pytest" in readme
    assert "ferbench leaderboard --results results --pages results" in readme
    assert "$" not in "".join(file.read_text() for file in folder.rglob("*") if file.suffix in (".py", ".md", ".toml"))


RUNS = {
    "protocol": ["--protocol", "my-protocol"],
    "detector": ["--set", "detector=my-detector"],
    "embedder": ["--set", "embedder=my-embedder"],
    "classifier": ["--set", "classifier=my-classifier"],
}


@pytest.mark.parametrize("kind", RUNS)
def test_a_part_works_in_a_run(made: Callable[[str], Entry], toy_run: Call, kind: str) -> None:
    made(kind)
    folder, result = toy_run(*RUNS[kind])
    require(folder)
    assert next(iter(result["scores"].values()))["accuracy"] > 0.5  # of seven classes
    assert result["environment"]["distributions"][f"my-{kind}"] == "0.1.0"


def test_a_pipeline_works_in_a_run(made: Callable[[str], Entry], toy_run: Call) -> None:
    made("pipeline")
    _, result = toy_run("--pipeline", "my-pipeline", "--set", "dataset.cropped=true")
    assert result["pipeline"]["name"] == "my-pipeline"
    assert result["scores"]["lda"]["accuracy"] > 0.9


def test_a_dataset_works_in_a_run(made: Callable[[str], Entry], toy_run: Call, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    made("dataset")
    for name, level in (("dark", 60), ("light", 200)):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(10):
            image = np.random.default_rng(number).integers(level - 40, level + 40, (48, 48, 3), np.uint8)
            cv2.imwrite(str(tmp_path / "data" / name / f"{number}.png"), image)
    words = ["--set", "embedder=raw-pixels", "--dataset", "my-dataset", "--data", tmp_path / "data"]
    _, result = toy_run(*words)
    assert result["classes"] == ["dark", "light"]
    assert result["scores"]["svm"]["accuracy"] == 1.0


def test_a_loss_falls_when_it_is_followed(made: Callable[[str], Entry]) -> None:
    import torch

    torch.manual_seed(0)
    loss, labels = made("loss").load()(), torch.arange(4).repeat(4)
    loss.prepare(8, 4)
    embeddings = torch.randn(16, 8, requires_grad=True)
    first = loss(embeddings, labels)
    (step,) = torch.autograd.grad(first, embeddings)
    assert loss(embeddings - 0.05 * step, labels) < first
    assert list(loss.parameters())


def test_a_sampler_takes_the_classes_equally_often(made: Callable[[str], Entry]) -> None:
    labels = np.repeat(np.arange(3), [60, 20, 4]).astype(np.int64)
    batches = list(made("sampler").load()(batch_size=12).batches(labels, np.random.default_rng(0)))
    assert len(batches) == 7
    assert all(np.bincount(labels[batch]).tolist() == [4, 4, 4] for batch in batches)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("My_Loss", "such as my-loss"),
        ("-", "such as my-loss"),
        ("my--loss", "such as my-loss"),
        ("../loss", "such as loss"),
        ("json", "would hide the one"),
        ("class", "would hide the one"),
        ("torch", "would hide the one"),
        ("ferbench", "would hide the one"),
        ("triplet", "already, of ferbench-torch"),
    ],
)
def test_a_name_that_would_not_work_is_refused(call: Call, tmp_path: Path, name: str, words: str) -> None:
    ran = call("plugin", "new", "--kind", "loss", "--into", tmp_path, "--", name, status=2).stderr
    assert words in ran
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked(call: Call, tmp_path: Path) -> None:
    words = ("plugin", "new", "my-loss", "--kind", "loss", "--into", tmp_path)
    call(*words)
    file = tmp_path / "my-loss" / "my_loss" / "loss.py"
    file.write_text("work of weeks")
    ran = call(*words, status=2).stderr
    assert str(file) in ran
    assert "--force" in ran
    assert file.read_text() == "work of weeks"
    call(*words, "--force")
    assert "class MyLoss" in file.read_text()


@pytest.mark.parametrize(("answer", "kept"), [("n\n", True), ("y\n", False)])
def test_in_a_terminal_it_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, kept: bool) -> None:
    from click.testing import CliRunner

    from ferbench.cli import plugin

    monkeypatch.setattr(plugin, "_is_interactive", lambda: True)
    words = ["my-loss", "--kind", "loss", "--into", str(tmp_path)]
    CliRunner().invoke(plugin.new, words)
    file = tmp_path / "my-loss" / "README.md"
    file.write_text("mine")
    ran = CliRunner().invoke(plugin.new, words, input=answer)
    assert ran.exit_code == (1 if kept else 0)
    assert (file.read_text() == "mine") is kept


def test_beside_other_files_it_asks_nothing(call: Call, tmp_path: Path) -> None:
    (tmp_path / "my-loss").mkdir()
    (tmp_path / "my-loss" / "LICENSE").write_text("mine")
    call("plugin", "new", "my-loss", "--kind", "loss", "--into", tmp_path)
    assert (tmp_path / "my-loss" / "LICENSE").read_text() == "mine"


def test_inside_a_workspace_it_is_a_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["plugins/*"]\nexclude = ["plugins/other"]'
    )
    monkeypatch.setattr(write, "_checkout", lambda name: tmp_path if name == "ferbench" else None)

    def sources(folder: Path) -> dict[str, Any]:
        found = tomllib.loads(write.plan("my-loss", "loss", folder).files["pyproject.toml"])
        return dict(found["tool"]["uv"]["sources"]["ferbench"])

    assert sources(tmp_path / "plugins" / "my-loss") == {"workspace": True}
    assert sources(tmp_path / "plugins" / "other") == {"path": "../..", "editable": True}
    assert sources(tmp_path / "my-loss") == {"path": "..", "editable": True}


def test_of_an_installed_release_nothing_is_said_about_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "_checkout", lambda name: None)
    text = write.plan("my-pipeline", "pipeline", Path("my-pipeline")).files["pyproject.toml"]
    assert "uv" not in tomllib.loads(text)["tool"]


def test_its_own_installed_part_is_no_clash(made: Callable[[str], Entry]) -> None:
    made("loss")
    write.check("my-loss", "loss", discovery.installed().registry)
    with pytest.raises(ParameterError, match="already"):
        write.check("triplet", "loss", discovery.installed().registry)
