"""Every classifier of this plugin can be stored, and what is read back predicts the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ferbench.components.discovery import installed
from ferbench.running import classifier_file
from ferbench_sklearn.classifiers import lda, softmax_regression, svm

MADE = {
    "linear": lambda: svm("linear"),
    "rbf": lambda: svm("rbf", balanced=True),
    "poly": lambda: svm("poly"),
    "sigmoid": lambda: svm("sigmoid"),
    "lda": lda,
    "lda-shrunk": lambda: lda(0.5),
    "softmax": softmax_regression,
}


@pytest.mark.parametrize("classes", [2, 7])
@pytest.mark.parametrize("name", MADE)
def test_what_is_read_back_predicts_the_same(name: str, classes: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(140, dtype=np.int64) % classes
    rows = (rng.normal(size=(140, 8)) + 1.5 * np.eye(8)[labels]).astype(np.float32)
    others = rng.normal(size=(50, 8)).astype(np.float32)
    fitted: Any = MADE[name]().fit(rows, labels)
    entry = installed().registry.get("classifier", "svm")
    classifier_file.write(fitted, tmp_path / "x.skops", entry, others)
    again, notes = classifier_file.read(tmp_path / "x.skops", entry)
    assert notes == []
    assert (again.predict(others) == fitted.predict(others)).all()
    assert type(again).__module__.startswith(
        ("sklearn.", "ferbench_sklearn.")
    )  # whatever solved it, any platform reads it
