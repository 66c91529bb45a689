"""Prints what ``ferbench list`` and ``ferbench show`` say."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Collection, Iterable
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ferbench.components.discovery import Problem
from ferbench.components.registry import Entry, Registry


def show_parts(entries: Iterable[Entry]) -> None:
    """One table of all ``entries``."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("kind", "name", "summary"):
        table.add_column(column, overflow="fold", no_wrap=column != "summary")
    for entry in entries:
        table.add_row(entry.kind, f"[bold]{entry.name}[/]", escape(entry.summary))
    Console().print(table)


def datasets(registry: Registry, kinds: Collection[str] = ("dataset",)) -> list[dict[str, Any]]:
    """Every dataset as plain values, with ``status``: generated, data known, data missing, or needs --data.

    ``kinds`` may take in the scenes, whose files are remembered alike.
    """
    from ferbench.support import data_paths

    known = data_paths.known()
    found = []
    for entry in registry:
        if entry.kind in kinds:
            path = known.get(entry.name)
            exists = path is not None and path.exists()
            without = "generated" if entry.generated else "needs --data"
            status = without if path is None else "data known" if exists else "data missing"
            said = {
                key: getattr(entry, key) for key in ("kind", "name", "summary", "licence", "homepage", "distribution")
            }
            found.append({**said, "status": status, "path": path and str(path), "exists": exists})
    return found


def show_datasets(found: list[dict[str, Any]]) -> None:
    """A table of ``datasets``: what a person must know before a run."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "status", "licence", "summary, path, where to request it"):
        table.add_column(column, overflow="fold", no_wrap=column in ("name", "status"))
    for one in found:
        more = "\n".join(str(one[key]) for key in ("summary", "path", "homepage") if one[key])
        table.add_row(f"[bold]{escape(one['name'])}[/]", one["status"], escape(one["licence"]), escape(more))
    Console().print(table)


def show_problems(problems: Iterable[Problem]) -> None:
    """The plugins that could not be loaded, on standard error."""
    for problem in problems:
        Console(stderr=True).print(
            f"[yellow]warning:[/] plugin {problem.distribution} could not be loaded: {problem.reason}", highlight=False
        )


def describe(entry: Entry) -> dict[str, Any]:
    """All that is known of a part, as plain values. Imports it. Raises ``PluginError``."""
    said: dict[str, Any] = {key: value for key, value in vars(entry).items() if value}
    if entry.kind in ("pipeline", "table"):
        said["text"] = entry.text()
        return said
    from ferbench.components import signature

    factory = entry.load()
    if isinstance(rule := getattr(factory, "selection", None), str):  # a protocol whose rule is no parameter
        said["selection"] = rule
    said["description"], meanings = _read_docstring(inspect.getdoc(factory) or "")
    said["parameters"] = [
        {
            "name": one.name,
            "type": one.type_text,
            "default": "required" if one.default is signature.REQUIRED else one.default,
            "meaning": meanings.get(one.name, ""),
        }
        for one in signature.signature_of(factory, f"{entry.kind} '{entry.name}'")
    ]
    return said


def show_part(said: dict[str, Any]) -> None:
    """A page for one part, from ``describe``."""
    console = Console()
    console.print(f"[bold]{escape(said['name'])}[/]  ({said['kind']})", highlight=False)
    console.print(said["summary"], highlight=False, markup=False)
    for key in ("paper", "licence", "homepage", "good_at", "speed", "selection", "distribution", "version"):
        if key in said:
            console.print(f"  {key.replace('_', ' '):<13}{said[key]}", highlight=False, markup=False, soft_wrap=True)
    if said.get("description"):
        console.print()
        console.print(said["description"], highlight=False, markup=False)
    if said.get("parameters"):
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("parameter", "type", "default", "meaning"):
            table.add_column(column, overflow="fold", no_wrap=column == "parameter")
        for one in said["parameters"]:
            default = one["default"] if one["default"] == "required" else repr(one["default"])
            table.add_row(one["name"], escape(one["type"]), escape(default), escape(one["meaning"]))
        console.print()
        console.print(table)
    if "text" in said:
        console.print()
        console.print(said["text"], highlight=False, markup=False, soft_wrap=True)


def _read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """What stands before a docstring's "Args:", and each argument's own words."""
    description, _, rest = text.partition("\nArgs:\n")
    arguments = textwrap.dedent(rest.split("\n\n")[0])
    found = re.findall(r"^(\w+): (.*(?:\n[ \t]+.*)*)", arguments, flags=re.MULTILINE)
    return description.strip(), {name: " ".join(words.replace("``", "").split()) for name, words in found}
