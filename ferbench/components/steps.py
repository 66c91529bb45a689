"""The settings of a run's own steps: the sections [faces] and [monitor] of a pipeline file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Le


@dataclass(frozen=True)
class FaceStep:
    """Parameters of the face step.

    Args:
        size: side of the gray crop in pixels (Haider et al. 2023, Section 4.2: 48).
        margin: added on each side of the box, as a share of its longer side.
        shipped: use the crops or face boxes that a dataset ships, if it does; ``false`` runs the detector all the same.
        align: turn the face about its box's centre so that the eyes are level, for detectors that give landmarks; with
            another detector, or with what the dataset ships, it is an error before the first image.
        missed: what a test image without a face is: an "error", whatever the classifier would predict, or predicted
            from its "centre" like any other. It is counted, and trained on from its centre, in both cases.
    """

    size: Annotated[int, Ge(8), Le(1024)] = 48
    margin: Annotated[float, Ge(0), Le(2)] = 0.0
    shipped: bool = True
    align: bool = False
    missed: Literal["error", "centre"] = "error"


@dataclass(frozen=True)
class EpochScoring:
    """How often the epochs are scored, and by which classifiers.

    Args:
        every: epochs between two scores; the last epoch is always scored.
        classifiers: labels of those fitted at a scored epoch, so that slow ones need not be; by default all. The
            first classifier of the pipeline, whose accuracy chooses the epoch, is always among them.
    """

    every: Annotated[int, Ge(1)] = 1
    classifiers: list[str] | None = None

    def scored(self, labels: Sequence[str]) -> list[str]:
        """Of a pipeline's classifiers ``labels``, in their order, those fitted at a scored epoch."""
        wanted = labels if self.classifiers is None else [*labels[:1], *self.classifiers]
        return [label for label in labels if label in wanted]
