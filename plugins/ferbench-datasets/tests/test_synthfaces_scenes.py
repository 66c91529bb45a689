"""Drawn scenes: the same for a seed, boxes where the faces are, subsets by what their docstring says."""

from __future__ import annotations

import pickle
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ferbench.data import Scenes
from ferbench.errors import DataError
from ferbench_datasets.synthfaces import crowd as crowds
from ferbench_datasets.synthfaces.crowd import Crowd
from ferbench_datasets.synthfaces.crowd_picture import draw
from ferbench_datasets.synthfaces.scenes import ScenePictures, SynthScenes


@pytest.fixture(scope="module")
def scenes() -> Scenes:
    return SynthScenes(scenes=40).load(None)


@pytest.fixture(scope="module")
def plans(scenes: Scenes) -> list[Crowd]:
    assert isinstance(scenes.images, ScenePictures)
    return list(scenes.images.plans)


def test_scenes_are_as_described(scenes: Scenes, plans: list[Crowd]) -> None:
    faces = np.concatenate(scenes.boxes)
    heights = faces[:, 3] - faces[:, 1]
    assert 1 <= min(map(len, scenes.boxes)) <= 2
    assert max(map(len, scenes.boxes)) in (7, 8)
    assert heights.min() >= crowds.SMALLEST - 0.01
    assert heights.max() <= crowds.LARGEST + 0.01
    assert heights.min() < 30
    assert heights.max() > 150
    assert {(plan.width, plan.height) for plan in plans} == set(crowds.SIZES)
    for boxes, plan in zip(scenes.boxes, plans, strict=True):
        assert boxes.min() >= 0
        assert boxes[:, 2].max() <= plan.width
        assert boxes[:, 3].max() <= plan.height


def test_a_subset_holds_the_one_before_it_and_keeps_to_its_rules(scenes: Scenes, plans: list[Crowd]) -> None:
    easy, medium, hard = (np.concatenate(scenes.subsets[name]) for name in ("easy", "medium", "hard"))
    assert 20 <= easy.sum() < medium.sum() < hard.sum() == len(hard)
    assert not (easy & ~medium).any()
    people = [(person, plan) for plan in plans for person in plan.people]
    for counted, (person, plan) in zip(easy, people, strict=True):
        pose, share = person.shot.pose, person.height / plan.width
        wanted = share >= 0.18 and person.hidden <= 0.05 and max(abs(pose.yaw), abs(pose.roll)) <= 20
        assert counted == (wanted and abs(pose.pitch) <= 12)
    for counted, (person, _) in zip(medium, people, strict=True):
        assert counted == (person.height >= 48 and person.hidden <= 0.3)
    assert max(person.hidden for person, _ in people) <= crowds.HIDDEN
    assert sum(person.hidden > 0.1 for person, _ in people) > len(people) / 10


def test_the_same_seed_gives_the_same_scenes_alone_or_among_others(scenes: Scenes) -> None:
    few = SynthScenes(scenes=2).load(None)
    assert few.ids.tolist() == scenes.ids[:2].tolist()
    np.testing.assert_array_equal(few.boxes[1], scenes.boxes[1])
    image = few.images.read(1)
    assert image.dtype == np.uint8
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(scenes.images)).read(1), image)
    other = SynthScenes(scenes=2, seed=1).load(None)
    assert not np.array_equal(other.boxes[0], few.boxes[0])
    assert len({few.fingerprint, scenes.fingerprint, other.fingerprint}) == 3


def test_a_face_lies_where_its_box_is(plans: list[Crowd]) -> None:
    """Taking one person away changes the picture at the box, and nothing beside and above the head."""
    plan = next(plan for plan in plans if len(plan.people) == 2 and min(one.height for one in plan.people) > 60)
    nearest = plan.people[-1]
    with_, without = draw(plan), draw(replace(plan, people=plan.people[:-1]))
    changed = cv2.absdiff(with_, without).max(axis=2) > 40
    left, top, right, bottom = np.rint(nearest.box).astype(int)
    wide, tall = right - left, bottom - top
    assert changed[top:bottom, left:right].mean() > 0.4
    around = changed.copy()
    around[max(0, top - tall) :, max(0, left - wide) : right + wide] = False
    assert around.mean() < 0.01


def test_what_is_hidden_is_what_nearer_people_cover(plans: list[Crowd]) -> None:
    """A face's pixels change, when the nearer people are taken away, about as much as its hidden share."""
    plan, row = next(
        (plan, row)
        for plan in plans
        for row, person in enumerate(plan.people)
        if person.hidden > 0.3 and person.height > 60 and person.shot.occluder is None
    )
    box = np.rint(plan.people[row].box).astype(int)
    all_, alone = (draw(replace(plan, people=plan.people[:end])) for end in (None, row + 1))
    face = (slice(box[1], box[3]), slice(box[0], box[2]))
    changed = (cv2.absdiff(all_, alone).max(axis=2) > 30)[face].mean()
    assert abs(changed - plan.people[row].hidden) < 0.3
    assert changed > 0.1


def test_people_stand_on_the_floor(plans: list[Crowd]) -> None:
    for plan in plans:
        for person in plan.people:
            middle = person.top + person.factor * person.shot.pose.y
            assert middle + person.factor * crowds.FEET * crowds.UNIT >= plan.floor


def test_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape("reads no files")):
        SynthScenes().load(tmp_path)
