"""What any room may use and knows nothing of faces: hashes, atomic writes, processes, progress, weights, paths.

Plugins import these names from here: ``from ferbench.support import Weights, locate``.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferbench.support.atomic import replacing, write_json, write_text
    from ferbench.support.hashing import digest, hash_file
    from ferbench.support.progress import Reporter
    from ferbench.support.weights import Weights, locate, sha256, weights_folder

__all__ = [
    "Reporter",
    "Weights",
    "digest",
    "hash_file",
    "locate",
    "replacing",
    "sha256",
    "weights_folder",
    "write_json",
    "write_text",
]

_LAZY = {
    "Reporter": "progress",
    "Weights": "weights",
    "digest": "hashing",
    "hash_file": "hashing",
    "locate": "weights",
    "replacing": "atomic",
    "sha256": "weights",
    "weights_folder": "weights",
    "write_json": "atomic",
    "write_text": "atomic",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"ferbench.support.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'ferbench.support' has no attribute '{name}'")
