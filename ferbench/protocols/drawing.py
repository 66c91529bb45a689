"""How the protocols draw: a share of each class, whole groups, the selection rule, and the errors if that fails."""

import warnings
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ferbench.data import Indices, Labels, Samples, Split, Strings
from ferbench.errors import SplitError
from ferbench.interfaces import Selection

MAX_PROBLEMS = 8
"""Problems of a dataset that an error names one by one."""

HoldOut = Callable[[Indices], Indices]


def select(name: str, rest: Indices, test: Indices, selection: Selection, hold_out: HoldOut) -> Split:
    """The split that scores ``test`` and may train on ``rest``, by the selection rule.

    "validation" holds out ``hold_out(rest)`` of what could be trained on; "test" and "last" train on all of it.
    """
    if selection == "test":
        return Split(name, rest, test, test)
    validation = hold_out(rest) if selection == "validation" else np.empty(0, np.int64)
    return Split(name, np.setdiff1d(rest, validation, assume_unique=True), validation, test)


def by_class(samples: Samples, rows: Indices, share: float, rng: np.random.Generator) -> Indices:
    """``share`` of each class in ``rows``, at least one and never all of a class that has two or more."""
    rows = rows[np.argsort(samples.ids[rows])]  # the dataset's own order must not decide
    return np.sort(rows[_stratified(samples.labels[rows], share, rng)])


def groups_by_class(
    samples: Samples, rows: Indices, groups: Strings, share: float, rng: np.random.Generator
) -> Indices:
    """The rows of whole groups, ``share`` of the groups of each class; a group's class is its most frequent one."""
    _, group = np.unique(groups[rows], return_inverse=True)
    counts = np.zeros((group.max(initial=-1) + 1, len(samples.classes)), np.int64)
    np.add.at(counts, (group, samples.labels[rows]), 1)
    return rows[_stratified(counts.argmax(axis=1), share, rng)[group]]


def some_groups(names: Strings, share: float, *, keep: int) -> Strings:
    """The first ``share`` of ``names`` (already in random order), at least one, so that ``keep`` are left."""
    return names[: min(max(1, round(len(names) * share)), len(names) - keep)]


def rows_of(groups: Strings, names: Iterable[str]) -> Indices:
    """The rows whose group is among ``names``."""
    return np.flatnonzero(np.isin(groups, list(names)))


def group_folds(samples: Samples, rows: Indices, groups: Strings, folds: int, seed: int) -> list[Indices]:
    """``rows`` in ``folds`` folds of whole groups, the classes spread as evenly as the groups allow.

    Needs as many groups, and a class of as many samples, as there are folds. No fold is empty.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # slow to import

    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class with fewer samples than folds is missing in some; ``require`` judges whether that matters.
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        pairs = splitter.split(rows, samples.labels[rows], groups[rows])
        return [np.sort(rows[test]) for _, test in pairs]


def require(
    splits: Sequence[Split], samples: Samples, protocol: str, selection: Selection, *, sides: Sequence[str]
) -> Sequence[Split]:
    """``splits``, if each of their ``sides`` has every class, and if validation samples are needed and there are some.

    Raises one ``SplitError`` for all that is missing.
    """
    problems = []
    for split in splits:
        where = f" of {split.name}" if len(splits) > 1 else ""
        if selection == "validation" and not len(split.validation):
            problems.append(too_few("the dataset", 0, 1, f"samples for validation{where}"))
        for side in sides:
            counts = np.bincount(samples.labels[getattr(split, side)], minlength=len(samples.classes))
            for code in np.flatnonzero(counts == 0).tolist():
                problems.append(too_few(samples.classes[code], 0, 1, f"samples in {side}{where}"))
    if problems:
        raise refusal(protocol, problems)
    return splits


def too_few(what: str, has: int, needs: int, unit: str) -> str:
    """One problem, for ``refusal``."""
    return f"{what} has {has} {unit}, it needs at least {needs}"


def refusal(protocol: str, problems: Sequence[str]) -> SplitError:
    """The error that says why ``protocol`` cannot split a dataset."""
    more = f"; and {len(problems) - MAX_PROBLEMS} more" if len(problems) > MAX_PROBLEMS else ""
    return SplitError(
        f"protocol '{protocol}' cannot split this dataset: {'; '.join(problems[:MAX_PROBLEMS])}{more}",
        fix="provide more data, try another --seed, hold nothing out (--set protocol.selection=last), or choose "
        "another protocol (ferbench list protocols)",
    )


def unnamed(protocol: str, what: str, others: str) -> SplitError:
    """The error for a dataset that does not name its subjects or clips."""
    return SplitError(
        f"protocol '{protocol}' needs to know the {what}, and this dataset does not name them",
        fix=f"choose another protocol: --protocol {others} (ferbench list protocols)",
    )


def optimism_reasons(selection: Selection, *others: str | None) -> str | None:
    """Why scores are too good, in a sentence, or ``None``: selecting on the test set is always a reason."""
    reasons = ["the epoch is chosen on the scored set"] if selection == "test" else []
    return ", and ".join([*reasons, *(reason for reason in others if reason)]) or None


def _stratified(labels: Labels, share: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which units are drawn, bool [N]."""
    drawn = np.zeros(len(labels), np.bool_)
    for code in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == code))
        drawn[members[: min(max(1, round(len(members) * share)), len(members) - 1)]] = True
    return drawn
