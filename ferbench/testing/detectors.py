"""Rules for detectors: where faces may be, and what a result may depend on.

The faces to find are drawn by whatever generated scenes are installed. If there are none, or nothing is found in them,
the rules on faces are skipped: an empty result would pass them all.
"""

import math
import pickle
import typing
from functools import cache
from typing import Any

import numpy as np

from ferbench.components import signature
from ferbench.components.registry import Entry
from ferbench.data import Face, Images
from ferbench.errors import ParameterError
from ferbench.testing.examples import picture, st, tried
from ferbench.testing.rules import BrokenRuleError, Skipped, expect, rule
from ferbench.testing.trial import Trial

SCENES = 2
"""Drawn pictures that a detector is tried on."""
SHAPES = ((1, 1), (1, 300), (300, 1), (10, 600), (37, 53), (240, 321))


def _scenes(trial: Trial) -> list[Images]:
    """A few generated pictures with faces, RGB; none where no generated scenes are installed."""
    entry = next((entry for entry in trial.registry if entry.kind == "scenes" and entry.generated), None)
    return [image.copy() for image in _drawn(entry)] if entry else []


@cache
def _drawn(entry: Entry) -> list[Images]:
    """Drawn once for all detectors."""
    scenes = entry.load()().load(None)
    images = [scenes.images.read(index) for index in range(min(SCENES, len(scenes)))]
    return [image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2) for image in images]


def _scenes_with_faces(trial: Trial) -> list[tuple[Images, list[Face]]]:
    """The drawn pictures in which faces are found. Raises ``Skipped`` if there are none."""
    detected = trial.once("scenes", lambda: [(image, trial.component.detect(image)) for image in _scenes(trial)])
    scenes = [(image, faces) for image, faces in detected if faces]
    if not scenes:
        raise Skipped("no face to try it on: it finds none in the generated scenes that are installed")
    return scenes


def _same(first: list[Any], second: list[Any]) -> bool:
    """Whether two lists of ``Face`` are equal. ``array_equal(None, None)`` holds as well."""
    return len(first) == len(second) and all(
        (one.box, one.score) == (other.box, other.score) and np.array_equal(one.landmarks, other.landmarks)
        for one, other in zip(first, second, strict=True)
    )


def _inside(faces: Any, shape: tuple[int, ...]) -> None:
    height, width = shape[:2]
    where = f"in {width} x {height} pixels"
    expect(isinstance(faces, list), f"it gives {type(faces).__name__}, not a list")
    for face in faces:
        expect(isinstance(face, Face), f"it gives {type(face).__name__}, not ferbench.data.Face")
        expect(
            all(isinstance(side, float) for side in face.box), f"a box has {[type(side).__name__ for side in face.box]}"
        )
        left, top, right, bottom = face.box
        expect(0 <= left < right <= width and 0 <= top < bottom <= height, f"a box is {face.box} {where}")
    scores = [face.score for face in faces]
    expect(all(isinstance(score, float) and math.isfinite(score) for score in scores), f"scores are {scores} {where}")
    expect(scores == sorted(scores, reverse=True), f"scores are {scores}, not best first")


@rule("detector")
def boxes_are_inside_the_image(trial: Trial) -> None:
    """A box is four floats in pixels, left < right and top < bottom, within the image; scores are finite floats, best
    first."""
    for image, faces in _scenes_with_faces(trial):
        _inside(faces, image.shape)


@rule("detector")
def images_of_any_size_are_taken(trial: Trial) -> None:
    """A picture of any size, even one pixel, is accepted; boxes, if any, are inside it."""
    for shape in SHAPES:
        _inside(trial.component.detect(picture(*shape)), shape)

    def sized(height: int, width: int) -> None:
        _inside(trial.component.detect(picture(height, width)), (height, width))

    tried(sized, examples=8, height=st.integers(1, 120), width=st.integers(1, 120))


