"""ferbench: the benchmark harness for facial expression recognition."""

from ferbench.hookspecs import hookimpl
from ferbench.registry import Entry

__all__ = ["Entry", "hookimpl"]
__version__ = "0.1.0"
