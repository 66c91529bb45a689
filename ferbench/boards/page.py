"""One leaderboard as Markdown: the scores, what they cost, and what a reader must know next to them."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ferbench.boards.groups import Rank, Ranking
from ferbench.boards.rows import BoardRow
from ferbench.bundles import transfer
from ferbench.bundles.bundle import Result
from ferbench.bundles.intervals import accuracy_interval
from ferbench.support.markdown import letters, safe, table

CHOSEN_ON = {"validation": "a validation set", "test": "the scored set itself", "last": "nothing: the last epoch"}
SCORES = (
    *("#", "group", "pipeline", "classifier", "settings", "accuracy", "95% interval", "macro-F1", "UAR"),
    *("leak-free", "its n", "faces", "test", "seeds", "tier"),
)
COSTS = (
    *("#", "pipeline", "trained on", "epochs", "weights", "MACs"),
    *("images/s", "training", "date", "bundle"),
)


def page(
    rows: Sequence[BoardRow], ranking: Ranking, *, notes: Sequence[str], quoted: Sequence[str], folder: Path, audit: str
) -> str:
    """The page in ``folder`` of ``rows``, the ranked ones first, as ``ferbench.boards.rows`` sorts them.

    ``quoted`` are the lines of the published numbers; ``audit`` is the link to the audit's page, or empty.
    """
    first = rows[0].first
    counts = ", ".join(f"{safe(name)} {count:,}" for name, count in first.dataset["counts"].items())
    lines = [f"# {title(first)}", "", f"{first.dataset['samples']:,} samples: {counts}.", ""]
    lines += [f"The epoch is chosen on {CHOSEN_ON[first.protocol['selection']]}.", ""]
    if audit:
        lines += [f"What training and test share: [audit]({audit}).", ""]
    if first.protocol["optimistic"]:
        lines += [f"> **Optimistic:** {safe(first.protocol['optimistic'])}.", ""]
    marks = letters(row.settings for row in rows if row.settings)
    ranks = [*ranking.ranks, *[None] * (len(rows) - len(ranking.ranks))]
    scores = []
    for number, (row, rank) in enumerate(zip(rows, ranks, strict=True), start=1):
        scores.append([str(number), *_scores(row, rank, marks.get(row.settings, "-"), unit=ranking.unit)])
    lines += ["## Scores", "", *table(SCORES, scores), ""]
    if marks:
        lines += ["Settings other than in the pipeline's file:", ""]
        lines += [*(f"- {mark}: {text}" for text, mark in marks.items()), ""]
    lines.append(_how_ranked(rows, ranking))
    costs = [[numbers, *_costs(row, folder)] for numbers, row in _runs(rows)]
    lines += ["", "## Cost", "", *table(COSTS, costs)]
    lines += _manifest_checks(rows)
    lines += _starting_weights(rows)
    if notes:
        lines += ["", "Notes:", "", *(f"- {safe(note)}" for note in notes)]
    return "\n".join([*lines, *quoted]) + "\n"


def title(result: Result) -> str:
    """What a page is called."""
    mark = " (optimistic)" if result.protocol["optimistic"] else ""
    return f"{safe(result.dataset['name'])}, {len(result.classes)} classes, {safe(result.protocol['name'])}{mark}"


def _runs(rows: Sequence[BoardRow]) -> Iterator[tuple[str, BoardRow]]:
    """The numbers of the rows that come from the same runs, and one of these rows."""
    numbers_of: dict[tuple[Path, ...], list[int]] = {}
    for number, row in enumerate(rows, start=1):
        numbers_of.setdefault(tuple(bundle.folder for bundle in row.bundles), []).append(number)
    for numbers in numbers_of.values():
        yield ", ".join(map(str, numbers)), rows[numbers[0] - 1]


def _scores(row: BoardRow, rank: Rank | None, mark: str, *, unit: str) -> list[str]:
    count = row.scores[0].count
    low, high = accuracy_interval(round(row.accuracy * count), count)
    if rank is not None and unit == "subject":
        low, high = rank.interval
    deviation = "" if row.repeats.deviation is None else f" ± {row.repeats.deviation:.2%}"
    return [
        _group(rank),
        safe(row.pipeline) + (" (optimistic)" if row.why_leaking else ""),
        safe(row.classifier),
        mark,
        f"**{row.accuracy:.2%}**{deviation}",
        f"{low:.1%} - {high:.1%}",
        f"{_mean(scores.macro_f1 for scores in row.scores):.3f}",
        f"{_mean(scores.uar for scores in row.scores):.3f}",
        *_leak_free(row),
        f"{row.first.faces['coverage']:.1%}",
        f"{count:,}",
        _seeds(row),
        row.tier,
    ]


def _group(rank: Rank | None) -> str:
    if rank is None:
        return "-"
    return str(rank.group) if rank.compared else f"{rank.group} (not compared)"


def _costs(row: BoardRow, folder: Path) -> list[str]:
    bundle = row.bundles[0]
    result = bundle.result
    best = list(result.best_epochs.values())
    epochs = "/".join(map(str, best)) if len(best) < 4 else f"{min(best)} - {max(best)}"
    total = result.pipeline["embedder"]["parameters"].get("epochs")
    trained_on = safe(result.dataset["name"])
    if result.transfer:
        trained_on += f", before on {safe(transfer.sources(result.transfer))}"
    speeds = [one.images_per_second for one in row.results if one.images_per_second is not None]
    seconds = [one.stages["training"] for one in row.results if "training" in one.stages and one.best_epochs]
    link = Path(os.path.relpath(bundle.folder, folder)).as_posix()
    return [
        safe(row.pipeline),
        trained_on,
        f"{epochs} of {total}" if total and best else "-",
        "-" if result.weight_count is None else f"{result.weight_count / 1e6:.2f} M",
        "-" if result.macs is None else f"{result.macs / 1e6:,.1f} M",
        f"{_mean(speeds):,.0f}" if speeds else "-",
        _duration(_mean(seconds)) if seconds else "-",
        max(one.created for one in row.results)[:10],
        f"[{safe(bundle.folder.name)}]({link})",
    ]


def _how_ranked(rows: Sequence[BoardRow], ranking: Ranking) -> str:
    sentences = [
        "Rows are sorted by accuracy. A row that differs significantly from the first row of its group begins the next "
        f"group: paired bootstrap over {ranking.units:,} {ranking.unit}s, 5% for all pairs of rows together (Holm)."
    ]
    if ranking.unit == "subject":
        sentences.append("The accuracies' own intervals are over subjects too.")
    if any(not rank.compared for rank in ranking.ranks):
        sentences.append("*Not compared*: too little is shared with the test set of the group's first row.")
    if any(not row.ranked for row in rows):
        sentences.append("Optimistic rows (trained on test images) and published ones are not ranked.")
    if any(row.repeats.count > 1 for row in rows):
        sentences.append("Several seeds: mean ± standard deviation; next to them the 95% t interval of the mean.")
    return " ".join(sentences)


def _manifest_checks(rows: Sequence[BoardRow]) -> list[str]:
    """What the ids, labels and splits of the rows were compared with."""
    numbers_of: dict[str, list[str]] = {}
    for numbers, row in _runs(rows):
        for sentence in dict.fromkeys(bundle.manifest_check for bundle in row.bundles):
            numbers_of.setdefault(sentence, []).append(numbers)
    if len(numbers_of) == 1:
        return ["", f"Verified: {safe(next(iter(numbers_of)))}."]
    items = [f"- {', '.join(numbers)}: {safe(sentence)}" for sentence, numbers in numbers_of.items()]
    return ["", "Verified:", "", *items]


def _seeds(row: BoardRow) -> str:
    """The seeds, and the t interval over them where there are several."""
    names = ", ".join(map(str, sorted({result.seed for result in row.results})))
    interval = row.repeats.interval
    if interval is None:
        return names
    return f"{names} (n = {row.repeats.count}: {interval[0]:.1%} - {interval[1]:.1%})"


def _leak_free(row: BoardRow) -> tuple[str, str]:
    """Mean accuracy with Wilson's interval on the test images that share nothing with training, and their number.

    "-" where no image of a test set is free of leaks.
    """
    counts = "/".join(sorted({f"{leak_free.count:,}" for leak_free in row.leak_free}))
    shares = [leak_free.accuracy for leak_free in row.leak_free if leak_free.accuracy is not None]
    if len(shares) < len(row.leak_free):
        return "-", counts
    mean = _mean(shares)
    count = min(leak_free.count for leak_free in row.leak_free)
    low, high = accuracy_interval(round(mean * count), count)
    return f"{mean:.2%} ({low:.1%} - {high:.1%})", counts


def _starting_weights(rows: Sequence[BoardRow]) -> list[str]:
    """What the rows that start from earlier weights start from, and which of these were trained on test images."""
    items: dict[str, None] = {}
    for row in rows:
        for result in row.results:
            if result.transfer:
                leak = f"; **optimistic:** {safe(row.why_leaking)}" if row.why_leaking else ""
                items[f"- {safe(row.pipeline)}: {safe(transfer.sources(result.transfer))}{leak}"] = None
    return ["", "Started from the weights of an earlier run:", "", *items] if items else []


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
