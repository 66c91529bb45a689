"""The audit of a run's splits and its list of leaks, and the audit of a dataset without a run."""

from collections.abc import Sequence
from pathlib import Path

from ferbench.bundles.leak_list import Leak
from ferbench.components.pipeline import Component
from ferbench.components.steps import FaceStep
from ferbench.data import Face, Images, Samples, Split
from ferbench.faces.prepare import Crops, prepare
from ferbench.interfaces import EvaluationProtocol
from ferbench.leakage.audit import KINDS, Audit, audit, piece
from ferbench.leakage.duplicates import prints
from ferbench.support import data_paths
from ferbench.support.progress import Reporter


def audit_splits(
    splits: Sequence[Split], samples: Samples, crops: Crops, protocol: EvaluationProtocol, reporter: Reporter
) -> list[Audit]:
    """What the sides of each split share, by the samples' groups and the crops' pixels."""
    with reporter.stage("audit: hashing"):
        hashed = prints(crops.images, reporter.advance, crops.folder)
    audits = []
    with reporter.stage("audit: comparing"):
        for number, split in enumerate(splits):
            steps = piece(lambda done, total: reporter.advance(done, total, "steps"), number, len(splits))
            audits.append(audit(split, samples, crops.images, hashed, protocol.selection, steps))
    return audits


def leaks(audits: Sequence[Audit], samples: Samples) -> list[Leak]:
    """Each leak: the test sample, its split, what it shares (such as "near+subject"), and with which sample."""
    listed: list[Leak] = []
    for audited_split in audits:
        shares: dict[int, dict[str, int]] = {row: {} for row in audited_split.leaks.tolist()}
        for kind in KINDS:
            for pair in audited_split.between:
                finding = pair.findings[kind]
                if finding and pair.later == "test" and pair.earlier in audited_split.seen:
                    for row, partner in zip(finding.rows.tolist(), finding.partners.tolist(), strict=True):
                        shares[row].setdefault(kind, partner)
        for row, kinds in shares.items():
            partner = next(iter(kinds.values()))
            listed.append((str(samples.ids[row]), audited_split.split.name, "+".join(kinds), str(samples.ids[partner])))
    return listed


class FullImage:
    """A detector for images without known faces: an audit compares whole images, which needs no weights."""

    fingerprint = "audit: whole image"

    def detect(self, image: Images) -> list[Face]:
        """One face: the image."""
        height, width = image.shape[:2]
        return [Face((0.0, 0.0, float(width), float(height)), 1.0)]


def audit_dataset(
    source: Component, rule: Component, data: Path | None, seed: int, reporter: Reporter
) -> tuple[Samples, Crops, list[Audit]]:
    """The samples and crops of dataset ``source``, and the audit of each split that protocol ``rule`` gives.

    Raises ``DataError`` and ``SplitError``.
    """
    with reporter.stage("reading"):
        samples = data_paths.load(source.build(), source.entry.name, data)
    protocol: EvaluationProtocol = rule.build()
    splits = protocol.splits(samples, seed)
    with reporter.stage("faces"):
        crops = prepare(samples, FullImage, FaceStep(), progress=reporter.advance)
    return samples, crops, audit_splits(splits, samples, crops, protocol, reporter)
