"""A broken plugin is reported and stops nothing else."""

from __future__ import annotations

import importlib.metadata
import sys
import textwrap
from pathlib import Path

import pytest

from ferbench.components import discovery
from ferbench.components.discovery import Plugins
from ferbench.errors import NameClashError, PluginError, UnknownNameError
from tests.conftest import shell

GOOD = 'Entry("good", "json:loads", "a part that works")'


def install(folder: Path, name: str, source: str) -> importlib.metadata.EntryPoint:
    """Writes a distribution with one plugin module into ``folder``, which is on ``sys.path``."""
    module = name.replace("-", "_")
    (folder / f"{module}.py").write_text(
        "from ferbench import Entry, hookimpl\n" + textwrap.dedent(source), encoding="utf-8"
    )
    info = folder / f"{module}-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[ferbench]\n{name} = {module}\n", encoding="utf-8")
    (found,) = [point for point in importlib.metadata.entry_points(group="ferbench") if point.name == name]
    return found


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Installs plugins given as name=source and loads exactly those."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def _load(**sources: str) -> Plugins:
        return discovery.load([install(tmp_path, name, source) for name, source in sources.items()])

    yield _load
    for name in set(sys.modules) - before:
        del sys.modules[name]


def registering(entries: str, hook: str = "losses") -> str:
    return f"@hookimpl\ndef register_{hook}():\n    return [{entries}]\n"


def test_a_good_plugin_is_registered_with_its_distribution(load) -> None:
    found = load(good=registering(GOOD))
    entry = found.registry.get("loss", "good")
    assert (entry.kind, entry.distribution, entry.version) == ("loss", "good", "2.0")
    assert entry.load()("[1]") == [1]
    assert found.problems == ()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise RuntimeError('no licence file')", "no licence file"),
        ("import not_installed_anywhere", "not_installed_anywhere"),
        ("raise SystemExit('bye')", "bye"),
        ("def broken(:", "invalid syntax"),
        ("@hookimpl\ndef register_losses():\n    raise ValueError('inside')", "inside"),
        ("@hookimpl\ndef register_losses():\n    return [42]", "42"),
        ("@hookimpl\ndef register_losses():\n    return None", "NoneType"),
        (registering('Entry("x", "no-colon", "summary")'), "module:attribute"),
        (registering('Entry("x", "a:b", "")'), "summary"),
        ("@hookimpl\ndef register_losses(unknown):\n    return []", "unknown"),
        ("@hookimpl\ndef register_lossess():\n    return []", "register_lossess"),
    ],
)
def test_a_broken_plugin_is_reported_and_the_rest_work(load, source: str, reason: str) -> None:
    found = load(broken=source, good=registering(GOOD))
    assert found.registry.get("loss", "good").name == "good"
    (problem,) = found.problems
    assert problem.distribution == "broken"
    assert reason in problem.reason


def test_a_plugin_registers_all_of_its_parts_or_none(load) -> None:
    found = load(half=registering(f"{GOOD}, 42"))
    with pytest.raises(UnknownNameError):
        found.registry.get("loss", "good")


def test_a_clash_is_an_error_that_names_both_and_only_when_asked_for(load) -> None:
    found = load(one=registering(GOOD), two=registering(f'{GOOD}, Entry("other", "a:b", "c")'))
    with pytest.raises(NameClashError, match=r"one.*two"):
        found.registry.get("loss", "good")
    assert found.registry.get("loss", "other").distribution == "two"


def test_an_unknown_name_gets_a_suggestion(load) -> None:
    found = load(one=registering('Entry("triplet", "a:b", "c")'))
    with pytest.raises(UnknownNameError, match="did you mean 'triplet'"):
        found.registry.get("loss", "tripled")


def test_a_part_that_cannot_be_imported_says_whose_it_is(load) -> None:
    entry = load(one=registering('Entry("lost", "not_there_at_all:Part", "c")')).registry.get("loss", "lost")
    with pytest.raises(PluginError, match=r"(?s)'lost' of one 2.0.*not_there_at_all.*reinstall"):
        entry.load()


def test_the_command_line_works_beside_a_broken_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    install(tmp_path, "broken", "raise RuntimeError('no licence file')")
    ran = shell("list", "protocols", PYTHONPATH=str(tmp_path))
    assert ran.returncode == 0
    assert "random-7-3" in ran.stdout
    assert "broken could not be loaded: RuntimeError: no licence file" in " ".join(ran.stderr.split())
