"""The rows of a leaderboard: one classifier of one pipeline each, over its seeds, from verified bundles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ferbench.boards.read import Verified
from ferbench.bundles.bundle import Result
from ferbench.bundles.intervals import Repeats, over_seeds
from ferbench.bundles.scores import LeakFree, Scores
from ferbench.running import start_weights
from ferbench.support.hashing import digest
from ferbench.support.markdown import settings


@dataclass(frozen=True)
class Row:
    """One line of a page. ``bundles`` are sorted by seed; the first stands for what is the same in all of them."""

    pipeline: str
    classifier: str
    bundles: tuple[Verified, ...]

    @property
    def results(self) -> list[Result]:
        """One a seed."""
        return [one.result for one in self.bundles]

    @property
    def first(self) -> Result:
        """The first seed's."""
        return self.bundles[0].result

    @property
    def scores(self) -> list[Scores]:
        """The scores of each seed."""
        return [result.scores[self.classifier] for result in self.results]

    @cached_property
    def repeats(self) -> Repeats:
        """The accuracy over the seeds."""
        return over_seeds([scores.accuracy for scores in self.scores])

    @property
    def accuracy(self) -> float:
        """Mean over the seeds."""
        return self.repeats.mean

    @property
    def leak_free(self) -> list[LeakFree]:
        """The leak-free accuracy of each seed."""
        return [result.leak_free[self.classifier] for result in self.results]

    @property
    def settings(self) -> str:
        """The parameters that differ from the pipeline's file, as Markdown."""
        return settings(self.first.pipeline["changed"])

    @property
    def leak(self) -> str | None:
        """Why this row alone is optimistic, by the weights that it starts from."""
        return next((said for result in self.results if (said := start_weights.why_leaking(result.transfer))), None)

    @property
    def tier(self) -> str:
        """Of all its results."""
        return "/".join(sorted({result.tier for result in self.results}))

    @property
    def ranked(self) -> bool:
        """Whether it may be ranked: not where it was trained on test images, or is only quoted."""
        return self.leak is None and "published" not in {result.tier for result in self.results}


def comparable(result: Result) -> str:
    """The same for results that may stand on one page: dataset content, classes, protocol with its parameters."""
    return digest([result.dataset["fingerprint"], result.classes, result.protocol])


def rows(bundles: Sequence[Verified]) -> list[Row]:
    """The rows of one page, those that may be ranked first, by accuracy."""
    groups: dict[tuple[str, str], list[Verified]] = defaultdict(list)
    for one in bundles:
        start: Any = one.result.transfer and one.result.transfer["weights"]
        same = digest([one.result.pipeline, start])
        for classifier in one.result.scores:
            groups[same, classifier].append(one)
    found = []
    for (_, classifier), group in groups.items():
        ordered = sorted(group, key=lambda one: (one.result.seed, one.folder))
        found.append(Row(ordered[0].result.pipeline["name"], classifier, tuple(ordered)))
    return sorted(
        found, key=lambda row: (not row.ranked, -row.accuracy, row.pipeline, row.classifier, row.bundles[0].folder)
    )
