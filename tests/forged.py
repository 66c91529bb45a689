"""Bundles that hold together but were never run: other predictions, rescored, under another name."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ferbench.bundles import bundle, leak_list
from ferbench.bundles.scores import score, score_leak_free
from ferbench.verify import verify


def forge(folder: Path, name: str, wrong: Sequence[int], **changes: Any) -> Path:
    """A bundle next to ``folder`` of a pipeline ``name`` with its first classifier alone, wrong on the rows ``wrong``
    and right on all others; ``changes`` are fields of its result. Gives its folder."""
    result = bundle.read(folder)
    label = result.main_classifier
    read = bundle.predictions(folder, result, label)
    predicted = read.labels.copy()
    predicted[list(wrong)] = (predicted[list(wrong)] + 1) % len(read.classes)
    scores = np.zeros_like(read.scores)
    scores[np.arange(len(read)), predicted] = 1.0
    forged = replace(read, predicted=predicted, scores=scores)
    facts = result.model_dump(mode="json") | changes
    classifiers = {label: facts["pipeline"]["classifiers"][label]}
    facts["pipeline"] = {**facts["pipeline"], "name": name, "classifiers": classifiers}
    facts["environment"]["estimators"] = {label: facts["environment"]["estimators"][label]}
    facts["scores"] = {label: score(forged).model_dump(mode="json")}
    marked = leak_list.mask(leak_list.read(folder), forged, folder)
    facts["leak_free"] = {label: score_leak_free(forged, marked).model_dump(mode="json")}
    facts["scores_kind"] = {label: read.scores_kind}
    facts["run"] = verify.run_name(bundle.Result.model_validate(facts))
    target = folder.parents[3] / bundle.relative_path(facts)
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("model", "predictions"))
    (target / "predictions.csv").write_text(bundle.predictions_csv(forged), encoding="utf-8")
    (target / "result.json").write_text(json.dumps(facts), encoding="utf-8")
    return target
