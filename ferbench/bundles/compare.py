"""Two results side by side: whether they can be told apart, in which classes, and on which images they part."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.bundles import bootstrap, bundle, right_answers
from ferbench.bundles.bundle import MISSED, Result
from ferbench.bundles.files import SUBJECTS
from ferbench.bundles.intervals import mcnemar
from ferbench.data import Predictions, Strings
from ferbench.errors import ParameterError

COLUMNS = ("id", "split", "label", "first", "second")


@dataclass(frozen=True)
class Side:
    """One of the two: a classifier of a bundle, and what it said of the test samples, sorted by split and id."""

    folder: Path
    result: Result
    classifier: str
    predictions: Predictions

    @property
    def right(self) -> NDArray[np.bool_]:
        """bool [M]."""
        return np.equal(self.predictions.labels, self.predictions.predicted)


@dataclass(frozen=True)
class ClassCounts:
    """Of ``images`` of one class: how many each has right, and how many it alone has right."""

    name: str
    images: int
    first: int
    second: int
    only_first: int
    only_second: int


@dataclass(frozen=True)
class Compared:
    """What two results differ in. Shares in [0, 1]; ``difference`` is the first's accuracy less the second's.

    ``interval`` is its 95% interval by a paired bootstrap over ``units`` units (each a "subject" or an "image"), or
    ``None`` where there are too few. ``p_value`` is McNemar's, exact, over the images that one of them alone has right.
    ``parted`` are the samples of which they say different things: id, split, label, and what each says.
    ``settings`` is what was set otherwise, the first's and the second's value by the setting's name.
    """

    accuracies: tuple[float, float]
    difference: float
    interval: tuple[float, float] | None
    unit: str
    units: int
    only_first: int
    only_second: int
    p_value: float
    classes: tuple[ClassCounts, ...]
    parted: tuple[tuple[str, ...], ...]
    settings: dict[str, tuple[Any, Any]]

    def plain(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {**asdict(self), "parted": [dict(zip(COLUMNS, row, strict=True)) for row in self.parted]}


def open_both(folders: Sequence[Path], results: Sequence[Result], classifiers: Sequence[str] = ()) -> tuple[Side, Side]:
    """Takes a classifier of each of two verified bundles: the one named, each its own if two are, else the first one.

    Raises ``BundleError``, and ``ParameterError`` where the two cannot be compared or have no such classifier.
    """
    refuse(*results)
    chosen = [classifiers[0], classifiers[-1]] if classifiers else [next(iter(one.scores)) for one in results]
    first, second = (
        _side(folder, result, label) for folder, result, label in zip(folders, results, chosen, strict=True)
    )
    return first, second


def refuse(first: Result, second: Result) -> None:
    """Raises ``ParameterError`` with the reason unless the two were tested in the same way on the same images."""
    for what, one, other in (
        ("dataset", first.dataset["name"], second.dataset["name"]),
        ("classes", ", ".join(first.classes), ", ".join(second.classes)),
        ("dataset's content", first.dataset["fingerprint"], second.dataset["fingerprint"]),
        ("protocol", first.protocol["name"], second.protocol["name"]),
        ("protocol's settings", _protocol(first), _protocol(second)),
        ("test images' digest", first.test_digest, second.test_digest),
    ):
        if one != other:
            raise ParameterError(
                f"these results cannot be compared: the {what} of one: {one}; of the other: {other}",
                fix="compare runs on the same dataset, classes and protocol, of one seed where that draws the split",
            )


def compare(first: Side, second: Side) -> Compared:
    """The comparison of two sides that ``open_both`` gave. Raises ``BundleError``."""
    names, unit = _units(first, second)
    places = np.unique(names, return_inverse=True)[1]
    right = np.stack([np.bincount(places[side.right], minlength=places.max() + 1) for side in (first, second)])
    tested = bootstrap.Tested(right.astype(np.int32), np.ones(2, np.int64), np.bincount(places))
    found = bootstrap.compare([tested])
    only_first, only_second = first.right & ~second.right, second.right & ~first.right
    labels, classes = first.predictions.labels, first.result.classes
    return Compared(
        accuracies=(float(first.right.mean()), float(second.right.mean())),
        difference=float(first.right.mean() - second.right.mean()),
        interval=found.interval(0, 1) if found.compared(0, 1) else None,
        unit=unit,
        units=int(places.max()) + 1,
        only_first=int(only_first.sum()),
        only_second=int(only_second.sum()),
        p_value=mcnemar(int(only_first.sum()), int(only_second.sum())),
        classes=tuple(
            ClassCounts(
                name,
                *(
                    int(one[labels == code].sum())
                    for one in (labels >= 0, first.right, second.right, only_first, only_second)
                ),
            )
            for code, name in enumerate(classes)
        ),
        parted=tuple(_parted(first.predictions, second.predictions)),
        settings=_otherwise(first, second),
    )


def parted_text(found: Compared) -> str:
    """The CSV of ``Compared.parted``."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([COLUMNS, *found.parted])
    return buffer.getvalue()


