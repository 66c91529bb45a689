"""The audit of a run's splits, the scores without what it found, and the audit of a dataset without a run."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferbench.bundles import leak_list
from ferbench.bundles.scores import LeakFree, score_leak_free
from ferbench.components.pipeline import Component
from ferbench.components.steps import FaceStep
from ferbench.data import Face, Images, Predictions, Samples, Split
from ferbench.faces.prepare import Crops, prepare
from ferbench.interfaces import EvaluationProtocol
from ferbench.leakage.audit import KINDS, Audit, audit
from ferbench.leakage.duplicates import prints
from ferbench.support import data_paths
from ferbench.support.progress import Reporter


def audited(
    splits: Sequence[Split], samples: Samples, crops: Crops, protocol: EvaluationProtocol, reporter: Reporter
) -> list[Audit]:
    """What the sides of each split share, by the samples' groups and the crops' pixels."""
    with reporter.stage("audit: hashing"):
        known = prints(crops.images, reporter.advance, crops.folder)
    with reporter.stage("audit: comparing"):
        return [
            audit(
                split,
                samples,
                crops.images,
                known,
                protocol.selection,
                _steps(reporter, number, len(splits)),
            )
            for number, split in enumerate(splits)
        ]


def _steps(reporter: Reporter, number: int, of: int) -> Callable[[int, int], None]:
    """The progress of comparing split ``number`` of ``of``."""
    return lambda done, total: reporter.advance(number * total + done, of * total, "steps")


def leaks_text(audits: Sequence[Audit], samples: Samples) -> str:
    """The text of ``leaks.csv``: test sample, split, what it shares (such as "near+subject"), and with whom."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(leak_list.COLUMNS)
    for one in audits:
        shares: dict[int, dict[str, int]] = {row: {} for row in one.leaks.tolist()}
        for kind in KINDS:
            for pair in one.between:
                found = pair.findings[kind]
                if found and pair.later == "test" and pair.earlier in one.seen:
                    for row, partner in zip(found.rows.tolist(), found.partners.tolist(), strict=True):
                        shares[row].setdefault(kind, partner)
        for row, kinds in shares.items():
            partner = next(iter(kinds.values()))
            writer.writerow([samples.ids[row], one.split.name, "+".join(kinds), samples.ids[partner]])
    return buffer.getvalue()


def leak_free(predictions: dict[str, Predictions], listed: str, file: Path) -> dict[str, LeakFree]:
    """Each classifier's accuracy without the test images that ``listed``, the text of ``leaks.csv``, names.

    ``file`` is where the list will be kept, for errors.
    """
    return {label: score_leak_free(one, leak_list.mask(listed, one, str(file))) for label, one in predictions.items()}


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


def audit_dataset(source: Component, rule: Component, data: Path | None, seed: int, reporter: Reporter) -> Audited:
    """Raises the errors of the dataset (``DataError``) and of the protocol (``SplitError``)."""
    with reporter.stage("reading"):
        samples = data_paths.load(source.build(), source.entry.name, data)
    protocol: EvaluationProtocol = rule.build()
    splits = protocol.splits(samples, seed)
    detector: Callable[[], WholeImage] = WholeImage
    with reporter.stage("faces"):
        crops = prepare(samples, detector, FaceStep(), progress=reporter.advance)
    return Audited(samples, crops, audited(splits, samples, crops, protocol, reporter))
