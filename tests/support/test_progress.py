"""Progress: a live bar in a terminal, plain lines elsewhere; both say how far it is and how long it will take."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from ferbench.support import progress
from ferbench.support.progress import Reporter, Throttle


def run_stages(reporter: Reporter) -> None:
    with reporter.stage("faces"):
        for done in range(0, 501, 100):
            reporter.advance(done, 500)
    with reporter.stage("training", epochs=2):
        for epoch in (1, 2):
            for batch in range(1, 5):
                reporter.batch(epoch=epoch, batch=batch, batches=4, images=batch * 32, loss=1.5)
            reporter.note("fitting svm")
            row = {"epoch": epoch, "loss": 1.5, "images_per_second": 400.0, "learning_rate": 0.001}
            reporter.epoch({**row, "validation": {"svm": 0.75}})
    reporter.warn("the loss [has] collapsed")


def output(*, terminal: bool) -> tuple[str, Reporter]:
    text = io.StringIO()
    reporter = Reporter(Console(file=text, force_terminal=terminal, width=120, no_color=True))
    run_stages(reporter)
    return text.getvalue(), reporter


def test_plain_lines_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PLAIN_EVERY", 0.0)
    text, reporter = output(terminal=False)
    assert "\x1b" not in text
    assert "\r" not in text
    for words in (
        "faces: 300/500",
        "images/s",
        "s left",
        "epoch 2/2  batch 3/4",
        "loss 1.5000",
        "validation svm 75.0%",
    ):
        assert words in text
    assert "warning: the loss [has] collapsed" in text
    assert list(reporter.stages) == ["faces", "training"]


@pytest.mark.parametrize("terminal", [False, True])
def test_brackets_in_a_name_are_shown_as_they_are(terminal: bool) -> None:
    text = io.StringIO()
    reporter = Reporter(Console(file=text, force_terminal=terminal, width=120, no_color=True))
    with reporter.stage("videos/[/b].mp4"):
        reporter.advance(1, 2, "[i]frames")
    assert "videos/[/b].mp4" in text.getvalue()


def test_a_throttle_waits_before_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    throttle = Throttle(5)
    due = []
    for now in (104.0, 105.0, 109.0, 110.5):  # noqa: B007 - read by the clock above
        due.append(throttle.is_due())
    assert due == [False, True, False, True]


def test_plain_lines_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PLAIN_EVERY", 3600.0)
    text, _ = output(terminal=False)
    assert "300/500" not in text


def test_a_live_bar_in_a_terminal() -> None:
    text, _ = output(terminal=True)
    assert "\x1b[" in text
    for words in ("faces", "500/500", "fitting svm", "validation svm 75.0%"):
        assert words in text
