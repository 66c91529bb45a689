"""Rules for datasets alone: what is known of each sample."""

import numpy as np

from ferbench.errors import UnknownNameError
from ferbench.testing.files import loaded, looked_at
from ferbench.testing.rules import BrokenRuleError, expect, rule
from ferbench.testing.trial import Trial

PARTITIONS = {"train", "validation", "test"}


@rule("dataset")
def default_protocol_exists(trial: Trial) -> None:
    """``default_protocol`` names a registered protocol."""
    name = trial.component.default_protocol
    try:
        trial.registry.get("protocol", name)
    except UnknownNameError as error:
        raise BrokenRuleError(f"it is {name!r}, and {error.what}") from error


@rule("dataset")
def classes_are_named(trial: Trial) -> None:
    """``classes`` are two or more different names."""
    classes = loaded(trial).classes
    named = all(isinstance(name, str) and name for name in classes)
    expect(named and len(set(classes)) == len(classes) >= 2, f"they are {classes!r}")


@rule("dataset")
def partitions_are_the_three_known(trial: Trial) -> None:
    """``partitions``, where there are any, are "train", "validation" and "test"."""
    partitions = loaded(trial).partitions
    others = set() if partitions is None else set(partitions.tolist()) - PARTITIONS
    expect(not others, f"there are also {sorted(others)}")


@rule("dataset")
def groups_are_text(trial: Trial) -> None:
    """``subjects`` and ``clips``, where there are any, name each sample's person and recording, and never nobody."""
    samples = loaded(trial)
    for name in ("subjects", "clips"):
        values = getattr(samples, name)
        if values is not None:
            expect(values.dtype.kind == "U", f"{name} are {values.dtype}, not text")
            expect(all(values.tolist()), f"the {name[:-1]} of {samples.ids[values == ''][:1].tolist()} is empty")


@rule("dataset")
def boxes_are_inside_the_images(trial: Trial) -> None:
    """``boxes``, where there are any, are float32 [N, 4]: left < right and top < bottom, within the image."""
    samples = loaded(trial)
    if samples.boxes is None:
        return
    expect(
        samples.boxes.dtype == np.float32 and samples.boxes.shape == (len(samples), 4),
        f"they are {samples.boxes.dtype} {samples.boxes.shape}",
    )
    for index in looked_at(len(samples)).tolist():
        height, width = samples.images.read(index).shape[:2]
        left, top, right, bottom = samples.boxes[index].tolist()
        inside = 0 <= left < right <= width and 0 <= top < bottom <= height
        expect(
            inside, f"the box of {samples.ids[index]} is {samples.boxes[index].tolist()} in {width} x {height} pixels"
        )
