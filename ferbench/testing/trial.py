"""What a rule gets: a component, how to build it, and a folder of its own."""

import random
import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ferbench.components import signature
from ferbench.components.registry import Entry, Registry
from ferbench.testing.given import Given

Made = TypeVar("Made")
CHEAP = {"epochs": 1, "pretrained": False, "device": "cpu", "workers": 1}
"""Parameters with a common meaning: a component that has one, of that type, is tried with this value."""


@dataclass
class Trial:
    """One component under trial. ``registry`` has the other components that a rule may need."""

    entry: Entry
    registry: Registry
    given: Given

    @property
    def owner(self) -> str:
        """How messages name the component."""
        return f"{self.entry.kind} '{self.entry.name}'"

    @cached_property
    def factory(self) -> Callable[..., Any]:
        """The entry's target."""
        target: Callable[..., Any] = self.entry.load()
        return target

    def parameters(self, **changes: Any) -> dict[str, Any]:
        """All parameters: the defaults, the cheap values, what the tester gave, and ``changes``, in this order."""
        cheap = {
            parameter.name: CHEAP[parameter.name]
            for parameter in signature.signature_of(self.factory, self.owner)
            if parameter.name in CHEAP and type(parameter.default) is type(CHEAP[parameter.name])
        }
        return signature.checked_parameters(self.factory, {**cheap, **self.given.parameters, **changes}, self.owner)

    def build(self, **changes: Any) -> Any:
        """A new instance."""
        return self.factory(**self.parameters(**changes))

    def has(self, name: str) -> bool:
        """Whether the component has a parameter of that name."""
        return any(parameter.name == name for parameter in signature.signature_of(self.factory, self.owner))

    def folder(self) -> Path:
        """A new, empty folder, which is deleted with the trial."""
        return Path(tempfile.mkdtemp(dir=self._scratch))

    @cached_property
    def component(self) -> Any:
        """The component, built once for all rules that do not change it."""
        return self.build()

    def once(self, key: str, make: Callable[[], Made]) -> Made:
        """What ``make`` gives, made once for all the rules that share it, such as a trained embedder."""
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    @cached_property
    def _made(self) -> dict[str, Any]:
        return {}

    @cached_property
    def _scratch(self) -> str:
        folder = tempfile.mkdtemp(prefix="ferbench-contract-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder


def seed_everything(seed: int) -> None:
    """Sets every global random state to ``seed``, which shows whether a component depends on one."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the global state is what is meant
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
