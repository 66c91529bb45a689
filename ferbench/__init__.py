"""ferbench: the benchmark harness for facial expression recognition."""

from typing import TYPE_CHECKING, Any

from ferbench.components.registry import Entry
from ferbench.hookspecs import hookimpl

if TYPE_CHECKING:
    from ferbench.prediction.model import load

__all__ = ["Entry", "hookimpl", "load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """``ferbench.load`` imports numpy only when it is asked for."""
    if name == "load":
        from ferbench.prediction.model import load

        return load
    raise AttributeError(f"module 'ferbench' has no attribute '{name}'")
