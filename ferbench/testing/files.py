"""Rules for what is read from files or drawn, datasets and scenes alike: ids, fingerprint, images, missing files."""

from __future__ import annotations

import pickle
import re
from typing import Any

import numpy as np

from ferbench.data import Images, Indices
from ferbench.errors import DataError
from ferbench.support import data_paths
from ferbench.testing.rules import BrokenRuleError, Skipped, expect, rule
from ferbench.testing.trial import Trial, seed_everything

LOOKS = 6
"""Images that a rule reads: some of the first, some of the last, some between."""


def loaded(trial: Trial) -> Any:
    """The ``Samples`` or ``Scenes``, loaded once. Raises ``Skipped`` where the files are not at hand."""
    if "loaded" not in trial.memory:
        trial.memory["loaded"] = load(trial)
    return trial.memory["loaded"]


def load(trial: Trial) -> Any:
    """What a new part loads. Raises ``Skipped`` where the files are not at hand."""
    part = trial.build()
    path = trial.given.data or data_paths.remembered_paths().get(trial.entry.name)
    if part.needs_data and path is None:
        raise Skipped(f"its files are not at hand: --data {trial.entry.name}=PATH")
    return part.load(path if part.needs_data else None)


def looked_at(count: int) -> Indices:
    """Indices of up to ``LOOKS`` of ``count`` images, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, LOOKS).round().astype(np.int64))


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
    odd = [one for one in first.tolist() if not one or not one.isprintable()]
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
    first = [_copy(images.read(index)) for index in order]
    seed_everything(2)
    again = [images.read(index) for index in reversed(order)][::-1]
    for index, one, other in zip(order, first, again, strict=True):
        expect(np.array_equal(one, other), f"image {index} is another when it is read after others")


@rule("dataset", "scenes")
def a_reader_owns_its_image(trial: Trial) -> None:
    """Writing into an image that was read does not change what is read next."""
    images = loaded(trial).images
    image = images.read(0)
    before = _copy(image)
    if image.flags.writeable:
        image[...] = 255 - image
    expect(np.array_equal(before, images.read(0)), "image 0 is another after its first reader wrote into it")


@rule("dataset", "scenes")
def images_can_be_pickled(trial: Trial) -> None:
    """The image source travels to another process, used or not, and reads the same there."""
    images = loaded(trial).images
    before = _copy(images.read(0))
    try:
        again = pickle.loads(pickle.dumps(images))
    except Exception as error:  # pickle raises many kinds
        raise BrokenRuleError(f"it cannot be pickled: {type(error).__name__}: {error}") from error
    expect(np.array_equal(before, again.read(0)), "image 0 is another after a pickle's round trip")


@rule("dataset", "scenes")
def missing_files_are_explained(trial: Trial) -> None:
    """Where files are needed, ``load`` without any, of a path that is not there and of an empty folder raises a
    ``DataError`` with a fix."""
    part = trial.build()
    if not part.needs_data:
        raise Skipped("it needs no files")
    for said, path in (
        ("no path", None),
        ("a path that is not there", trial.folder() / "no"),
        ("an empty folder", trial.folder()),
    ):
        try:
            part.load(path)
        except DataError as error:
            expect(error.what and error.fix, f"the DataError for {said} has no fix: {error.what!r}")
        except Exception as error:  # whatever it is, a person sees a traceback
            raise BrokenRuleError(f"{said} raised {type(error).__name__}: {error}") from error
        else:
            raise BrokenRuleError(f"{said} raised nothing")


def _copy(image: Images) -> Images:
    return np.array(image, copy=True)
