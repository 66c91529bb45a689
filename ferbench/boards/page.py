"""One leaderboard as Markdown: the scores, what they cost, and what a reader must know beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.boards.groups import MOST, Rank, Ranking
from ferbench.boards.rows import Row
from ferbench.bundles.bundle import Result
from ferbench.bundles.intervals import accuracy_interval
from ferbench.running import start_weights
from ferbench.support.markdown import letters, safe

CHOSEN = {"validation": "a validation set", "test": "the scored set itself", "last": "nothing: the last epoch"}
SCORES = (
    *("#", "group", "pipeline", "classifier", "accuracy", "95% interval", "macro-F1", "UAR"),
    *("leak-free", "its n", "faces", "test", "seeds", "tier"),
)
COSTS = (
    *("#", "pipeline", "trained on", "epochs", "settings", "parameters", "MACs"),
    *("images/s", "training", "date", "bundle"),
)


def page(rows: Sequence[Row], ranking: Ranking, notes: Sequence[str], published: Sequence[str], place: Path) -> str:
    """The page in folder ``place`` of ``rows``, the ranked ones first, as ``ferbench.boards.rows`` sorts them."""
    first = rows[0].first
    counts = ", ".join(f"{safe(name)} {count:,}" for name, count in first.dataset["counts"].items())
    lines = [f"# {title(first)}", "", f"{first.dataset['samples']:,} samples: {counts}.", ""]
    lines += [f"The epoch is chosen on {CHOSEN[first.protocol['selection']]}.", ""]
    audit = f"audits/{first.dataset['name']}-{first.protocol['name']}.md"
    if (place.parent / audit).exists():
        lines += [f"What its sides share: [audit](../{audit}).", ""]
    if first.protocol["optimistic"]:
        lines += [f"> **Optimistic:** {safe(first.protocol['optimistic'])}.", ""]
    marks = letters(filter(None, (row.settings for row in rows)))
    ranks = [*ranking.ranks, *[None] * (len(rows) - len(ranking.ranks))]
    lines += ["## Scores", "", *_head(SCORES)]
    for number, (row, one) in enumerate(zip(rows, ranks, strict=True), start=1):
        lines.append(_line([str(number), *_scores(row, one, ranking)]))
    lines += ["", *_how_ranked(rows, ranking)]
    lines += ["", "## Cost", "", *_head(COSTS)]
    for numbers, row in _runs(rows):
        lines.append(_line([numbers, *_costs(row, marks.get(row.settings, "-"), place)]))
    lines += _checked(rows)
    lines += _started(rows)
    if marks:
        lines += ["", "Settings beyond the pipeline's file:", ""]
        lines += [f"- {mark}: {said}" for said, mark in marks.items()]
    if notes:
        lines += ["", "Notes:", "", *(f"- {safe(note)}" for note in notes)]
    return "\n".join([*lines, *published]) + "\n"


def title(result: Result) -> str:
    """What a page is called."""
    mark = " (optimistic)" if result.protocol["optimistic"] else ""
    return f"{safe(result.dataset['name'])}, {len(result.classes)} classes, {safe(result.protocol['name'])}{mark}"


def _runs(rows: Sequence[Row]) -> Iterator[tuple[str, Row]]:
    """The numbers of the rows that come from the same runs, and one of these rows."""
    found: dict[tuple[Path, ...], list[int]] = {}
    for number, row in enumerate(rows, start=1):
        found.setdefault(tuple(one.folder for one in row.bundles), []).append(number)
    for numbers in found.values():
        yield ", ".join(map(str, numbers)), rows[numbers[0] - 1]


def _scores(row: Row, rank: Rank | None, ranking: Ranking) -> list[str]:
    low, high = _interval(row) if rank is None or ranking.unit == "image" else rank.interval
    return [
        "-" if rank is None else f"{rank.group}" + " (not compared)" * (not rank.compared),
        safe(row.pipeline) + (" (optimistic)" if row.leak else ""),
        safe(row.classifier),
        _accuracy(row),
        f"{low:.1%} - {high:.1%}",
        f"{_mean(scores.macro_f1 for scores in row.scores):.3f}",
        f"{_mean(scores.uar for scores in row.scores):.3f}",
        *_leak_free(row),
        f"{row.first.faces['coverage']:.1%}",
        f"{row.scores[0].count:,}",
        _seeds(row),
        row.tier,
    ]


def _costs(row: Row, mark: str, place: Path) -> list[str]:
    folder, result = row.bundles[0].folder, row.first
    kept = list(result.best_epochs.values())
    epochs = "/".join(map(str, kept)) if len(kept) < 4 else f"{min(kept)} - {max(kept)}"
    total = result.pipeline["embedder"]["parameters"].get("epochs")
    trained = safe(result.dataset["name"])
    if result.transfer:
        trained += f", before on {safe(start_weights.sources(result.transfer))}"
    speeds = [one.images_per_second for one in row.results if one.images_per_second is not None]
    seconds = [one.stages["training"] for one in row.results if "training" in one.stages and one.best_epochs]
    link = Path(os.path.relpath(folder, place)).as_posix()
    return [
        safe(row.pipeline),
        trained,
        f"{epochs} of {total}" if total and kept else "-",
        mark,
        "-" if result.weight_count is None else f"{result.weight_count / 1e6:.2f} M",
        "-" if result.macs is None else f"{result.macs / 1e6:,.1f} M",
        f"{_mean(speeds):,.0f}" if speeds else "-",
        _duration(_mean(seconds)) if seconds else "-",
        max(one.created for one in row.results)[:10],
        f"[{safe(folder.name)}]({link})",
    ]


def _how_ranked(rows: Sequence[Row], ranking: Ranking) -> list[str]:
    unit = f"{ranking.units:,} {ranking.unit}s"
    said = [
        "Rows are sorted by accuracy. One that cannot be told apart from the first row of a group belongs to it; one "
        "that can begins the next. Two are told apart if the interval of their difference leaves out 0: paired "
        f"bootstrap over {unit}, 95% for all pairs together (largest studentised difference: {ranking.limit:.2f} "
        "standard errors)."
    ]
    if ranking.unit == "subject":
        said[0] += " The accuracies' own intervals are over subjects too."
    if any(not one.compared for one in ranking.ranks):
        said.append("*Not compared*: too little is shared with the test set of the group's first row.")
    if any(not row.ranked for row in rows):
        said.append("Optimistic rows (trained on test images) and published ones are not ranked.")
    if sum(row.ranked for row in rows) > MOST:
        said.append(f"The first {MOST:,} rows are ranked.")
    if any(row.repeats.count > 1 for row in rows):
        said.append("Several seeds: mean ± standard deviation; beside them the 95% t interval of the mean.")
    return [" ".join(said)]


def _checked(rows: Sequence[Row]) -> list[str]:
    """What the ids, labels and splits of the rows were compared with."""
    said: dict[str, list[str]] = {}
    for numbers, row in _runs(rows):
        for compared in dict.fromkeys(one.manifest_check for one in row.bundles):
            said.setdefault(compared, []).append(numbers)
    if len(said) == 1:
        return ["", f"Verified: {safe(next(iter(said)))}."]
    return ["", "Verified:", "", *(f"- {', '.join(numbers)}: {safe(compared)}" for compared, numbers in said.items())]


def _accuracy(row: Row) -> str:
    deviation = row.repeats.deviation
    return f"**{row.accuracy:.2%}**" + ("" if deviation is None else f" ± {deviation:.2%}")


def _seeds(row: Row) -> str:
    """The seeds, and the t interval over them where there are several."""
    names = ", ".join(map(str, sorted({result.seed for result in row.results})))
    interval = row.repeats.interval
    if interval is None:
        return names
    return f"{names} (n = {row.repeats.count}: {interval[0]:.1%} - {interval[1]:.1%})"


def _interval(row: Row) -> tuple[float, float]:
    """Wilson's interval of the mean accuracy, at the size of one test set."""
    count = row.scores[0].count
    return accuracy_interval(round(row.accuracy * count), count)


