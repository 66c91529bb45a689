"""Two results side by side: whether they differ significantly, in which classes, and on which images."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.bundles import bundle, csv_table
from ferbench.bundles.bootstrap import Bootstrap, TestSet
from ferbench.bundles.bundle import MISSED, Result
from ferbench.bundles.files import SUBJECTS
from ferbench.bundles.intervals import mcnemar
from ferbench.data import Predictions, Strings
from ferbench.errors import ParameterError

COLUMNS = ("id", "split", "label", "first", "second")


@dataclass(frozen=True)
class ComparedSide:
    """One of the two: a classifier of a bundle, and its predictions sorted by split and id."""

    folder: Path
    result: Result
    classifier: str
    predictions: Predictions


@dataclass(frozen=True)
class ClassCounts:
    """Of ``images`` of one class: how many each has right, and how many only it has right."""

    name: str
    images: int
    first: int
    second: int
    only_first: int
    only_second: int


@dataclass(frozen=True)
class Comparison:
    """How two results differ. Shares in [0, 1]; ``difference`` is the first's accuracy minus the second's.

    ``interval`` is its 95% interval by a paired bootstrap over ``units`` units (each a "subject" or an "image"), or
    ``None`` where there are too few. ``p_value`` is McNemar's, exact, over the images that only one of them has right.
    ``differing`` are the samples that they predict differently: id, split, label, and each one's prediction.
    ``settings`` are those that differ, the first's and the second's value by the setting's name.
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
    differing: tuple[tuple[str, ...], ...]
    settings: dict[str, tuple[Any, Any]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "differing": [dict(zip(COLUMNS, row, strict=True)) for row in self.differing]}

    def to_csv(self) -> str:
        """The CSV of ``differing``."""
        return csv_table.to_csv([COLUMNS, *self.differing])


def open_both(
    folders: Sequence[Path], results: Sequence[Result], classifiers: Sequence[str] = ()
) -> tuple[ComparedSide, ComparedSide]:
    """Takes a classifier of each of two verified bundles: the one named, each its own if two are, else the first one.

    Raises ``BundleError``, and ``ParameterError`` where the two cannot be compared or have no such classifier.
    """
    require_comparable(*results)
    names = [classifiers[0], classifiers[-1]] if classifiers else [None, None]
    sides = []
    for folder, result, name in zip(folders, results, names, strict=True):
        label = result.chosen_label(name)
        sides.append(ComparedSide(folder, result, label, bundle.predictions(folder, result, label).in_order()))
    return sides[0], sides[1]


def require_comparable(first: Result, second: Result) -> None:
    """Raises ``ParameterError`` with the reason unless the two were tested in the same way on the same images."""
    for what, value, other in (
        ("dataset", first.dataset["name"], second.dataset["name"]),
        ("classes", ", ".join(first.classes), ", ".join(second.classes)),
        ("dataset's content", first.dataset["fingerprint"], second.dataset["fingerprint"]),
        ("protocol", first.protocol["name"], second.protocol["name"]),
        ("protocol's settings", first.protocol["parameters"], second.protocol["parameters"]),
        ("protocol's selection rule", first.protocol["selection"], second.protocol["selection"]),
        ("test images' digest", first.test_digest, second.test_digest),
    ):
        if value != other:
            raise ParameterError(
                f"these results cannot be compared: the {what} of one: {value}; of the other: {other}",
                fix="compare runs on the same dataset, classes and protocol, with one seed if that draws the split",
            )


def compare(first: ComparedSide, second: ComparedSide) -> Comparison:
    """The comparison of two sides that ``open_both`` gave. Raises ``BundleError``."""
    settings = _settings(first)
    others = _settings(second)
    names, unit = _units(first, second)
    units = np.unique(names, return_inverse=True)[1]
    count = int(units.max()) + 1
    rights = [side.predictions.right for side in (first, second)]
    right = np.stack([np.bincount(units[one], minlength=count) for one in rights])
    tested = TestSet(right.astype(np.int32), np.ones(2, np.int64), np.bincount(units))
    difference = Bootstrap([tested]).difference(0, 1)
    classes = tuple(_class_counts(first.predictions, second.predictions))
    only_first = sum(counts.only_first for counts in classes)
    only_second = sum(counts.only_second for counts in classes)
    return Comparison(
        accuracies=(float(rights[0].mean()), float(rights[1].mean())),
        difference=float(rights[0].mean() - rights[1].mean()),
        interval=difference.interval if difference else None,
        unit=unit,
        units=count,
        only_first=only_first,
        only_second=only_second,
        p_value=mcnemar(only_first, only_second),
        classes=classes,
        differing=tuple(_differing(first.predictions, second.predictions)),
        settings={
            name: (settings.get(name), others.get(name))
            for name in {**settings, **others}
            if settings.get(name) != others.get(name)
        },
    )


def _units(first: ComparedSide, second: ComparedSide) -> tuple[Strings, str]:
    """The unit of each test sample and what it is: subjects where both bundles name them."""
    ids = first.predictions.ids
    names = bundle.read_subjects(first.folder)
    others = bundle.read_subjects(second.folder)
    if names is None or others is None:
        return ids, "image"
    if names != others:
        raise ParameterError(
            f"{first.folder / SUBJECTS} and {second.folder / SUBJECTS} name different subjects",
            fix="restore the files that ferbench wrote, or run one of them again",
        )
    return np.array([names[sample] for sample in ids.tolist()]), "subject"


def _class_counts(first: Predictions, second: Predictions) -> Iterator[ClassCounts]:
    for code, name in enumerate(first.classes):
        rows = first.labels == code
        right = first.right[rows]
        other = second.right[rows]
        yield ClassCounts(
            name,
            images=int(rows.sum()),
            first=int(right.sum()),
            second=int(other.sum()),
            only_first=int((right & ~other).sum()),
            only_second=int((other & ~right).sum()),
        )


def _differing(first: Predictions, second: Predictions) -> Iterator[tuple[str, ...]]:
    names = [*first.classes, MISSED]
    for row in np.flatnonzero(first.predicted != second.predicted).tolist():
        codes = (first.labels[row], first.predicted[row], second.predicted[row])
        yield (str(first.ids[row]), str(first.splits[row]), *(names[code] for code in codes))


def _settings(side: ComparedSide) -> dict[str, Any]:
    """Every setting of a side by its dotted name, as for ``--set``."""
    pipeline = side.result.pipeline
    components = {key: value for key, value in pipeline.items() if key not in ("name", "changed", "classifiers")}
    components["classifier"] = pipeline["classifiers"][side.classifier]
    start = side.result.transfer
    settings = {"pipeline": pipeline["name"], "seed": side.result.seed, "init": start and start["weights"]}
    return settings | dict(_flat(components))


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        name = f"{prefix}{key}"
        if key == "name":  # of a component: "embedder=resnet18"
            name = prefix.rstrip(".")
        if key == "parameters":
            yield from _flat(value, prefix)
        elif isinstance(value, dict):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value
