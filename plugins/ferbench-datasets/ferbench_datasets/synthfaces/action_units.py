"""Which facial muscles move: FACS action units, and the expressions as sets of them.

An action unit (AU) is the smallest movement that a FACS coder scores (Ekman, Friesen & Hager 2002, Facial Action Coding
System). The prototypes are EMFACS's, with the variants that the manual lists next to them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Activation = dict[str, float]
"""Action unit -> intensity in [0, 1]; one that is absent is at rest."""

ACTION_UNITS: Mapping[str, str] = {
    "1": "inner brow raiser",
    "2": "outer brow raiser",
    "4": "brow lowerer",
    "5": "upper lid raiser",
    "6": "cheek raiser",
    "7": "lid tightener",
    "9": "nose wrinkler",
    "10": "upper lip raiser",
    "12": "lip corner puller",
    "14": "dimpler",
    "15": "lip corner depressor",
    "16": "lower lip depressor",
    "17": "chin raiser",
    "20": "lip stretcher",
    "23": "lip tightener",
    "24": "lip pressor",
    "25": "lips part",
    "26": "jaw drop",
    "R12": "lip corner puller, the subject's right side alone",
    "R14": "dimpler, the subject's right side alone",
}

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
CONTEMPT = "contempt"

PROTOTYPES: Mapping[str, tuple[Activation, ...]] = {
    "angry": (
        {"4": 1.0, "5": 0.7, "7": 0.7, "23": 0.9},
        {"4": 1.0, "7": 0.8, "24": 1.0, "17": 0.5},
        {"4": 1.0, "5": 0.8, "7": 0.5, "10": 0.4, "16": 0.3, "23": 0.5, "25": 0.6},
    ),
    "disgust": (
        {"9": 1.0, "15": 0.6, "16": 0.4},
        {"9": 0.9, "10": 0.7, "17": 0.6, "4": 0.3},
        {"9": 1.0, "10": 0.8, "16": 0.5, "25": 0.5, "7": 0.4},
    ),
    "fear": (
        {"1": 1.0, "2": 0.6, "4": 0.7, "5": 0.9, "7": 0.3, "20": 0.9, "25": 0.4, "26": 0.35},
        {"1": 1.0, "2": 0.6, "4": 0.6, "5": 1.0, "20": 1.0, "25": 0.6},
        {"1": 0.9, "2": 0.7, "4": 0.8, "5": 1.0, "20": 0.7, "26": 0.5},
    ),
    "happy": (
        {"6": 0.8, "12": 1.0},
        {"6": 1.0, "12": 1.0, "25": 0.9},
        {"6": 0.7, "12": 0.9, "25": 0.6, "26": 0.3},
    ),
    "sad": (
        {"1": 1.0, "4": 0.6, "15": 1.0},
        {"1": 0.9, "4": 0.5, "15": 0.9, "17": 0.8},
        {"1": 1.0, "4": 0.4, "7": 0.4, "15": 0.7, "17": 0.5},
    ),
    "surprise": (
        {"1": 1.0, "2": 1.0, "5": 0.8, "25": 0.4, "26": 0.9},
        {"1": 0.9, "2": 1.0, "5": 0.6, "26": 0.6},
        {"1": 1.0, "2": 0.9, "5": 1.0, "25": 0.6, "26": 0.4},
    ),
    "neutral": ({},),
    "contempt": ({"R12": 0.7, "R14": 1.0}, {"R14": 1.0, "R12": 0.4, "7": 0.3}),
}
"""Class -> the variants that a person may show. AU 16 with disgust and 25 with the others are EMFACS's options."""


def scaled(activation: Activation, factor: float) -> Activation:
    """All intensities times ``factor``, clipped to [0, 1]."""
    return {unit: min(1.0, max(0.0, value * factor)) for unit, value in activation.items()}


def blended(first: Activation, second: Activation, share: float) -> Activation:
    """``first`` times 1 - ``share`` plus ``second`` times ``share`` (in [0, 1]): two expressions in one face."""
    units = [*first, *(unit for unit in second if unit not in first)]
    return {unit: (1 - share) * first.get(unit, 0.0) + share * second.get(unit, 0.0) for unit in units}


def jittered(activation: Activation, rng: np.random.Generator, spread: float) -> Activation:
    """Each intensity times a factor around 1 of standard deviation ``spread``, clipped to [0, 1]."""
    factors = 1 + spread * rng.standard_normal(len(activation))
    return {
        unit: float(min(1.0, max(0.0, value * factor)))
        for (unit, value), factor in zip(activation.items(), factors, strict=True)
    }


def of(activation: Activation, unit: str, side: int = 0) -> float:
    """Intensity of ``unit``, with its one-sided form where ``side`` is -1 (the subject's right, the image's left)."""
    value = activation.get(unit, 0.0)
    return max(value, activation.get(f"R{unit}", 0.0)) if side < 0 else value
