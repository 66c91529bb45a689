"""WIDER FACE's rules, against a slow account of them in plain loops and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ferbench.detection.average_precision import curve, overlaps

FACE, OTHER, FAR = (10, 10, 50, 60), (100, 10, 140, 60), (300, 300, 340, 350)


def score(
    detections: list[list[tuple[tuple[float, ...], float]]],
    faces: list[list[tuple[float, ...]]],
    counts: list[list[bool]],
) -> float | None:
    """The average precision of detections written as (box, score) an image."""
    return curve(
        [
            (np.array([box for box, _ in one]).reshape(-1, 4), np.array([value for _, value in one]))
            for one in detections
        ],
        [np.array(one, np.float32).reshape(-1, 4) for one in faces],
        [np.array(one, np.bool_) for one in counts],
    ).average_precision


def literal(
    detections: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]],
    boxes: list[np.ndarray[Any, Any]],
    counts: list[np.ndarray[Any, Any]],
) -> float:
    """The rules step by step: an image, a threshold, a detection at a time."""
    everything = [float(value) for _, scores in detections for value in scores]
    low, high = min(everything), max(everything)
    judged = []
    for (found, scores), faces, counted in zip(detections, boxes, counts, strict=True):
        seen: set[int] = set()
        for row in sorted(range(len(scores)), key=lambda row: -scores[row]):
            if len(faces) == 0:
                continue
            best, share = 0, -1.0
            for number, face in enumerate(faces):
                wide = min(found[row][2], face[2]) - max(found[row][0], face[0]) + 1
                tall = min(found[row][3], face[3]) - max(found[row][1], face[1]) + 1
                common = float(wide) * float(tall) if wide > 0 and tall > 0 else 0.0
                areas = [float(one[2] - one[0] + 1) * float(one[3] - one[1] + 1) for one in (found[row], face)]
                if common / (sum(areas) - common) > share:
                    best, share = number, common / (sum(areas) - common)
            value = (float(scores[row]) - low) / (high - low)
            if share < 0.5:
                judged.append((value, False))
            elif counted[best]:
                judged.append((value, best not in seen))
                seen.add(best)
    points = []
    for step in range(1000):
        limit = 1 - (step + 1) / 1000
        alarms = hits = 0
        for value, hit in judged:
            if value >= limit:
                alarms, hits = alarms + 1, hits + hit
        points.append((hits / sum(int(one.sum()) for one in counts), hits / alarms if alarms else 0.0))
    area, before = 0.0, 0.0
    for number, (recall, _) in enumerate(points):
        area += (recall - before) * max(precision for _, precision in points[number:])
        before = recall
    return area


def crowd(seed: int, images: int = 6) -> tuple[list[Any], list[Any], list[Any]]:
    """Random faces, some without a place in the subset, and detections near them, doubled, or nowhere."""
    rng = np.random.default_rng(seed)
    detections, boxes, counts = [], [], []
    for _ in range(images):
        corner = rng.integers(0, 300, (int(rng.integers(0, 9)), 2))
        side = rng.integers(0, 80, (len(corner), 2))
        faces = np.hstack([corner, corner + side]).astype(np.float32)
        again = faces[rng.integers(0, len(faces), 2 * len(faces))] if len(faces) else faces
        near = again + rng.integers(-9, 10, again.shape)
        stray = rng.integers(0, 300, (3, 2))
        found = np.concatenate([near, np.hstack([stray, stray + 30])])
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2])
        detections.append((found, np.round(rng.normal(size=len(found)), 2)))
        boxes.append(faces)
        counts.append(rng.random(len(faces)) < 0.7)
    counts[0][:1] = True
    return detections, boxes, counts


@pytest.mark.parametrize("seed", range(12))
def test_a_literal_account_of_the_rules_agrees(seed: int) -> None:
    made = crowd(seed)
    found = curve(*made).average_precision
    assert found is not None
    assert 0.02 < found < 0.95  # neither trivial end
    assert found == pytest.approx(literal(*made), abs=1e-9)


def test_every_face_found_and_nothing_else_is_one() -> None:
    assert score([[(FACE, 0.9), (OTHER, 0.2)]], [[FACE, OTHER]], [[True, True]]) == 1.0


def test_a_face_missed_is_lost_recall() -> None:
    assert score([[(FACE, 0.9)]], [[FACE, OTHER]], [[True, True]]) == 0.5


def test_a_false_alarm_above_a_hit_halves_its_precision_and_one_below_costs_nothing() -> None:
    assert score([[(FAR, 0.9), (FACE, 0.2)]], [[FACE]], [[True]]) == 0.5
    assert score([[(FACE, 0.9), (FAR, 0.2)]], [[FACE]], [[True]]) == 1.0


def test_the_second_hit_of_a_face_is_a_false_alarm() -> None:
    # By falling score: hit, double, hit. The second face is found at a precision of 2/3.
    doubled = [(FACE, 0.9), (FACE, 0.8), (OTHER, 0.1)]
    assert score([doubled], [[FACE, OTHER]], [[True, True]]) == pytest.approx(0.5 + 0.5 * 2 / 3)


def test_a_face_outside_of_the_subset_is_neither_hit_nor_false_alarm() -> None:
    ignored = [(OTHER, 0.9), (OTHER, 0.8), (FACE, 0.2)]
    assert score([ignored], [[FACE, OTHER]], [[True, False]]) == 1.0
    assert score([[(OTHER, 0.9)]], [[FACE, OTHER]], [[True, False]]) == 0.0


def test_a_detection_belongs_to_the_face_that_it_overlaps_most_even_if_that_one_does_not_count() -> None:
    beside = (12, 10, 52, 60)
    assert overlaps(np.array([beside]), np.array([FACE]))[0, 0] > 0.5
    assert score([[(beside, 0.9)]], [[FACE, beside]], [[True, False]]) == 0.0


def test_no_detections_is_zero_and_no_faces_is_nothing() -> None:
    assert score([[]], [[FACE]], [[True]]) == 0.0
    assert score([[(FACE, 0.9)]], [[FACE]], [[False]]) is None
    assert score([[]], [[]], [[]]) is None


def test_detections_in_an_image_without_faces_are_left_out() -> None:
    assert score([[(FAR, 0.95)], [(FACE, 0.9), (OTHER, 0.1)]], [[], [FACE]], [[], [True]]) == 1.0


def test_scores_that_are_all_the_same_are_one_point() -> None:
    assert score([[(FACE, 0.5), (FAR, 0.5)]], [[FACE, OTHER]], [[True, True]]) == 0.25


def test_scores_are_stretched_over_the_set_and_need_no_order() -> None:
    low = score([[(FAR, -7.0), (FACE, 3.0)], [(OTHER, 1.0)]], [[FACE], [OTHER]], [[True], [True]])
    assert low == score([[(FACE, 0.9), (FAR, 0.1)], [(OTHER, 0.74)]], [[FACE], [OTHER]], [[True], [True]]) == 1.0


def test_sides_are_measured_with_one_pixel_more() -> None:
    assert overlaps(np.array([(0, 0, 9, 9)]), np.array([(0, 0, 9, 4)]))[0, 0] == 0.5
    assert overlaps(np.array([(5, 5, 5, 5)]), np.array([(5, 5, 5, 5)]))[0, 0] == 1.0
    assert overlaps(np.array([(0, 0, 9, 9)]), np.array([(10, 0, 19, 9)]))[0, 0] == 0.0


def test_an_annotation_with_sides_below_zero_overlaps_nothing() -> None:
    assert overlaps(np.array([(0, 0, 0, 0)]), np.array([(5, 5, 3, 5)])).tolist() == [[0.0]]


@pytest.mark.parametrize(("share", "hit"), [(49, 0.0), (50, 1.0)])
def test_half_an_overlap_is_a_hit(share: int, hit: float) -> None:
    part = (0, 0, 99, share - 1)
    assert score([[(part, 0.9)]], [[(0, 0, 99, 99)]], [[True]]) == hit
