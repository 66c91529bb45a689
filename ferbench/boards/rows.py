"""The rows of a leaderboard: one classifier of one pipeline each, over its seeds, from verified bundles."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ferbench.boards.read import Verified
from ferbench.bundles.bundle import Result
from ferbench.bundles.intervals import Repeats, over_seeds
from ferbench.bundles.scores import LeakFree, Scores
from ferbench.bundles.transfer import why_leaking
from ferbench.support.hashing import digest
from ferbench.support.markdown import settings


@dataclass(frozen=True)
class BoardRow:
    """One line of a page. ``bundles`` are sorted by seed; the first stands for what is the same in all of them."""

    pipeline: str
    classifier: str
    bundles: tuple[Verified, ...]

    @property
    def results(self) -> list[Result]:
        """One per seed."""
        return [bundle.result for bundle in self.bundles]

    @property
    def first(self) -> Result:
        """The first seed's result."""
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
    def why_leaking(self) -> str | None:
        """Why this row alone is optimistic, by the weights that it starts from."""
        reasons = [why_leaking(result.transfer) for result in self.results]
        return next((reason for reason in reasons if reason), None)

    @property
    def tier(self) -> str:
        """Of all its results."""
        return "/".join(sorted({result.tier for result in self.results}))

    @property
    def ranked(self) -> bool:
        """Whether it may be ranked: not if it was trained on test images, or is only quoted."""
        return self.why_leaking is None and all(result.tier != "published" for result in self.results)


def comparable(result: Result) -> str:
    """The same for results that may share a page: dataset content, classes, protocol with its parameters."""
    return digest([result.dataset["fingerprint"], result.classes, result.protocol])


def board_rows(bundles: Sequence[Verified]) -> list[BoardRow]:
    """The rows of one page, those that may be ranked first, by accuracy."""
    groups: dict[tuple[str, str], list[Verified]] = defaultdict(list)
    for bundle in bundles:
        transfer = bundle.result.transfer
        settings_digest = digest([bundle.result.pipeline, transfer and transfer["weights"]])
        for classifier in bundle.result.scores:
            groups[settings_digest, classifier].append(bundle)
    rows = []
    for (_, classifier), group in groups.items():
        ordered = sorted(group, key=lambda bundle: (bundle.result.seed, bundle.folder))
        rows.append(BoardRow(ordered[0].result.pipeline["name"], classifier, tuple(ordered)))
    return sorted(
        rows, key=lambda row: (not row.ranked, -row.accuracy, row.pipeline, row.classifier, row.bundles[0].folder)
    )
