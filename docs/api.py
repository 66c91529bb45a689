"""The text of docs/api.md: every name that a plugin or a notebook may import, its signature and first line."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

MODULES = ("", ".data", ".interfaces", ".errors", ".support", ".media", ".testing")
CALLED = ("__call__", "__getitem__", "__len__")
"""Methods of a protocol that Python calls."""


def page() -> str:
    """The page's Markdown."""
    lines = ["# What you may import", ""]
    lines += ["Plugins, notebooks and scripts use these names. Everything else may change without notice."]
    for name in MODULES:
        module = importlib.import_module(f"ferbench{name}")
        lines += ["", f"## `{module.__name__}`", "", _first_line(module), ""]
        for public in _names(module):
            lines += _entry(public, getattr(module, public), module)
    return "\n".join(lines) + "\n"


def _names(module: ModuleType) -> list[str]:
    """``__all__``, or what the module itself defines without an underscore, in its order."""
    if hasattr(module, "__all__"):
        return sorted(module.__all__, key=str.lower)
    return [name for name in _defined(module) if not name.startswith("_")]


def _defined(module: ModuleType) -> Iterator[str]:
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _entry(name: str, value: Any, module: ModuleType) -> list[str]:
    if inspect.isclass(value) and getattr(value, "_is_protocol", False):
        members = [f"  - `{member}`" for member in _members(value)]
        return [f"- `{name}` (protocol): {_first_line(value)}", *members]
    if inspect.isclass(value) and issubclass(value, Exception):
        return [f"- `{name}`: {_first_line(value)}"]
    if inspect.isclass(value) or inspect.isfunction(value):
        return [f"- `{name}{_signature(value)}`: {_first_line(value)}"]
    return [f"- `{name}`: {_assigned(name, value, module)}"]


def _members(protocol: type) -> Iterator[str]:
    for name, kind in inspect.get_annotations(protocol).items():
        yield f"{name}: {kind}"
    for name, member in vars(protocol).items():
        if isinstance(member, property):
            yield f"{name}: {inspect.signature(member.fget).return_annotation}"
        elif inspect.isfunction(member) and (not name.startswith("_") or name in CALLED):
            yield f"{name}{_signature(member)}"


def _signature(value: Any) -> str:
    text = re.sub(r"""(: |-> )(['"])(.*?)\2(?=[,)]| =|$)""", r"\1\3", str(inspect.signature(value)))
    text = text.replace("(self, ", "(").replace("(self)", "()")
    return text.removesuffix(" -> None") if inspect.isclass(value) else text


def _assigned(name: str, value: Any, module: ModuleType) -> str:
    """A type or a constant, as its module writes it."""
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == name for target in node.targets):
            return f"`{ast.unparse(node.value)}`"
    return _first_line(value) if callable(value) and inspect.getdoc(value) else f"`{value!r}`".replace("typing.", "")


def _first_line(value: Any) -> str:
    return (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")