def _side(folder: Path, result: Result, label: str) -> Side:
    if label not in result.scores:
        raise ParameterError(
            f"{folder} has no classifier '{label}'", fix=f"--classifier, one of: {', '.join(result.scores)}"
        )
    file = bundle.predictions_file(folder, label, next(iter(result.scores)))
    read = bundle.read_predictions(file, result, result.scores_kind[label])
    order = np.lexsort((read.ids, read.splits))
    arrays = {name: getattr(read, name)[order] for name in ("ids", "splits", "labels", "predicted", "scores")}
    return Side(folder, result, label, replace(read, **arrays))


def _protocol(result: Result) -> Any:
    said = {key: value for key, value in result.protocol.items() if key not in ("parameters", "distribution")}
    # The selection rule is in ``protocol`` already; results from before it was a parameter have it there alone.
    return said | {key: value for key, value in result.protocol["parameters"].items() if key != "selection"}


def _units(first: Side, second: Side) -> tuple[Strings, str]:
    """The unit of each test sample and what it is: subjects where both bundles name them."""
    named = [right_answers.subjects(side.folder, side.predictions.ids) for side in (first, second)]
    if named[0] is None or named[1] is None:
        return first.predictions.ids, "image"
    if (named[0] != named[1]).any():
        raise ParameterError(
            f"{first.folder / SUBJECTS} and {second.folder / SUBJECTS} name different subjects",
            fix="restore the files that ferbench wrote, or run one of them again",
        )
    return named[0], "subject"


def _parted(first: Predictions, second: Predictions) -> Iterator[tuple[str, ...]]:
    names = [*first.classes, MISSED]
    for row in np.flatnonzero(first.predicted != second.predicted).tolist():
        codes = (first.labels[row], first.predicted[row], second.predicted[row])
        yield (str(first.ids[row]), str(first.splits[row]), *(names[code] for code in codes))


def _otherwise(first: Side, second: Side) -> dict[str, tuple[Any, Any]]:
    one, other = _settings(first), _settings(second)
    return {name: (one.get(name), other.get(name)) for name in {**one, **other} if one.get(name) != other.get(name)}


def _settings(side: Side) -> dict[str, Any]:
    """Every setting of a side by its dotted name, as for ``--set``."""
    described = side.result.pipeline
    parts = {key: value for key, value in described.items() if key not in ("name", "changed", "classifiers")}
    parts["classifier"] = described["classifiers"][side.classifier]
    start = side.result.transfer
    facts = {"pipeline": described["name"], "seed": side.result.seed, "init": start and start["weights"]}
    return facts | dict(_flat(parts))


def _flat(values: dict[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = before.rstrip(".") if key == "name" else before if key == "parameters" else f"{before}{key}"
        if isinstance(value, dict):
            yield from _flat(value, name if key == "parameters" else f"{name}.")
        else:
            yield name, value
