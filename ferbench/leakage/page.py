"""An audit for readers: plain values for scripts, Markdown for people."""

from __future__ import annotations

from typing import Any

from ferbench.data import Samples
from ferbench.leakage.audit import METHOD, Audit, Finding


def to_dict(name: str, protocol: str, seed: int, samples: Samples, audits: list[Audit], ids: bool) -> dict[str, Any]:
    """Everything that was found, as plain values; with the ids of the samples where ``ids``."""
    return {
        "dataset": name,
        "fingerprint": samples.fingerprint,
        "samples": len(samples),
        "classes": list(samples.classes),
        "protocol": protocol,
        "seed": seed,
        "method": METHOD,
        "notes": list(samples.notes),
        "splits": [
            {**one.summary(), "leaking": samples.ids[one.leaks].tolist() if ids else [], "found": _found(one, samples)}
            if ids
            else one.summary()
            for one in audits
        ],
    }


def to_markdown(said: dict[str, Any], first: int = 5) -> str:
    """The page of a ``document`` with ids; the ``first`` few of each kind are named."""
    lines = [f"# What the sides of {said['dataset']} share under `{said['protocol']}`", ""]
    lines += [f"{said['samples']:,} samples, content `{said['fingerprint'][:16]}`, seed {said['seed']}.", ""]
    lines += [f"- **{kind}** duplicates: {meaning}" for kind, meaning in said["method"].items()]
    lines += [f"- {note}" for note in said["notes"]]
    for split in said["splits"]:
        sides = ", ".join(f"{side} {split[side]:,}" for side in ("train", "validation", "test"))
        leaks, tests = split["leaks"]["test_images"], split["test"]
        seen = " or ".join(split["leaks"]["seen"])
        lines += ["", f"## Split {split['split']}", "", f"{sides}.", ""]
        lines += [f"**{leaks:,} of {tests:,} test images ({leaks / tests:.2%}) share something with {seen}.**", ""]
        lines += [f"- {side} lacks {', '.join(lacks)}" for side, lacks in split["missing_classes"].items() if lacks]
        lines += ["", "| sides | what | different ones | images of the later side | with another label | for example |"]
        lines += ["|---|---|---|---|---|---|"]
        for between, found in zip(split["between"], split["found"], strict=True):
            for kind in ("exact", "near", "clip", "subject"):
                counts = between[kind]
                cells = ["not known", "", "", ""]
                if counts is not None:
                    some = ", ".join(f"{row['id']} = {row['with']}" for row in found[kind][:first])
                    disagree = counts.get("labels_disagree")
                    cells = [
                        f"{counts['shared']:,}",
                        f"{counts['images']:,}",
                        "" if disagree is None else f"{disagree:,}",
                    ]
                    cells.append(some.replace("|", "\\|"))
                lines.append(f"| {' - '.join(between['sides'])} | {kind} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _found(audit: Audit, samples: Samples) -> list[dict[str, Any]]:
    return [
        {kind: None if finding is None else _rows(finding, samples) for kind, finding in one.findings.items()}
        for one in audit.between
    ]


def _rows(finding: Finding, samples: Samples) -> list[dict[str, Any]]:
    rows = []
    columns = (finding.rows.tolist(), finding.partners.tolist(), finding.likeness.tolist(), finding.disagree.tolist())
    for row, partner, likeness, disagree in zip(*columns, strict=True):
        one: dict[str, Any] = {"id": str(samples.ids[row]), "with": str(samples.ids[partner])}
        if finding.kind == "near":
            one["correlation"] = round(likeness, 4)
        if disagree:
            one["labels"] = [samples.classes[samples.labels[place]] for place in (row, partner)]
        rows.append(one)
    return rows
