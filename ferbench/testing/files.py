"""Rules for what is read from files or drawn, datasets and scenes alike: ids, fingerprint, images, missing files."""

import pickle
import re
from typing import Any

import numpy as np

from ferbench.data import Indices
from ferbench.errors import DataError
from ferbench.support import data_paths
from ferbench.testing.rules import BrokenRuleError, Skipped, expect, rule
from ferbench.testing.trial import Trial, seed_everything

MAX_IMAGES = 6
"""Images that a rule reads, spread evenly from the first to the last."""


def loaded(trial: Trial) -> Any:
    """The ``Samples`` or ``Scenes``, loaded once. Raises ``Skipped`` if its files are not available."""
    return trial.once("loaded", lambda: load(trial))


def load(trial: Trial) -> Any:
    """What a new component loads. Raises ``Skipped`` if its files are not available."""
    component = trial.build()
    path = trial.given.data or data_paths.remembered_paths().get(trial.entry.name)
    if component.needs_data and path is None:
        raise Skipped(f"its files are not available: --data {trial.entry.name}=PATH")
    return component.load(path if component.needs_data else None)


def looked_at(count: int) -> Indices:
    """Indices of up to ``MAX_IMAGES`` of ``count`` images, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, MAX_IMAGES).round().astype(np.int64))


@rule("dataset", "scenes")
def it_loads(trial: Trial) -> None:
    """``load`` gives samples (or scenes) that fit together, at least one."""
    expect(len(loaded(trial)) > 0, "there are none")


@rule("dataset", "scenes")
def ids_are_stable(trial: Trial) -> None:
    """Two loads give the same ids, in the same order; each is one printable line."""
    first, again = loaded(trial).ids, load(trial).ids
    expect(first.dtype.kind == "U", f"ids are {first.dtype}, not text")
    expect(len(first) == len(again), f"there are {len(first)} and then {len(again)}")
    moved = np.flatnonzero(first != again)[:1]
    expect(not len(moved), f"id {moved} is {first[moved]} and then {again[moved]}")
    odd = [sample for sample in first.tolist() if not sample or not sample.isprintable()]
    expect(not odd, f"there are ids such as {odd[:3]!r}")


@rule("dataset", "scenes")
def fingerprint_is_stable(trial: Trial) -> None:
    """``fingerprint`` is a SHA-256 in 64 hex digits, the same for every load."""
    first, again = loaded(trial).fingerprint, load(trial).fingerprint
    expect(re.fullmatch(r"[0-9a-f]{64}", str(first)), f"it is {first!r}")
    expect(first == again, f"it is {first} and then {again}")


@rule("dataset", "scenes")
def images_are_uint8(trial: Trial) -> None:
    """An image is uint8 [H, W] or [H, W, 3], with at least one pixel."""
    images = loaded(trial).images
    for index in looked_at(len(images)).tolist():
        image = images.read(index)
        shape, kind = np.shape(image), getattr(image, "dtype", type(image).__name__)
        fits = len(shape) in (2, 3) and 0 not in shape and shape[2:] in ((), (3,))
        expect(isinstance(image, np.ndarray) and kind == np.uint8 and fits, f"image {index} is {kind} {shape}")


@rule("dataset", "scenes")
def images_may_be_read_in_any_order(trial: Trial) -> None:
    """An image is the same whichever were read before it, whatever the global random state."""
    images = loaded(trial).images
    order = looked_at(len(images)).tolist()
    seed_everything(1)
    first = [np.array(images.read(index)) for index in order]
    seed_everything(2)
    again = [images.read(index) for index in reversed(order)][::-1]
    for index, one, other in zip(order, first, again, strict=True):
        expect(np.array_equal(one, other), f"image {index} differs when it is read after others")


@rule("dataset", "scenes")
def a_reader_owns_its_image(trial: Trial) -> None:
    """Writing into an image that was read does not change what is read next."""
    images = loaded(trial).images
    image = images.read(0)
    before = np.array(image)
    if image.flags.writeable:
        image[...] = 255 - image
    expect(np.array_equal(before, images.read(0)), "image 0 differs after its first reader wrote into it")


@rule("dataset", "scenes")
def images_can_be_pickled(trial: Trial) -> None:
    """The image source can be pickled, used or not, and reads the same afterwards."""
    images = loaded(trial).images
    before = np.array(images.read(0))
    try:
        again = pickle.loads(pickle.dumps(images))
    except Exception as error:  # pickle raises many kinds
        raise BrokenRuleError(f"it cannot be pickled: {type(error).__name__}: {error}") from error
    expect(np.array_equal(before, again.read(0)), "image 0 differs after a pickle's round trip")


@rule("dataset", "scenes")
def missing_files_are_explained(trial: Trial) -> None:
    """Where files are needed, ``load`` without a path, with a path that does not exist and with an empty folder raises
    a ``DataError`` with a fix."""
    component = trial.build()
    if not component.needs_data:
        raise Skipped("it needs no files")
    for what, path in (
        ("no path", None),
        ("a path that does not exist", trial.folder() / "no"),
        ("an empty folder", trial.folder()),
    ):
        try:
            component.load(path)
        except DataError as error:
            expect(error.what and error.fix, f"the DataError for {what} has no fix: {error.what!r}")
        except Exception as error:  # whatever it is, the user would see a traceback
            raise BrokenRuleError(f"{what} raised {type(error).__name__}: {error}") from error
        else:
            raise BrokenRuleError(f"{what} raised nothing")
