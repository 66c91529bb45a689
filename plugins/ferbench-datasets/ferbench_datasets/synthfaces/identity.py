"""Who it is: what a face looks like at rest.

Resting faces differ as people's do: some brows slant down at rest, some mouths droop, some eyes are wide. That is what
a classifier has to see past on a subject it has never seen. Lengths are in face units: 1 is the distance from the
middle of the face to the chin, x to the right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferbench_datasets.synthfaces.action_units import ACTION_UNITS, Activation

Colour = tuple[float, float, float]
"""RGB in [0, 255]."""

_SKIN: tuple[Colour, ...] = (
    (244, 208, 186),
    (232, 188, 160),
    (214, 168, 136),
    (190, 142, 108),
    (152, 108, 80),
    (116, 80, 60),
)
_HAIR: tuple[Colour, ...] = ((28, 24, 24), (52, 38, 30), (88, 60, 40), (134, 96, 58), (176, 142, 92), (128, 126, 126))
_IRIS: tuple[Colour, ...] = ((62, 42, 30), (86, 62, 40), (88, 104, 78), (88, 112, 138))
_CLOTHES: tuple[Colour, ...] = (
    (70, 74, 90),
    (140, 60, 60),
    (200, 200, 196),
    (60, 92, 80),
    (36, 36, 40),
    (96, 120, 160),
)


@dataclass(frozen=True)
class Identity:
    """One subject. Lengths in face units, angles as slopes, shares in [0, 1], colours RGB in [0, 255].

    ``brow_slope`` > 0 has the inner ends low, as in anger; ``mouth_droop`` > 0 has the corners low, as in sadness.
    ``gains`` is how strongly this person uses each action unit, ``rest`` what is always a little active.
    """

    skin: Colour
    hair: Colour
    iris: Colour
    clothes: Colour
    width: float
    jaw: float
    chin: float
    hairline: float
    hair_style: int
    eye_x: float
    eye_y: float
    eye_width: float
    eye_upper: float
    eye_lower: float
    eye_tilt: float
    brow_gap: float
    brow_thickness: float
    brow_arch: float
    brow_slope: float
    brow_darkness: float
    nose_tip: float
    nose_width: float
    nose_height: float
    mouth_y: float
    mouth_width: float
    lip_upper: float
    lip_lower: float
    lip_redness: float
    mouth_droop: float
    cheeks: float
    age: float
    beard: float
    glasses: int
    texture: int
    gains: Activation
    rest: Activation


def draw_identity(rng: np.random.Generator) -> Identity:
    """A subject drawn at random; the same for the same state of ``rng``."""

    def around(mean: float, deviation: float) -> float:
        return float(mean + deviation * np.clip(rng.standard_normal(), -2, 2))

    tone = rng.uniform(0, len(_SKIN) - 1)
    low = int(tone)
    skin = _mix(_SKIN[low], _SKIN[min(low + 1, len(_SKIN) - 1)], tone - low)
    dark = tone > 2.5
    hair = _HAIR[int(rng.integers(0, 2 if dark else len(_HAIR)))]
    masculine = rng.random() < 0.5
    gains = {unit: float(np.clip(1 + 0.12 * rng.standard_normal(), 0.6, 1.35)) for unit in ACTION_UNITS}
    rest = {unit: float(max(0.0, 0.10 * rng.standard_normal())) for unit in ("1", "2", "4", "5", "7", "17", "24")}
    return Identity(
        skin=skin,
        hair=hair,
        iris=_IRIS[int(rng.integers(0, 2 if dark else len(_IRIS)))],
        clothes=_CLOTHES[int(rng.integers(len(_CLOTHES)))],
        width=around(0.73, 0.03),
        jaw=around(0.90 if masculine else 0.83, 0.04),
        chin=around(0.34 if masculine else 0.28, 0.03),
        hairline=around(-0.80, 0.05),
        hair_style=int(rng.integers(0, 3)) if masculine else int(rng.integers(2, 6)),
        eye_x=around(0.305, 0.016),
        eye_y=around(-0.17, 0.02),
        eye_width=around(0.155, 0.010),
        eye_upper=around(0.068, 0.010),
        eye_lower=around(0.040, 0.006),
        eye_tilt=around(0.01, 0.014),
        brow_gap=around(0.185 if not masculine else 0.165, 0.024),
        brow_thickness=around(0.036 if not masculine else 0.050, 0.008),
        brow_arch=around(0.035, 0.016),
        brow_slope=around(0.0, 0.030),
        brow_darkness=float(rng.uniform(0.55, 0.95)),
        nose_tip=around(0.24, 0.03),
        nose_width=around(0.135 if not dark else 0.155, 0.014),
        nose_height=around(1.0, 0.15),
        mouth_y=around(0.55, 0.022),
        mouth_width=around(0.255, 0.020),
        lip_upper=around(0.046, 0.010),
        lip_lower=around(0.068, 0.012),
        lip_redness=float(rng.uniform(0.2, 0.9)) if not masculine else float(rng.uniform(0.1, 0.45)),
        mouth_droop=around(0.0, 0.018),
        cheeks=around(1.0, 0.3),
        age=float(rng.beta(1.4, 2.2)),
        beard=float(rng.uniform(0.3, 0.9)) if masculine and rng.random() < 0.3 else 0.0,
        glasses=int(rng.integers(1, 3)) if rng.random() < 0.18 else 0,
        texture=int(rng.integers(1 << 16)),
        gains=gains,
        rest=rest,
    )


def dimmed(colour: Colour, factor: float) -> Colour:
    """``colour`` times ``factor``, at most 255."""
    red, green, blue = (min(255.0, value * factor) for value in colour)
    return (red, green, blue)


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    a, b = np.asarray(first), np.asarray(second)
    red, green, blue = (a + share * (b - a)).tolist()
    return (red, green, blue)
