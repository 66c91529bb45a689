"""The learning-rate rules, by hand."""

from __future__ import annotations

import pytest

from ferbench_torch.schedules import one_cycle, plateau

ACCURACIES = [0.2, 0.3, 0.3, 0.29, 0.3, 0.1, 0.3, 0.31, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3]
"""Of epochs 1 to 18: a best in epoch 2, five epochs no better (3-7), a best in 8, then never again."""


@pytest.mark.parametrize(
    ("epoch", "factor"),
    [(1, 1.0), (7, 1.0), (8, 0.9), (9, 0.9), (13, 0.9), (14, 0.9**2), (18, 0.9**2), (19, 0.9**3)],
)
def test_plateau_by_hand(epoch: int, factor: float) -> None:
    scores = list(enumerate(ACCURACIES, start=1))
    assert plateau(scores, epoch) == pytest.approx(factor)
    # Later scores are not known in epoch ``epoch``.
    assert plateau(scores[: epoch - 1], epoch) == pytest.approx(factor)


def test_plateau_counts_epochs_not_scores() -> None:
    scores = [(2, 0.5), (4, 0.4), (6, 0.4), (8, 0.4)]
    assert [plateau(scores, epoch) for epoch in (7, 9)] == [1.0, pytest.approx(0.9)]


def test_plateau_keeps_the_rate_where_nothing_is_held_out_to_be_scored_on() -> None:
    assert plateau([(number, float("nan")) for number in range(1, 40)], 40) == 1.0


def test_plateau_without_scores() -> None:
    assert plateau([], 40) == 1.0


def test_one_cycle_starts_low_peaks_at_a_quarter_and_ends_near_nothing() -> None:
    assert one_cycle(0.0) == pytest.approx(1 / 25)
    assert one_cycle(0.125) == pytest.approx((1 + 1 / 25) / 2)
    assert one_cycle(0.25) == pytest.approx(1.0)
    assert one_cycle(0.625) == pytest.approx((1 + 1 / 2500) / 2)
    assert one_cycle(1.0) == pytest.approx(1 / 2500)
    values = [one_cycle(step / 200) for step in range(201)]
    assert values[:51] == sorted(values[:51])
    assert values[50:] == sorted(values[50:], reverse=True)
