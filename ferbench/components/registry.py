"""Name -> entry. An entry names its component lazily, so that listing components imports none of them."""

from __future__ import annotations

import importlib
import importlib.resources
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ferbench.errors import NameClashError, PluginError, UnknownNameError, did_you_mean

KINDS = ("dataset", "protocol", "detector", "scenes", "embedder", "loss", "sampler", "classifier", "pipeline", "table")
PLURALS = {kind: {"loss": "losses", "scenes": "scenes"}.get(kind, f"{kind}s") for kind in KINDS}


@dataclass(frozen=True)
class Entry:
    """One named component, as a plugin declares it.

    ``target`` is ``"module:attribute"``, for a pipeline or a table ``"package:file.toml"``. ``paper`` cites the source,
    ``licence`` is that of the data, weights or method behind it, ``homepage`` is where to request or read more.
    ``good_at`` says what it is good at and what not, ``speed`` how fast it is, and on which machine.
    ``generated`` says of a dataset or of scenes that the program makes them, so that they need no files (``needs_data``
    is False).
    ``stores`` names the types, "module.Class", that a fitted classifier is made of beyond scikit-learn's, NumPy's and
    SciPy's: a bundle's model is read back with no others (``ferbench.running.classifier_file``).
    ``manifest`` is ``"package:file.csv"``, what is known of a dataset's samples (``ferbench.verify.manifest``).
    ``kind``, ``distribution`` and ``version`` are filled in by ferbench.
    """

    name: str
    target: str
    summary: str
    paper: str = ""
    licence: str = ""
    homepage: str = ""
    good_at: str = ""
    speed: str = ""
    generated: bool = False
    stores: tuple[str, ...] = ()
    manifest: str = ""
    kind: str = ""
    distribution: str = ""
    version: str = ""

    def load(self) -> Any:
        """Imports the target and returns the attribute. Raises ``PluginError`` with the import's own reason."""
        module, _, attribute = self.target.partition(":")
        try:
            target = importlib.import_module(module)
            for name in attribute.split("."):
                target = getattr(target, name)
        except Exception as error:  # whatever a foreign module raises on import is reported under its name
            raise PluginError(
                f"{self.kind} '{self.name}' of {self.distribution} {self.version} cannot be loaded from "
                f"'{self.target}': {type(error).__name__}: {error}",
                fix=f"reinstall or fix {self.distribution}, or choose another {self.kind}",
            ) from error
        return target

    def text(self, resource: str = "") -> str:
        """The file that a pipeline's or a table's target names, or another ``resource``. Raises ``PluginError``."""
        package, _, file = (resource or self.target).partition(":")
        try:
            return importlib.resources.files(package).joinpath(file).read_text(encoding="utf-8")
        except (ImportError, OSError, UnicodeDecodeError) as error:
            raise PluginError(
                f"{self.kind} '{self.name}' of {self.distribution} {self.version} cannot be read from "
                f"'{resource or self.target}': {type(error).__name__}: {error}",
                fix=f"reinstall {self.distribution}",
            ) from error


class Registry:
    """All entries of all plugins, by kind and name."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, list[Entry]]] = {kind: {} for kind in KINDS}

    def add(self, kind: str, entries: Iterable[Entry], *, distribution: str, version: str) -> None:
        """Takes a plugin's entries of one kind, all or none of them.

        Raises ``PluginError`` if one is not an ``Entry``, is incomplete, or its target is not "module:attribute".
        """
        checked = []
        for entry in entries:
            if not isinstance(entry, Entry):
                raise PluginError(
                    f"register_{PLURALS[kind]} gave {entry!r}, which is not a ferbench.Entry",
                    fix=f"report it to the author of {distribution}",
                )
            module, colon, attribute = entry.target.partition(":")
            if not (entry.name and entry.summary and module and colon and attribute):
                raise PluginError(
                    f"{kind} '{entry.name}' needs a name, a summary and a target 'module:attribute', has {entry!r}",
                    fix=f"report it to the author of {distribution}",
                )
            checked.append(replace(entry, kind=kind, distribution=distribution, version=version))
        for entry in checked:
            self._entries[kind].setdefault(entry.name, []).append(entry)

    def get(self, kind: str, name: str) -> Entry:
        """The entry of that kind and name. Raises ``UnknownNameError`` or ``NameClashError``."""
        entries = self._entries[kind].get(name, [])
        if len(entries) > 1:
            owners = " and ".join(f"{entry.distribution} ({entry.target})" for entry in entries)
            raise NameClashError(f"{kind} '{name}' is registered twice, by {owners}", fix="uninstall one of them")
        if not entries:
            raise self._unknown(f"{kind} '{name}'", name, self._entries[kind], PLURALS[kind])
        return entries[0]

    def find(self, name: str) -> list[Entry]:
        """Every entry of that name, of whatever kind; at least one. Raises ``UnknownNameError``."""
        entries = [entry for entry in self if entry.name == name]
        if not entries:
            raise self._unknown(f"component '{name}'", name, {entry.name for entry in self}, "")
        return entries

    def __iter__(self) -> Iterator[Entry]:
        for kind in KINDS:
            for name in sorted(self._entries[kind]):
                yield from self._entries[kind][name]

    @staticmethod
    def _unknown(what: str, name: str, names: Iterable[str], plural: str) -> UnknownNameError:
        fix = f"{did_you_mean(name, names)}see: ferbench list {plural}".rstrip()
        return UnknownNameError(f"there is no {what}", fix=fix)
