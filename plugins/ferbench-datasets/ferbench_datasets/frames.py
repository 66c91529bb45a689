"""The frame extractor of Haider et al. 2023, Section 3.1: the twenty most telling frames of a video.

What the paper gives: a Gaussian filter on each frame X_t; T_t, the sum over its pixels; the first and last 20 values
dropped, "because they regularly represent a neutral facial expression"; differences T_t - T_{t-m} for a set of lags m;
outliers among them by the median absolute deviation (Leys et al. 2013, J. Exp. Soc. Psychol. 49(4): "mean" in the
text, but that is the method cited); over the lags, twenty unique frames. It gives neither the filter's sigma, nor the
lags, nor the threshold, nor what is done if there are more or fewer than twenty outliers. What is ours is marked so:

1. A difference belongs to two frames. It is counted for the one whose T is farther from the neutral level, the median
   of the dropped values: when a face comes back to rest, the frame before is the telling one. (ours)
2. A frame's score is its deviation, in MADs, averaged over the lags and smoothed over time: an expression lasts for a
   good part of a second, noise does not. (ours)
3. Frames that are outliers at any lag come first, by their score; if they are fewer than twenty, the others follow by
   theirs. So every video gives exactly twenty, or is too short or flat. (ours)

The filter's kernel sums to one, so it changes T at the borders only: sigma matters little, and T is blind to whatever
an expression moves without making the picture brighter or darker.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ferbench.data import Images, Indices
from ferbench.errors import DataError

VERSION = 1
"""Raise whenever other frames of the same video are chosen."""
FLAT = 0.05
"""Gray levels of the whole picture's mean. A video that varies by less holds one picture:
coding alone makes a still one vary by 0.03."""
NORMAL = 1.4826
"""The MAD times this is the standard deviation, where values are normal (Leys et al. 2013)."""

Series = NDArray[np.float64]


class NothingToChooseError(DataError):
    """A video that can be read, but from which the frames cannot be chosen: too short, or flat."""


@dataclass(frozen=True)
class Chosen:
    """The frames chosen of one video.

    ``indices`` are int64 [count], ascending, counted from 0 in the whole video of ``frames`` frames; ``outliers`` says
    how many of them are outliers by the paper's criterion, the others were needed to make up the number.
    """

    indices: Indices
    outliers: int
    frames: int


@dataclass(frozen=True)
class FrameExtractor:
    """Chooses the most telling frames of a video. The same video gives the same frames, on any machine.

    Args:
        count: frames chosen of each video (the paper: 20).
        trim: values dropped at each end, taken as neutral (the paper: 20).
        sigma: of the Gaussian filter on each frame, in pixels (not in the paper).
        lags: in frames (the paper has a set, not which). The long ones compare the apex with rest.
        threshold: deviations from the median, in MADs, from which a difference is an outlier. Not in the paper; Leys
            et al. give 3, 2.5 and 2 as very conservative, moderate and poorly conservative.
        steady: the standard deviation of the scores' smoothing in time, in frames (ours; 0 for none).
    """

    count: Annotated[int, Ge(1), Le(1000)] = 20
    trim: Annotated[int, Ge(1), Le(1000)] = 20
    sigma: Annotated[float, Gt(0), Le(50)] = 1.0
    lags: tuple[Annotated[int, Ge(1)], ...] = (10, 15, 20, 25, 30)
    threshold: Annotated[float, Gt(0)] = 3.0
    steady: Annotated[float, Ge(0)] = 6.0

    def extract(self, pictures: Iterable[Images]) -> Chosen:
        """The frames of a video given as its pictures in order, uint8 [H, W, 3] each; one at a time is held.

        Raises ``NothingToChooseError``, and whatever ``pictures`` raises.
        """
        return self.choose(self.series(pictures))

    def series(self, pictures: Iterable[Images]) -> Series:
        """T, float64 [N]: the sum over each filtered picture, divided by its number of values. In gray levels."""
        return np.array([self._total(picture) for picture in pictures], np.float64)

    def choose(self, series: Series) -> Chosen:
        """The frames by their T, float64 [N] in gray levels. Raises ``NothingToChooseError`` that says why."""
        kept = series[self.trim : len(series) - self.trim]
        # A lag longer than half of what is kept has fewer differences than frames it cannot reach.
        lags = [lag for lag in self.lags if 2 * lag <= len(kept)]
        needed = 2 * self.trim + max(self.count, 2 * min(self.lags, default=0))
        if len(series) < needed or not lags:
            raise NothingToChooseError(
                f"too short: {len(series)} frames, at least {needed} are needed to drop {self.trim} at each end and "
                f"choose {self.count} of the rest",
                fix="leave the video out",
            )
        if np.ptp(kept) < FLAT:
            raise NothingToChooseError(
                f"flat: between frames {self.trim} and {len(series) - self.trim} its brightness changes by "
                f"{np.ptp(kept):.4f} gray levels",
                fix="leave the video out: nothing moves in it",
            )
        neutral = float(np.median(np.concatenate([series[: self.trim], series[-self.trim :]])))
        deviations = np.stack([deviations_at(kept, lag, neutral) for lag in lags])
        outlying = np.any(deviations > self.threshold, axis=0)
        score = deviations.mean(axis=0)
        if self.steady:
            score = gaussian_filter1d(score, self.steady)
        # Rounded, so that the last bit of another machine's arithmetic cannot turn two frames round; lexsort is stable,
        # so ties go to the earlier frame.
        order = np.lexsort((-np.round(score, 9), ~outlying))[: self.count]
        return Chosen(np.sort(order).astype(np.int64) + self.trim, int(outlying[order].sum()), len(series))

    def _total(self, picture: Images) -> float:
        # On bytes OpenCV's filter and sum are exact integers, the same on every machine; the rounding is 1e-4 of a
        # gray level over a picture.
        filtered = cv2.GaussianBlur(picture, (0, 0), self.sigma)
        return float(sum(cv2.sumElems(filtered)) / picture.size)


def deviations_at(series: Series, lag: int, neutral: float) -> Series:
    """How far each frame's difference at ``lag`` lies from the median difference, in MADs; float64 [N], at least 0.

    Each difference is counted for its frame that is farther from ``neutral``; a frame with two has the larger.
    """
    differences = series[lag:] - series[:-lag]
    distance = np.abs(differences - np.median(differences))
    spread = NORMAL * np.median(distance)
    if spread == 0:  # more than half of the differences are equal; the mean deviation stands in, scaled to match it
        spread = 1.2533 * distance.mean() or 1.0
    later = np.arange(lag, len(series))
    away = np.abs(series - neutral)
    frames = np.where(away[later - lag] > away[later], later - lag, later)
    found = np.zeros(len(series))
    np.maximum.at(found, frames, distance / spread)
    return found
