"""Where everything in a face lies, for an identity whose action units are at some intensity.

Face units throughout (1 = the face's middle to the chin; x right, y down); the left of a pair is the image's left. Each
effect of an action unit follows the FACS manual's description of the appearance change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferbench_datasets.synthfaces.action_units import Activation, of
from ferbench_datasets.synthfaces.identity import Identity
from ferbench_datasets.synthfaces.strokes import Points, curve


@dataclass(frozen=True)
class Eye:
    """One eye. ``upper`` and ``lower`` are the lids' edges from left to right, both [N, 2]."""

    side: int
    centre: Points
    upper: Points
    lower: Points
    opening: float


@dataclass(frozen=True)
class Mouth:
    """The mouth. Lip outlines run from the left corner to the right one; ``gap`` is the opening's height."""

    upper_outer: Points
    upper_inner: Points
    lower_inner: Points
    lower_outer: Points
    gap: float


@dataclass(frozen=True)
class Geometry:
    """All shapes of one face but its folds; ``brows`` are the centre lines from the inner to the outer end,
    ``nose`` is its tip and its two wings [3, 2]."""

    outline: Points
    chin: float
    eyes: tuple[Eye, Eye]
    brows: tuple[Points, Points]
    mouth: Mouth
    nose: Points


def geometry(who: Identity, units: Activation, gaze: tuple[float, float] = (0.0, 0.0)) -> Geometry:
    """The shapes of ``who`` with ``units`` active; ``gaze`` moves the irises (x, y), as a share of the eye's width."""
    mouth = _mouth(who, units)
    eyes = (_eye(who, units, -1, gaze), _eye(who, units, 1, gaze))
    brows = (_brow(who, units, -1), _brow(who, units, 1))
    chin = 1.0 + 0.14 * of(units, "26") - 0.015 * of(units, "17")
    nose = _nose(who, units)
    return Geometry(
        outline=_outline(who, chin, units),
        chin=chin,
        eyes=eyes,
        brows=brows,
        mouth=mouth,
        nose=nose,
    )


def _outline(who: Identity, chin: float, units: Activation) -> Points:
    """The face's edge from the left temple over the chin to the right temple, [N, 2]."""
    width = who.width
    cheek = 0.012 * of(units, "12") + 0.01 * of(units, "6")
    right = [
        (width * 0.93, -0.45),
        (width, -0.12),
        (width * 0.985 + cheek, 0.20),
        (width * who.jaw + cheek, 0.50 + 0.3 * (chin - 1)),
        (0.5 * (width * who.jaw + who.chin), 0.80 + 0.75 * (chin - 1)),
        (who.chin * 0.62, chin - 0.035),
    ]
    left = [(-x, y) for x, y in right]
    return curve([*left, (0.0, chin), *right[::-1]])


def _eye(who: Identity, units: Activation, side: int, gaze: tuple[float, float]) -> Eye:
    half = who.eye_width
    squeeze = 0.45 * of(units, "7") + 0.30 * of(units, "6") + 0.25 * of(units, "9")
    upper = who.eye_upper * (1 - 0.50 * squeeze - 0.10 * of(units, "4")) + 0.042 * of(units, "5")
    upper = max(0.014, upper)
    lower = max(0.006, who.eye_lower * (1 - 0.95 * squeeze))
    inner_lift = 0.02 * of(units, "1") * (1 - of(units, "2"))
    centre = np.array([side * who.eye_x, who.eye_y])
    # From the inner corner to the outer one; the outer lies higher by the tilt.
    top = [
        (-half, 0.012),
        (-0.62 * half, -0.66 * upper - inner_lift),
        (-0.05 * half, -upper - 0.5 * inner_lift),
        (0.60 * half, -0.72 * upper - who.eye_tilt),
        (half, -who.eye_tilt),
    ]
    bottom = [
        (-half, 0.012),
        (-0.45 * half, 0.80 * lower),
        (0.15 * half, lower),
        (0.68 * half, 0.62 * lower - 0.6 * who.eye_tilt),
        (half, -who.eye_tilt),
    ]
    flip = np.array([side, 1.0])
    edges = [centre + np.asarray(edge) * flip for edge in (top, bottom)]
    if side < 0:
        edges = [edge[::-1] for edge in edges]
    iris = centre + np.array([gaze[0] * half, -0.10 * who.eye_upper + gaze[1] * half])
    return Eye(side=side, centre=iris, upper=curve(edges[0]), lower=curve(edges[1]), opening=upper + lower)