def _leak_free(row: Row) -> tuple[str, str]:
    """Mean accuracy with Wilson's interval on the test images that share nothing with training, and how many they are.

    "-" where nothing of a test set is free of leaks.
    """
    counts = "/".join(sorted({f"{leak_free.count:,}" for leak_free in row.leak_free}))
    shares = [leak_free.accuracy for leak_free in row.leak_free if leak_free.accuracy is not None]
    if len(shares) < len(row.leak_free):
        return "-", counts
    mean = _mean(shares)
    count = min(leak_free.count for leak_free in row.leak_free)
    low, high = accuracy_interval(round(mean * count), count)
    return f"{mean:.2%} ({low:.1%} - {high:.1%})", counts


def _started(rows: Sequence[Row]) -> list[str]:
    """What the rows that start from earlier weights start from, and which of them were trained on test images."""
    said = []
    for row in rows:
        for result in row.results:
            if result.transfer:
                leak = f"; **optimistic:** {safe(row.leak)}" if row.leak else ""
                said.append(f"- {safe(row.pipeline)}: {safe(start_weights.sources(result.transfer))}{leak}")
    return ["", "Started from the weights of an earlier run:", "", *dict.fromkeys(said)] if said else []


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _mean(values: Any) -> float:
    return float(np.mean(list(values)))


def _head(columns: Sequence[str]) -> list[str]:
    return [_line(columns), "|---" * len(columns) + "|"]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
