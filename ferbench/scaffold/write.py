"""A new plugin: the files of a whole distribution for one component, from ``ferbench/scaffold/templates``."""

import importlib.metadata
import importlib.resources
import importlib.util
import json
import keyword
import os
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import unquote, urlparse

from ferbench.components.registry import PLURALS, Registry
from ferbench.errors import ParameterError
from ferbench.support import atomic

KINDS = ("dataset", "protocol", "detector", "embedder", "loss", "sampler", "classifier", "pipeline")
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
ALTERED = ("override-dependencies", "exclude-dependencies")
"""Settings of a checkout that change the requirements of its plugins; a plugin next to it needs them too."""


@dataclass(frozen=True)
class Scaffold:
    """A distribution that is not written yet: its files by path in ``folder``, and the arguments of a first run."""

    folder: Path
    files: dict[str, str]
    run: str

    def existing(self) -> list[Path]:
        """Those of its files that exist already."""
        return [self.folder / name for name in self.files if (self.folder / name).exists()]

    def write(self) -> None:
        """Writes every file, each atomically. Raises ``StorageError``."""
        for name, text in self.files.items():
            atomic.write_text(self.folder / name, text)


def check(name: str, kind: str, registry: Registry) -> None:
    """Raises ``ParameterError`` if a distribution, module and component of that name would not work or would clash."""
    module = name.replace("-", "_")
    if not NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
        hint = f"such as {near}" if NAME.fullmatch(near) else "such as my-loss"
        raise ParameterError(
            f"'{name}' cannot be used as both a distribution's and a component's name",
            fix=f"small letters, digits and single hyphens, a letter first, {hint}",
        )
    mine = any((entry.name, entry.distribution) == (name, name) for entry in registry)
    spec = importlib.util.find_spec(module)
    if keyword.iskeyword(module) or (spec and spec.origin and not mine):
        raise ParameterError(
            f"a module '{module}' would hide the one that Python or an installed distribution has",
            fix=f"choose another name, for example my-{name}",
        )
    for entry in registry:
        if (entry.kind, entry.name) == (kind, name) and entry.distribution != name:
            raise ParameterError(
                f"there is a {kind} '{name}' already, of {entry.distribution}", fix=f"for example my-{name}"
            )


def plan(name: str, kind: str, folder: Path) -> Scaffold:
    """The distribution ``name`` with one component of ``kind`` and of the same name; nothing is written."""
    about = tomllib.loads(_template("kinds.toml"))[kind]
    module = name.replace("-", "_")
    file = str(about["file"])
    class_name = "".join(word.capitalize() for word in name.split("-"))
    component = module if kind == "classifier" else class_name
    words = {
        "name": name,
        "kind": kind,
        "module": module,
        "plural": PLURALS[kind],
        "file": file,
        "component": component,
        "summary": about["summary"],
        "licence": about.get("licence", ""),
        "target": f"{module}:{file}" if file.endswith(".toml") else f"{module}.{Path(file).stem}:{component}",
        "dependencies": "\n".join(f'    "{requirement}",' for requirement in ["ferbench", *about["needs"]]),
        "uv": _uv(["ferbench", *about["needs"]], folder),
    }
    words["run"] = Template(about["run"]).substitute(words)
    sources = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"{module}/__init__.py": "init.py",
        f"{module}/{file}": file,
        f"tests/test_{module}.py": about.get("test", "test.py"),
    }
    texts = {path: Template(_template(f"{source}.tmpl")).substitute(words) for path, source in sources.items()}
    return Scaffold(folder, texts, words["run"])


def commands(written: Scaffold) -> list[str]:
    """The commands that come next: test it, install it into ferbench's environment, run it, rank it."""
    program = "uv run ferbench" if "UV" in os.environ else "ferbench"  # uv sets it for what it runs
    return [
        f"uv run --directory {written.folder} pytest",
        f"uv pip install -e {written.folder}",
        f"{program} run {written.run} --out results",
        f"{program} leaderboard --results results --pages results",
    ]


def _template(name: str) -> str:
    return importlib.resources.files("ferbench.scaffold").joinpath("templates", name).read_text(encoding="utf-8")


def _uv(requirements: Iterable[str], folder: Path) -> str:
    """The [tool.uv] tables by which uv finds what is installed from a folder here rather than from an index."""
    checkouts = {name: path for name in requirements if (path := _checkout(name))}
    if not checkouts:
        return ""
    root = checkouts.get("ferbench")
    if root and not ((root / "pyproject.toml").exists() and "workspace" in _uv_settings(root)):
        root = None
    member = root is not None and _is_member(folder, root)
    lines = ["", "[tool.uv.sources]"]
    for name, checkout in checkouts.items():
        quoted = json.dumps(_relative(checkout, folder), ensure_ascii=False)
        source = "workspace = true" if member else f"path = {quoted}, editable = true"
        lines.append(f"{name} = {{ {source} }}")
    if root is not None and not member and len(checkouts) > 1:
        settings = _uv_settings(root)
        altered = [f"{key} = {json.dumps(settings[key])}" for key in ALTERED if key in settings]
        lines = ["", "[tool.uv]", *altered, *lines] if altered else lines
    return "\n".join([*lines, ""])


def _checkout(distribution: str) -> Path | None:
    """The folder that ``distribution`` was installed from, or ``None`` if it is from an index (PEP 610)."""
    try:
        text = importlib.metadata.distribution(distribution).read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return None
    url = urlparse(json.loads(text)["url"]) if text else None
    path = Path(unquote(url.path)) if url and url.scheme == "file" else None
    return path if path and path.is_dir() else None


def _is_member(folder: Path, root: Path) -> bool:
    workspace = _uv_settings(root)["workspace"]
    member, excluded = (
        any(folder.resolve().match(str(root.resolve() / pattern)) for pattern in workspace.get(key, []))
        for key in ("members", "exclude")
    )
    return member and not excluded


def _uv_settings(root: Path) -> dict[str, Any]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    settings: dict[str, Any] = project.get("tool", {}).get("uv", {})
    return settings


def _relative(path: Path, folder: Path) -> str:
    """``path`` relative to ``folder``, or absolute if that goes up more than three folders."""
    relative = os.path.relpath(path.resolve(), folder.resolve())
    return relative if relative.count("..") <= 3 else str(path)
