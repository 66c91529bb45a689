"""The frame extractor: the paper's steps by hand, the expressive part of known performances, and every refusal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import median_abs_deviation

from ferbench.media import video_pictures
from ferbench_datasets.frames import FLAT, FrameExtractor, NothingToChooseError, deviations_at

DEFAULT = FrameExtractor()


def hill(frames: int = 100, start: int = 40, stop: int = 60, noise: float = 0.01) -> np.ndarray:
    """A video's T: 100 gray levels, 2 more from ``start`` to ``stop``."""
    series = 100 + noise * np.random.default_rng(0).standard_normal(frames)
    series[start:stop] += 2
    return series


def test_the_chosen_frames_lie_in_the_expressive_part(performances: list[Any]) -> None:
    """Half of the frames that may be chosen do; 90% of the chosen are asked for. ``benchmarks/frames.py`` has more."""
    expressive, strong = [], []
    for shown in performances:
        chosen = DEFAULT.extract(video_pictures(shown.video, shown.emotion))
        assert len(np.unique(chosen.indices)) == len(chosen.indices) == 20
        assert chosen.frames == len(shown.pictures)
        expressive.append(np.mean(shown.intensities[chosen.indices] > 0))
        strong.append(np.mean(shown.intensities[chosen.indices] >= 0.5))
    assert np.mean(expressive) >= 0.9
    assert np.mean(strong) >= 0.75


def test_t_is_the_filtered_sum_of_each_picture(performances: list[Any]) -> None:
    shown = performances[0].pictures[:3]
    by_hand = [gaussian_filter(picture.astype(float), (2, 2, 0), mode="mirror").mean() for picture in shown]
    assert FrameExtractor(sigma=2.0).series(iter(shown)) == pytest.approx(by_hand, abs=0.01)


def test_deviations_are_in_mads_of_the_differences_at_a_lag() -> None:
    series = hill(60, 30, 45, noise=0.3)
    difference = series[7:] - series[:-7]
    by_hand = np.abs(difference - np.median(difference)) / median_abs_deviation(difference, scale="normal")
    found = deviations_at(series, 7, 100.0)
    assert found.max() == pytest.approx(by_hand.max(), rel=1e-4)
    assert np.isin(np.round(found[found > 0], 3), np.round(by_hand, 3)).mean() > 0.95


def test_a_difference_counts_for_its_frame_that_is_farther_from_neutral() -> None:
    """Frame 52, back at rest, differs from frame 48 at the apex: it is the apex that is telling."""
    found = deviations_at(hill(noise=0.001), 5, 100.0)
    telling = np.flatnonzero(found > 100)
    assert telling.tolist() == [40, 41, 42, 43, 44, 55, 56, 57, 58, 59]


def test_outliers_come_first() -> None:
    chosen = DEFAULT.choose(hill())
    assert chosen.indices.tolist() == list(range(40, 60))
    assert chosen.outliers == 20


def test_more_outliers_than_twenty_are_cut_and_fewer_are_filled() -> None:
    many = FrameExtractor(steady=0).choose(hill(300, 100, 150))
    assert len(many.indices) == many.outliers == 20
    assert ((many.indices >= 100) & (many.indices < 150)).all()
    few = FrameExtractor(steady=0).choose(hill(100, 50, 55))
    assert len(few.indices) == 20
    assert set(range(50, 55)) <= set(few.indices.tolist())
    assert 5 <= few.outliers < 20


def test_the_first_and_last_frames_are_never_chosen() -> None:
    series = hill()
    series[[0, 5, 19, 80, 99]] += 50
    chosen = DEFAULT.choose(series)
    assert chosen.indices.min() >= 20
    assert chosen.indices.max() < 80


def test_an_expression_of_few_equal_frames_has_no_mad_and_is_found() -> None:
    """Drawn or still videos: more than half of the differences are exactly 0."""
    series = np.full(200, 100.0)
    series[90:95] = 101
    assert set(range(90, 95)) <= set(DEFAULT.choose(series).indices.tolist())


def test_brightness_and_size_do_not_matter() -> None:
    usual = DEFAULT.choose(hill())
    assert (DEFAULT.choose(30 + 0.5 * hill()).indices == usual.indices).all()
    assert (DEFAULT.choose(255 - hill()).indices == usual.indices).all()


@pytest.mark.parametrize("frames", [0, 1, 39, 40, 59])
def test_a_short_video_is_said_to_be_short(frames: int) -> None:
    with pytest.raises(NothingToChooseError, match=rf"^too short: {frames} frames, at least 60 are needed"):
        DEFAULT.choose(np.arange(frames, dtype=float))


def test_sixty_frames_are_enough() -> None:
    assert DEFAULT.choose(hill(60, 25, 35)).indices.tolist() == list(range(20, 40))


def test_no_lag_that_fits_is_too_short() -> None:
    with pytest.raises(NothingToChooseError, match="at least 140 are needed"):
        FrameExtractor(lags=(50,)).choose(hill())


def test_a_flat_video_is_said_to_be_flat() -> None:
    with pytest.raises(NothingToChooseError, match=r"^flat: between frames 20 and 80 its brightness changes by 0\.00"):
        DEFAULT.choose(hill(stop=40, noise=1e-4))


def test_what_moves_only_in_the_dropped_frames_is_flat() -> None:
    with pytest.raises(NothingToChooseError, match=r"^flat"):
        DEFAULT.choose(hill(start=0, stop=20, noise=1e-4))


@settings(max_examples=100, deadline=None)
@given(
    series=st.lists(st.floats(0, 255), max_size=150),
    count=st.integers(1, 30),
    trim=st.integers(1, 30),
    lags=st.lists(st.integers(1, 50), max_size=4),
)
def test_every_series_gives_the_number_asked_for_or_the_reason(
    series: list[float], count: int, trim: int, lags: list[int]
) -> None:
    extractor = FrameExtractor(count=count, trim=trim, lags=tuple(lags))
    values = np.array(series, np.float64)
    if len(values) < 2 * trim + max(count, 2 * min(lags, default=0)) or not lags or np.ptp(values[trim:-trim]) < FLAT:
        with pytest.raises(NothingToChooseError, match=r"^(too short|flat): "):
            extractor.choose(values)
        return
    chosen = extractor.choose(values)
    assert len(np.unique(chosen.indices)) == count
    assert (np.diff(chosen.indices) > 0).all()
    assert chosen.indices.min() >= trim
    assert chosen.indices.max() < len(values) - trim
    assert 0 <= chosen.outliers <= count
    assert (extractor.choose(values).indices == chosen.indices).all()
