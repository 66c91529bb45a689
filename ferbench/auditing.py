"""Audits a dataset under a protocol without a run: loads it, makes crops, compares the sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ferbench import places
from ferbench.audit import Audit
from ferbench.data import Face, Images, Samples
from ferbench.faces import Crops, FaceStep, prepare
from ferbench.interfaces import EvaluationProtocol
from ferbench.pipeline import Part
from ferbench.progress import Reporter
from ferbench.run import audited


class WholeImage:
    """A detector for images without known faces: an audit compares them whole, and needs no weights for it."""

    fingerprint = "audit: whole image"

    def detect(self, image: Images) -> list[Face]:
        """One face: the image."""
        height, width = image.shape[:2]
        return [Face((0.0, 0.0, float(width), float(height)), 1.0)]


@dataclass(frozen=True)
class Audited:
    """A dataset's samples, their crops, and the audit of each split."""

    samples: Samples
    crops: Crops
    audits: list[Audit]


def audit_dataset(source: Part, rule: Part, data: Path | None, seed: int, reporter: Reporter) -> Audited:
    """Raises the errors of the dataset (``DataError``) and of the protocol (``SplitError``)."""
    with reporter.stage("reading"):
        samples = places.load(source.build(), source.entry.name, data)
    protocol: EvaluationProtocol = rule.build()
    splits = protocol.splits(samples, seed)
    detector: Callable[[], WholeImage] = WholeImage
    with reporter.stage("faces"):
        crops = prepare(samples, detector, FaceStep(), progress=reporter.advance)
    return Audited(samples, crops, audited(splits, samples, crops, protocol, reporter))
