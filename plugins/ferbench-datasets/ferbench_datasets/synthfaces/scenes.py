"""Synthfaces-scenes: drawn pictures with several faces, which detectors can be scored on without a download."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge

from ferbench.data import Images, Scenes
from ferbench.errors import DataError
from ferbench_datasets.synthfaces.crowd import Crowd, Person, crowd
from ferbench_datasets.synthfaces.crowd_picture import draw
from ferbench_datasets.synthfaces.render import VERSION as FACE_VERSION

VERSION = 1
"""Raise whenever the scenes of the same seed change otherwise than by their faces."""


class SynthScenes:
    """Rooms with one to eight drawn people, in colour, 640x480 to 800x600 pixels; the faces are 24 to 200 pixels high.

    People stand before one another, turn their heads, hide a part of the face with a hand, and show any expression;
    behind them are things that a poor detector takes for faces (clocks, balls, sockets, portraits without a face). A
    box encloses what it does in ``synthfaces``: from the forehead's upper third to the chin, ear to ear.

    Each subset holds the one before it, as WIDER FACE's do:

    - easy: at least 18% of the picture's longer side high (115 pixels of 640), at most 5% hidden, turned by at most 20
      degrees (yaw and roll) and 12 (pitch). So high because a detector for near faces (BlazeFace's short range) looks
      at the whole picture in 128x128 pixels, where these are 23 pixels high.
    - medium: at least 48 pixels high, at most 30% hidden, in any pose that is drawn (yaw to 32, roll to 26, pitch to 15
      degrees).
    - hard: every face; none is hidden by more than 70%.

    What is hidden is the share of the face that the outlines of nearer people cover; a hand, a scarf or a strand of
    hair before the face counts as 30%, a rough value.

    Args:
        scenes: pictures; the first of any number are the same.
        seed: another seed is another set of pictures.
    """

    needs_data: ClassVar[bool] = False

    def __init__(self, scenes: Annotated[int, Ge(1)] = 100, seed: Annotated[int, Ge(0)] = 0) -> None:
        self.scenes = scenes
        self.seed = seed

    def load(self, data: Path | None) -> Scenes:
        """The scenes' plans; no pixel is drawn yet. Raises ``DataError`` if ``data`` is given: nothing is read."""
        if data is not None:
            raise DataError(
                f"synthfaces-scenes is drawn by the program and reads no files, but was given {data}",
                fix="leave out --data, or name the scenes that lie there (ferbench list scenes)",
            )
        plans = tuple(crowd(self.seed, number) for number in range(self.scenes))
        rules = {"easy": _easy, "medium": _medium, "hard": _hard}
        return Scenes(
            ids=np.array([f"scene-{number:05d}" for number in range(self.scenes)]),
            images=ScenePictures(plans),
            boxes=tuple(np.array([person.box for person in plan.people], np.float32).reshape(-1, 4) for plan in plans),
            subsets={
                name: tuple(np.array([rule(person, plan) for person in plan.people], np.bool_) for plan in plans)
                for name, rule in rules.items()
            },
            fingerprint=self._fingerprint(),
            notes=("the faces are drawn: scores on them say little about real faces",),
        )

    def _fingerprint(self) -> str:
        """SHA-256 over all that decides on the pictures: the drawings' versions and the parameters."""
        content = ["synthfaces-scenes", VERSION, FACE_VERSION, vars(self)]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class ScenePictures:
    """An ``ImageSource`` that draws a scene when it is read."""

    plans: tuple[Crowd, ...]

    def __len__(self) -> int:
        return len(self.plans)

    def read(self, index: int) -> Images:
        """Scene ``index``, RGB uint8 [H, W, 3]."""
        return draw(self.plans[index])


def _easy(person: Person, plan: Crowd) -> bool:
    pose = person.shot.pose
    frontal = max(abs(pose.yaw), abs(pose.roll)) <= 20 and abs(pose.pitch) <= 12
    return frontal and person.hidden <= 0.05 and person.height >= 0.18 * max(plan.width, plan.height)


def _medium(person: Person, plan: Crowd) -> bool:
    return person.hidden <= 0.30 and person.height >= 48


def _hard(person: Person, plan: Crowd) -> bool:
    return True
