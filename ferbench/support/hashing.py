"""Hashes of plain values and of files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any


def digest(value: Any) -> str:
    """SHA-256 of JSON values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def hash_file(path: Path) -> str:
    """A file's SHA-256 in hex. Raises ``OSError``."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