def _brow(who: Identity, units: Activation, side: int) -> Points:
    one, two, four = of(units, "1"), of(units, "2"), of(units, "4")
    nine = of(units, "9")
    base = who.eye_y - who.brow_gap
    slope, arch = who.brow_slope, who.brow_arch
    # AU 1 with AU 4 pulls the inner ends up and together; AU 4 alone pulls all down, the inner ends most.
    down = four * (1 - 0.75 * one)
    near = who.eye_x - 0.175 - 0.030 * four
    line = [
        (near, base + 0.015 + slope - 0.115 * one + 0.090 * down + 0.055 * nine),
        (
            who.eye_x - 0.06 - 0.015 * four,
            base - 0.4 * arch + 0.4 * slope - 0.075 * one - 0.030 * two + 0.066 * down + 0.035 * nine,
        ),
        (who.eye_x + 0.085, base - arch - 0.3 * slope - 0.020 * one - 0.105 * two + 0.030 * down + 0.012 * four),
        (who.eye_x + 0.205, base + 0.035 - 0.6 * slope - 0.075 * two + 0.022 * four),
    ]
    return curve(np.asarray(line) * np.array([side, 1.0]))


def _nose(who: Identity, units: Activation) -> Points:
    """Tip, left ala and right ala, [3, 2]."""
    lift = 0.040 * of(units, "9") + 0.015 * of(units, "10")
    wide = who.nose_width * (1 + 0.12 * of(units, "9") + 0.05 * of(units, "12"))
    tip = who.nose_tip - 0.4 * lift
    return np.array([(0.0, tip), (-wide, tip + 0.015 - lift), (wide, tip + 0.015 - lift)])


def _mouth(who: Identity, units: Activation) -> Mouth:
    nine, ten, sixteen, seventeen = (of(units, unit) for unit in ("9", "10", "16", "17"))
    stretch, tight, press = of(units, "20"), of(units, "23"), of(units, "24")
    jaw, part = of(units, "26"), of(units, "25")
    smile = 0.5 * (of(units, "12", -1) + of(units, "12", 1))
    gap = 0.27 * jaw + 0.075 * part * (1 - 0.4 * jaw) + 0.02 * part * smile
    thin = (1 - 0.55 * tight) * (1 - 0.70 * press) * (1 - 0.25 * smile) * (1 - 0.30 * stretch)
    raised = 0.035 * nine + 0.050 * ten + 0.020 * smile
    middle = who.mouth_y - 0.3 * raised - 0.020 * seventeen + 0.02 * jaw
    corners: list[Points] = []
    for side in (-1, 1):
        pull, dimple = of(units, "12", side), of(units, "14", side)
        width = who.mouth_width + 0.085 * pull + 0.020 * dimple + 0.085 * stretch - 0.045 * tight - 0.075 * jaw
        height = (
            who.mouth_y
            + who.mouth_droop
            - 0.100 * pull
            - 0.030 * dimple
            + 0.075 * of(units, "15")
            + 0.030 * stretch
            + 0.35 * gap * (1 - 0.6 * pull)
        )
        corners.append(np.array([side * (width - 0.01 * press), height]))
    left, right = corners
    span = 0.5 * (right[0] - left[0])
    seam_up, seam_down = middle - 0.10 * gap - 0.5 * raised, middle + 0.90 * gap - 0.030 * seventeen * (1 - jaw)
    seam_down = max(seam_up + 0.002, seam_down + 0.020 * sixteen + 0.015 * smile * (gap > 0.02))
    bow = who.lip_upper * thin
    full = who.lip_lower * thin * (1 - 0.15 * stretch) * (1 + 0.25 * seventeen)

    def lip(middle_y: float, quarter_y: float, dip: float = 0.0) -> Points:
        return curve(
            [
                (float(left[0]), float(left[1])),
                (-0.55 * span, quarter_y + 0.30 * (left[1] - quarter_y)),
                (-0.18 * span, middle_y),
                (0.0, middle_y + dip),
                (0.18 * span, middle_y),
                (0.55 * span, quarter_y + 0.30 * (right[1] - quarter_y)),
                (float(right[0]), float(right[1])),
            ]
        )

    return Mouth(
        upper_outer=lip(seam_up - bow - 0.010, seam_up - 0.65 * bow, 0.014),
        upper_inner=lip(seam_up, seam_up + 0.004, 0.006),
        lower_inner=lip(seam_down, seam_down - 0.06 * gap, 0.004),
        lower_outer=lip(seam_down + full, seam_down + 0.72 * full),
        gap=max(0.0, seam_down - seam_up),
    )
