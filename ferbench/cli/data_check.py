"""What ``ferbench data check`` says of a dataset's files."""

from __future__ import annotations

from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ferbench.data import Samples


def check(name: str, samples: Samples) -> dict[str, Any]:
    """Counts per class and partition, fingerprint, and notes; a dataset notes whatever is not its known release."""
    partitions = np.full(len(samples), "all") if samples.partitions is None else samples.partitions
    counts = {
        partition: {
            label: int(((samples.labels == code) & (partitions == partition)).sum())
            for code, label in enumerate(samples.classes)
        }
        for partition in sorted(set(partitions.tolist()))
    }
    return {
        "dataset": name,
        "samples": len(samples),
        "counts": counts,
        "subjects": None if samples.subjects is None else len(set(samples.subjects.tolist())),
        "clips": None if samples.clips is None else len(set(samples.clips.tolist())),
        "fingerprint": samples.fingerprint,
        "known_release": not samples.notes,
        "notes": list(samples.notes),
    }


def show(said: dict[str, Any]) -> None:
    """The same for a person."""
    console = Console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("class")
    for partition in said["counts"]:
        table.add_column(partition, justify="right")
    for label in next(iter(said["counts"].values())):
        table.add_row(escape(label), *(f"{counts[label]:,}" for counts in said["counts"].values()))
    console.print(table)
    groups = ", ".join(f"{said[name]:,} {name}" for name in ("subjects", "clips") if said[name] is not None)
    console.print(f"{said['samples']:,} images{', ' + groups if groups else ''}", highlight=False)
    console.print(f"fingerprint {said['fingerprint']}", highlight=False, soft_wrap=True)
    for note in said["notes"]:
        console.print(f"[yellow]note:[/] {escape(note)}", highlight=False)
    console.print("this is the known release" if said["known_release"] else "not as released: see the notes")
