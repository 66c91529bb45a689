"""What a rule gets: a part, how to build it, and a folder of its own."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.components import signature
from ferbench.components.registry import Entry, Registry
from ferbench.testing.given import Given

CHEAP = {"epochs": 1, "pretrained": False, "device": "cpu", "workers": 1}
"""Parameters whose meaning everybody knows: a part that has one, of that type, is tried with this value."""


@dataclass
class Trial:
    """One part under trial. ``registry`` has the other parts that a rule may need beside it."""

    entry: Entry
    registry: Registry
    given: Given

    @property
    def owner(self) -> str:
        """How messages name the part."""
        return f"{self.entry.kind} '{self.entry.name}'"

    @cached_property
    def factory(self) -> Callable[..., Any]:
        """The entry's target."""
        target: Callable[..., Any] = self.entry.load()
        return target

    def parameters(self, **changes: Any) -> dict[str, Any]:
        """All parameters: the defaults, the cheap values, what the tester gave, and ``changes``, in this order."""
        cheap = {
            one.name: CHEAP[one.name]
            for one in signature.signature_of(self.factory, self.owner)
            if one.name in CHEAP and type(one.default) is type(CHEAP[one.name])
        }
        return signature.checked_parameters(self.factory, {**cheap, **self.given.parameters, **changes}, self.owner)

    def build(self, **changes: Any) -> Any:
        """A new instance."""
        return self.factory(**self.parameters(**changes))

    def has(self, name: str) -> bool:
        """Whether the part has a parameter of that name."""
        return any(one.name == name for one in signature.signature_of(self.factory, self.owner))

    def folder(self) -> Path:
        """A fresh, empty folder, which goes with the trial."""
        return Path(tempfile.mkdtemp(dir=self._scratch))

    @cached_property
    def component(self) -> Any:
        """The part, built once for all rules that do not change it."""
        return self.build()

    @cached_property
    def memory(self) -> dict[str, Any]:
        """What costly rules keep for one another, such as a trained embedder."""
        return {}

    @cached_property
    def _scratch(self) -> str:
        folder = tempfile.mkdtemp(prefix="ferbench-contract-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder


def seed_everything(seed: int) -> None:
    """Puts every global random state at ``seed``: a part that hangs on one is found out."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the global state is what is meant
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
