"""An audit for readers: plain values for scripts, Markdown for people."""

from typing import Any

from ferbench.data import Samples
from ferbench.leakage.audit import KINDS, METHOD, SIDES, Audit, Finding
from ferbench.support.markdown import safe, table

MAX_EXAMPLES = 5
COLUMNS = ("sides", "what", "different ones", "images of the later side", "with another label", "for example")


def to_dict(name: str, protocol: str, seed: int, samples: Samples, audits: list[Audit]) -> dict[str, Any]:
    """Everything that was found, with the ids of the samples, as plain values."""
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
            {
                **audit.to_dict(),
                "leaking": samples.ids[audit.leaks].tolist(),
                "found": [
                    {kind: finding and _pairs(finding, samples) for kind, finding in pair.findings.items()}
                    for pair in audit.between
                ],
            }
            for audit in audits
        ],
    }


def to_markdown(audit: dict[str, Any]) -> str:
    """The page of what ``to_dict`` gives, with the first few examples of each kind."""
    lines = [f"# What the sides of {audit['dataset']} share under `{audit['protocol']}`", ""]
    lines += [f"{audit['samples']:,} samples, content `{audit['fingerprint'][:16]}`, seed {audit['seed']}.", ""]
    lines += [f"- **{kind}** duplicates: {meaning}" for kind, meaning in audit["method"].items()]
    lines += [f"- {note}" for note in audit["notes"]]
    for split in audit["splits"]:
        sides = ", ".join(f"{side} {split[side]:,}" for side in SIDES)
        leaks = split["leaks"]["test_images"]
        share = leaks / split["test"]
        seen = " or ".join(split["leaks"]["seen"])
        lines += ["", f"## Split {split['split']}", "", f"{sides}.", ""]
        lines += [f"**{leaks:,} of {split['test']:,} test images ({share:.2%}) share something with {seen}.**", ""]
        lines += [f"- {side} lacks {', '.join(names)}" for side, names in split["missing_classes"].items() if names]
        lines += ["", *table(COLUMNS, _rows(split))]
    return "\n".join(lines) + "\n"


def _rows(split: dict[str, Any]) -> list[list[str]]:
    rows = []
    for between, found in zip(split["between"], split["found"], strict=True):
        for kind in KINDS:
            row = [" - ".join(between["sides"]), kind]
            counts = between[kind]
            if counts is None:
                rows.append([*row, "not known", "", "", ""])
                continue
            disagree = f"{counts['labels_disagree']:,}" if "labels_disagree" in counts else ""
            examples = ", ".join(f"{pair['id']} = {pair['with']}" for pair in found[kind][:MAX_EXAMPLES])
            rows.append([*row, f"{counts['shared']:,}", f"{counts['images']:,}", disagree, safe(examples)])
    return rows


def _pairs(finding: Finding, samples: Samples) -> list[dict[str, Any]]:
    pairs = []
    columns = (finding.rows.tolist(), finding.partners.tolist(), finding.likeness.tolist(), finding.disagree.tolist())
    for row, partner, likeness, disagree in zip(*columns, strict=True):
        pair: dict[str, Any] = {"id": str(samples.ids[row]), "with": str(samples.ids[partner])}
        if finding.kind == "near":
            pair["correlation"] = round(likeness, 4)
        if disagree:
            pair["labels"] = [samples.classes[samples.labels[index]] for index in (row, partner)]
        pairs.append(pair)
    return pairs
