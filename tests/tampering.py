"""Changes to a bundle on disk, as somebody makes them who wants to be believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ferbench.bundles import bundle, leak_list
from ferbench.bundles.bundle import Result
from ferbench.bundles.scores import score, score_leak_free
from ferbench.verify import verify

Change = Callable[[Path], None]


def facts(change: Callable[[dict[str, Any]], object], *, sealed: bool = False) -> Change:
    """Changes ``result.json``; ``sealed`` gives the run the name that its new settings have, and the place."""

    def spoil(folder: Path) -> None:
        file = folder / "result.json"
        result = json.loads(file.read_text())
        change(result)
        file.write_text(json.dumps(result))
        if sealed:
            seal(folder)

    return spoil


def rows(change: Callable[[list[list[str]]], object], *, sealed: bool = False, name: str = "predictions.csv") -> Change:
    """Changes the cells of a CSV (the header is row 0); of all predictions alike where the result is ``sealed``."""

    def spoil(folder: Path) -> None:
        for file in [folder / name, *((folder / "predictions").glob("*.csv") if sealed else ())]:
            cells = [line.split(",") for line in file.read_text().splitlines()]
            change(cells)
            file.write_text("".join(",".join(row) + "\n" for row in cells))
        if sealed:
            seal(folder)

    return spoil


def text(change: Callable[[str], str], name: str = "predictions.csv") -> Change:
    return lambda folder: (folder / name).write_text(change((folder / name).read_text())) and None


def seal(folder: Path) -> None:
    """Makes scores, counts, digests, subjects, leaks and the run's name fit to the predictions, as a liar would."""
    raw = json.loads((folder / "result.json").read_text())
    result = Result.model_validate(raw)
    for label in result.scores:
        one = bundle.predictions(folder, result, label)
        raw["scores"][label] = score(one).model_dump(mode="json")
        listed = (folder / "leaks.csv").read_text().splitlines()
        kept = [line for line in listed if line.split(",")[0] in {"id", *one.ids.tolist()}]
        (folder / "leaks.csv").write_text("\n".join(kept) + "\n")
        marked = leak_list.mask(leak_list.read(folder), one, folder)
        raw["leak_free"][label] = score_leak_free(one, marked).model_dump(mode="json")
        raw["test_digest"] = bundle.test_digest(one)
    for split in raw["splits"]:
        split["test"] = int((one.splits == split["split"]).sum())
        split["leaks"]["test_images"] = int(marked[one.splits == split["split"]].sum())
    who = {name: name.split("-")[0] for name in one.ids.tolist()}
    (folder / "subjects.csv").write_text(bundle.subjects_csv(who))
    raw["run"] = verify.run_name(Result.model_validate(raw))
    (folder / "result.json").write_text(json.dumps(raw))
