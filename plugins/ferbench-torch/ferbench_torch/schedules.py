"""Learning-rate rules. Each is a function of what the checkpoint keeps, so a resumed training continues the same."""

from __future__ import annotations

import math
from typing import Literal

Schedule = Literal["plateau", "one-cycle", "constant"]

PATIENCE = 5
FACTOR = 0.9
WARM_UP = 0.25
START, END = 1 / 25, 1 / 2500


def plateau(scores: list[tuple[int, float]], epoch: int) -> float:
    """Factor for epoch ``epoch`` (from 1): x0.9 for every 5 epochs without a better validation accuracy.

    ``scores`` are (epoch, accuracy) of the epochs scored before; NaN, where nothing is held out to be scored on, says
    nothing. Haider et al. 2023, Section 4.2.
    """
    factor, best, since = 1.0, -math.inf, 0
    for number, score in scores:
        if number >= epoch:
            break
        if math.isnan(score):
            continue
        if score > best:
            best, since = score, number
        elif number - since >= PATIENCE:
            factor, since = factor * FACTOR, number
    return factor


def one_cycle(progress: float) -> float:
    """Factor at ``progress`` in [0, 1]: cosine up in the first quarter, then cosine down (Smith, arXiv:1708.07120)."""
    if progress < WARM_UP:
        return _cosine(START, 1.0, progress / WARM_UP)
    return _cosine(1.0, END, (progress - WARM_UP) / (1 - WARM_UP))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
