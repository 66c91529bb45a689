"""Where each dataset's files lie on this machine, as ``ferbench data add`` was told. Imports nothing heavy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from platformdirs import user_config_path

from ferbench.errors import DataError, ParameterError
from ferbench.support.atomic import write_json

Loaded = TypeVar("Loaded", covariant=True)


class Reader(Protocol[Loaded]):
    """A dataset or a set of scenes: whatever reads a path."""

    def load(self, data: Path | None) -> Loaded: ...


def file() -> Path:
    """The file that remembers, in the user's configuration folder."""
    return user_config_path("ferbench") / "data.json"


def known() -> dict[str, Path]:
    """Dataset -> path, absolute; whether it still exists is not looked at. Raises ``DataError``."""
    where = file()
    try:
        found = json.loads(where.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _broken(where, str(error)) from error
    if not isinstance(found, dict) or not all(isinstance(path, str) for path in found.values()):
        raise _broken(where, "it should hold names and paths")
    return {name: Path(path) for name, path in found.items()}


def remember(name: str, path: Path) -> Path:
    """Notes that dataset ``name`` lies at ``path``, atomically. Raises ``DataError`` if there is nothing there."""
    place = path.expanduser().absolute()
    if not place.exists():
        raise DataError(f"there is no {path}", fix="give the folder or file that the dataset's owners distribute")
    write_json(file(), {**{one: str(where) for one, where in known().items()}, name: str(place)})
    return place


def load(dataset: Reader[Loaded], name: str, data: Path | None) -> Loaded:
    """What the dataset (or the scenes) ``name`` gives from ``data``, or from where it was added.

    Raises its ``DataError``, with how to add it.
    """
    path = data or known().get(name)
    try:
        return dataset.load(path)
    except DataError as error:
        if path is not None:
            raise
        fix = f"{error.fix}; once and for all: ferbench data add {name} PATH"
        raise DataError(error.what, fix=fix) from error


def _broken(where: Path, reason: str) -> DataError:
    return DataError(f"{where} cannot be read: {reason}", fix="delete it, and say again: ferbench data add NAME PATH")


def parse_places(given: Sequence[str]) -> dict[str, Path]:
    """Where each dataset lies, from ``--data NAME=PATH``. Raises ``ParameterError``."""
    found = {}
    for one in given:
        name, equals, path = one.partition("=")
        if not (name and equals and path):
            raise ParameterError(f"--data {one} is not NAME=PATH", fix="for example --data fer2013=fer2013.csv")
        found[name] = Path(path)
    return found
