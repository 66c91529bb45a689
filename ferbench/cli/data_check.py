"""What ``ferbench data check`` reports about a dataset's files."""

from typing import Any

import numpy as np
from rich.markup import escape

from ferbench.data import Samples
from ferbench.support import screen


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


def show(document: dict[str, Any]) -> None:
    console = screen.console()
    counts: dict[str, dict[str, int]] = document["counts"]
    table = screen.table(("class", *counts), numbers=counts)
    for label in next(iter(counts.values())):
        table.add_row(escape(label), *(f"{by_class[label]:,}" for by_class in counts.values()))
    console.print(table)
    groups = [f"{document[name]:,} {name}" for name in ("subjects", "clips") if document[name] is not None]
    console.print(", ".join([f"{document['samples']:,} images", *groups]))
    console.print(f"fingerprint {document['fingerprint']}", soft_wrap=True)
    for note in document["notes"]:
        console.print(f"[yellow]note:[/] {escape(note)}")
    console.print("this is the known release" if document["known_release"] else "not as released: see the notes")
