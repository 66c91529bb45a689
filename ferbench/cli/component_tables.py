"""Prints what ``ferbench list`` and ``ferbench show`` report."""

import inspect
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.markup import escape

from ferbench.components.discovery import Problem
from ferbench.components.registry import Entry, Registry
from ferbench.support import screen


def show_entries(entries: Iterable[Entry]) -> None:
    """One table of all ``entries``."""
    table = screen.table(("kind", "name", "summary"), whole=("kind", "name"))
    for entry in entries:
        table.add_row(entry.kind, f"[bold]{entry.name}[/]", escape(entry.summary))
    screen.console().print(table)


def datasets(registry: Registry, *kinds: str) -> list[dict[str, Any]]:
    """Every dataset or scenes as plain values, with ``status``: generated, data known, data missing, needs --data."""
    from ferbench.support import data_paths

    known = data_paths.remembered_paths()
    documents = []
    for entry in registry:
        if entry.kind in kinds:
            path = known.get(entry.name)
            exists = path is not None and path.exists()
            without = "generated" if entry.generated else "needs --data"
            status = without if path is None else "data known" if exists else "data missing"
            fields = ("kind", "name", "summary", "licence", "homepage", "distribution")
            facts = {field: getattr(entry, field) for field in fields}
            documents.append({**facts, "status": status, "path": path and str(path), "exists": exists})
    return documents


def show_datasets(documents: list[dict[str, Any]]) -> None:
    """A table of ``datasets``: what a person must know before a run."""
    columns = ("name", "status", "licence", "summary, path, where to request it")
    table = screen.table(columns, whole=("name", "status"))
    for document in documents:
        more = "\n".join(str(document[key]) for key in ("summary", "path", "homepage") if document[key])
        table.add_row(
            f"[bold]{escape(document['name'])}[/]", document["status"], escape(document["licence"]), escape(more)
        )
    screen.console().print(table)


def show_problems(problems: Iterable[Problem]) -> None:
    """The plugins that could not be loaded, on standard error."""
    for problem in problems:
        Console(stderr=True, highlight=False).print(
            f"[yellow]warning:[/] plugin {problem.distribution} could not be loaded: {problem.reason}"
        )


def describe(entry: Entry) -> dict[str, Any]:
    """All that is known of a component, as plain values. Imports it. Raises ``PluginError``."""
    document: dict[str, Any] = {key: value for key, value in vars(entry).items() if value}
    if entry.kind in ("pipeline", "table"):
        document["text"] = entry.text()
        return document
    from ferbench.components.signature import REQUIRED, signature_of

    factory = entry.load()
    if isinstance(rule := getattr(factory, "selection", None), str):  # a protocol whose rule is not a parameter
        document["selection"] = rule
    document["description"], meanings = _read_docstring(inspect.getdoc(factory) or "")
    document["parameters"] = [
        {
            "name": parameter.name,
            "type": parameter.type_text,
            "default": "required" if parameter.default is REQUIRED else parameter.default,
            "meaning": meanings.get(parameter.name, ""),
        }
        for parameter in signature_of(factory, f"{entry.kind} '{entry.name}'")
    ]
    return document


def show_component(document: dict[str, Any]) -> None:
    """A page for one component, from ``describe``."""
    console = screen.console()
    console.print(f"[bold]{escape(document['name'])}[/]  ({document['kind']})")
    console.print(document["summary"], markup=False)
    for key in ("paper", "licence", "homepage", "good_at", "speed", "selection", "distribution", "version"):
        if key in document:
            line = f"  {key.replace('_', ' '):<13}{document[key]}"
            console.print(line, markup=False, soft_wrap=True)
    if document.get("description"):
        console.print()
        console.print(document["description"], markup=False)
    if document.get("parameters"):
        table = screen.table(("parameter", "type", "default", "meaning"), whole=("parameter",))
        for parameter in document["parameters"]:
            default = parameter["default"] if parameter["default"] == "required" else repr(parameter["default"])
            table.add_row(*map(escape, (parameter["name"], parameter["type"], default, parameter["meaning"])))
        console.print()
        console.print(table)
    if "text" in document:
        console.print()
        console.print(document["text"], markup=False, soft_wrap=True)


def _read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """What is before a docstring's "Args:", and each argument's own words."""
    description, _, rest = text.partition("\nArgs:\n")
    arguments = textwrap.dedent(rest.split("\n\n")[0])
    meanings = re.findall(r"^(\w+): (.*(?:\n[ \t]+.*)*)", arguments, flags=re.MULTILINE)
    return description.strip(), {name: " ".join(words.replace("``", "").split()) for name, words in meanings}