@rule("detector")
def landmarks_are_five_points(trial: Trial) -> None:
    """``landmarks`` are finite float32 [5, 2] or ``None``; never ``None`` for a detector that says it has them."""
    promised = getattr(trial.component, "landmarks", False) is True
    for _, faces in _scenes_with_faces(trial):
        for face in faces:
            if face.landmarks is None:
                expect(not promised, "a face has none, though the detector says landmarks = True")
                continue
            points = face.landmarks
            kind, shape = getattr(points, "dtype", type(points).__name__), np.shape(points)
            expect(kind == np.float32 and shape == (5, 2), f"they are {kind} {shape}")
            expect(np.isfinite(points).all(), f"they are {points.tolist()}")


@rule("detector")
def the_image_is_not_written(trial: Trial) -> None:
    """The image is the same after ``detect``."""
    for image in [*_scenes(trial), picture(120, 160)]:
        before = image.copy()
        trial.component.detect(image)
        expect(np.array_equal(before, image), "it wrote into the image")


@rule("detector")
def a_result_depends_on_its_image_alone(trial: Trial) -> None:
    """The same image gets the same faces, whatever came before it."""
    image, faces = _scenes_with_faces(trial)[0]
    trial.component.detect(picture(90, 130))
    trial.component.detect(np.ascontiguousarray(image[::2, ::2]))
    expect(_same(trial.component.detect(image), faces), "other faces after other images")
    expect(_same(trial.build().detect(image), faces), "other faces from a new instance")


@rule("detector")
def strides_do_not_matter(trial: Trial) -> None:
    """A view of an array, for example a mirrored one, gets the same faces as a copy of it."""
    turned = _scenes_with_faces(trial)[0][0][:, ::-1]
    same = _same(trial.component.detect(turned), trial.component.detect(np.ascontiguousarray(turned)))
    expect(same, "other faces for a view than for its copy")


@rule("detector")
def it_travels_to_other_processes(trial: Trial) -> None:
    """It can be pickled, used or not, and finds the same faces afterwards, with the same fingerprint."""
    image = (*_scenes(trial), picture(120, 160))[0]
    used = trial.build()
    faces = used.detect(image)
    for which, detector in (("a new one", trial.build()), ("a used one", used)):
        try:
            again = pickle.loads(pickle.dumps(detector))
        except Exception as error:  # pickle raises many kinds
            raise BrokenRuleError(f"{which} cannot be pickled: {type(error).__name__}: {error}") from error
        same = again.fingerprint == detector.fingerprint
        expect(same, f"the fingerprint of {which} is {again.fingerprint!r} afterwards")
        expect(_same(again.detect(image), faces), f"{which} finds other faces afterwards")


@rule("detector")
def fingerprint_is_one_line(trial: Trial) -> None:
    """``fingerprint`` is one printable line, the same for each instance, and names no path of this machine."""
    first, again = trial.component.fingerprint, trial.build().fingerprint
    expect(isinstance(first, str) and first and first.isprintable(), f"it is {first!r}")
    expect(first == again, f"it is {first!r} and then {again!r}")
    paths = [str(value) for value in trial.parameters().values() if isinstance(value, str) and "/" in value]
    expect(not any(path in first for path in paths), f"it holds a path: {first!r}")


@rule("detector")
def fingerprint_covers_the_parameters(trial: Trial) -> None:
    """Another value of a parameter (numbers, switches and choices are tried) is another fingerprint."""
    for parameter in signature.signature_of(trial.factory, trial.owner):
        value = trial.parameters()[parameter.name]
        changed = _another(trial, parameter, value)
        if changed is not None:
            other = trial.build(**{parameter.name: changed}).fingerprint
            differs = other != trial.component.fingerprint
            expect(differs, f"{parameter.name} = {changed!r} has the fingerprint of {value!r}")


def _another(trial: Trial, one: signature.Parameter, value: Any) -> Any:
    """A value that differs from ``value`` and is valid, or ``None`` where there is none to be made up."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        choices: tuple[Any, ...] = (value + 1, value - 1) if isinstance(value, int) else (value * 0.9, value * 1.1, 0.5)
    else:
        choices = typing.get_args(one.annotation) if typing.get_origin(one.annotation) is typing.Literal else ()
    for choice in choices:
        try:
            if choice != value and trial.parameters(**{one.name: choice}):
                return choice
        except ParameterError:
            continue
    return None
