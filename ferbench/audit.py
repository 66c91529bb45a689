"""What a split's sides share that they should not."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferbench.data import Samples, Split


def audit(split: Split, samples: Samples) -> dict[str, Any]:
    """Subjects and clips that are both in train and in test, with the test images they touch; ``None`` if unknown."""
    return {
        "split": split.name,
        "train": len(split.train),
        "validation": len(split.validation),
        "test": len(split.test),
        "validation_is_test": bool(np.array_equal(split.validation, split.test)),
        "subjects": _shared(samples.subjects, split),
        "clips": _shared(samples.clips, split),
    }


def _shared(groups: Any, split: Split) -> dict[str, int] | None:
    if groups is None:
        return None
    both = np.intersect1d(groups[split.train], groups[split.test])
    return {"shared": len(both), "test_images": int(np.isin(groups[split.test], both).sum())}
