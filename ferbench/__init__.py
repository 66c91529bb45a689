"""ferbench: the benchmark harness for facial expression recognition.

    plan = ferbench.plan("raw-pixels-svm", dataset="synthfaces", settings={"dataset.subjects": 24})
    ferbench.run(plan)
    ferbench.results("runs").pivot_table(index="pipeline", columns="dataset", values="accuracy")

Each name is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ferbench.components.registry import Entry
from ferbench.hookspecs import hookimpl

if TYPE_CHECKING:
    from ferbench.boards.frame import results as results  # mypy: the function, not the room of that name
    from ferbench.prediction.model import load
    from ferbench.running.plan import Plan, plan
    from ferbench.running.run import run

__all__ = ["Entry", "Plan", "hookimpl", "load", "plan", "results", "run"]
__version__ = "0.1.0"

_LAZY = {
    "Plan": "ferbench.running.plan",
    "load": "ferbench.prediction.model",
    "plan": "ferbench.running.plan",
    "results": "ferbench.boards.frame",
    "run": "ferbench.running.run",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'ferbench' has no attribute '{name}'")
