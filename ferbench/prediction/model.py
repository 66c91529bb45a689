"""A bundle's model, ready to use: face step, embedder and classifier, made through the registry.

    model = ferbench.load("runs/.../seed0-1234abcd")
    model.predict([photo])              # -> array(['happy'])
    model.predict_proba([photo])        # -> float64 [1, C], a column for each of model.classes_

What was fitted is read from ``model/<split>/`` without pickle, and each file's SHA-256 is checked first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.bundles import bundle
from ferbench.bundles.bundle import MISSED, Result
from ferbench.components import signature
from ferbench.components.discovery import installed
from ferbench.components.pipeline import Component
from ferbench.components.registry import Registry
from ferbench.components.steps import FaceStep
from ferbench.data import Face, Images, Scale, ScoresKind, Strings
from ferbench.errors import ModelError
from ferbench.faces.prepare import check_alignment, crop, eyes_of
from ferbench.interfaces import Classifier, Detector, Embedder
from ferbench.media.images import as_rgb
from ferbench.running import classifier_file
from ferbench.running.class_scores import class_scores, classifier_inputs, scores_kind, takes_class_scores
from ferbench.running.kept_model import kept_component, read_embedder, without_model
from ferbench.support.hashing import hash_file


class Model:
    """Predicts as a scikit-learn classifier does, from pictures (``predict``) or from face crops (``label``).

    ``classes_`` are the C class names, in the order of the columns of ``predict_proba``. ``scale`` says what these
    columns are: ``probability`` where the classifier gives probabilities, or ``softmax``: the softmax of an SVM's
    decision values. These order the classes as the SVM does and add up to 1, but they are not calibrated: 0.9 does not
    mean that nine of ten such faces are right. ``name`` says which bundle, split and classifier it is, ``notes`` what a
    user should know. A prediction depends on its picture alone.
    """

    def __init__(
        self,
        *,
        name: str,
        classes: Sequence[str],
        faces: FaceStep,
        detector: Component | None,
        embedder: Embedder,
        classifier: Classifier,
        notes: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.notes = tuple(notes)
        self.classes_: Strings = np.array(classes, np.str_)
        self.face_step = faces
        self.embedder = embedder
        self.classifier = classifier
        self.scale: Scale = "probability" if scores_kind(classifier, embedder) == "probability" else "softmax"
        self._detector = detector

    @cached_property
    def detector(self) -> Detector:
        """The detector, built when it is first needed. Raises its own errors, ``ModelError`` if there is none.

        ``ParameterError`` if the pipeline aligns faces and this detector gives no landmarks.
        """
        if self._detector is None:
            names = ", ".join(entry.name for entry in installed().registry if entry.kind == "detector")
            raise ModelError(
                f"{self.name} was made from face crops that the dataset ships, so it names no detector",
                fix=f"choose one: --detector NAME, or ferbench.load(..., detector=NAME); available: {names}",
            )
        detector: Detector = self._detector.build()
        check_alignment(self.face_step, detector)
        return detector

    def prepare(self) -> None:
        """Builds the detector now, so that what is wrong with it is reported before any picture is read."""
        _ = self.detector

    def predict(self, images: Images | Sequence[Images]) -> Strings:
        """The class name for the largest face of each picture, str [N]; ``"(no face)"`` where there is none.

        That holds also where the run's rule for a miss was "centre": a benchmark has to answer, a user need not.
        ``images`` are uint8 [N, H, W], [N, H, W, 3] (RGB), or a list of [H, W] and [H, W, 3] of any sizes.
        """
        crops = [self._largest(image) for image in _each(images)]
        labels = iter(self.label([crop for crop in crops if crop is not None])[0])
        return np.array([MISSED if crop is None else next(labels) for crop in crops], np.str_)

    def predict_proba(self, images: Images | Sequence[Images]) -> NDArray[np.float64]:
        """float64 [N, C] in the units of ``scale`` for pictures as ``predict`` takes; NaN where there is no face."""
        crops = [self._largest(image) for image in _each(images)]
        rows = [row for row, crop in enumerate(crops) if crop is not None]
        shares = np.full((len(crops), len(self.classes_)), np.nan)
        shares[rows] = self.label([crop for crop in crops if crop is not None])[1]
        return shares

    def find(self, image: Images) -> list[Face]:
        """The faces in RGB uint8 [H, W, 3], by the detector, best score first."""
        return self.detector.detect(image)

    def crop(self, image: Images, face: Face) -> Images:
        """The crop uint8 [S, S] that the pipeline's face step makes of ``face``."""
        return crop(image, face.box, self.face_step, eyes_of(face, self.face_step))

    def label(self, crops: Sequence[Images]) -> tuple[Strings, NDArray[np.float64]]:
        """Class names, str [M], and shares, float64 [M, C] in the units of ``scale``, of crops uint8 [S, S]."""
        if not len(crops):
            return np.empty(0, np.str_), np.empty((0, len(self.classes_)))
        classes = len(self.classes_)
        inputs = classifier_inputs([self.classifier], self.embedder, np.stack(crops), classes, lambda *_: None)
        rows = inputs[takes_class_scores(self.classifier)]
        shares = _shares(class_scores(self.classifier, rows, classes), scores_kind(self.classifier, self.embedder))
        return self.classes_[self.classifier.predict(rows)], shares

    def _largest(self, image: Images) -> Images | None:
        rgb = as_rgb(image)
        faces = self.find(rgb)
        return self.crop(rgb, max(faces, key=lambda face: face.area)) if faces else None


def load(
    folder: Path | str,
    *,
    split: str | None = None,
    classifier: str | None = None,
    detector: str | None = None,
    settings: Mapping[str, Any] | None = None,
    device: str | None = None,
) -> Model:
    """The model that ``ferbench run`` left in the bundle ``folder``.

    ``split`` and ``classifier`` choose among several, by default the first. ``detector`` names another one than the
    run's; ``settings`` are its parameters. ``device`` is for every component that computes on one, by default the
    run's. Raises ``ModelError`` for a bundle without a model, an altered one, or a choice that it does not have;
    ``BundleError``, ``UnknownNameError`` or ``ParameterError``.
    """
    folder = Path(folder)
    registry = installed().registry
    result = bundle.read(folder)
    if not result.stored or not (folder / "model").is_dir():
        raise without_model(folder, result)
    split = _chosen("split", split, list(result.stored), folder)
    label = _chosen("classifier", classifier, list(result.stored[split]), folder)
    fitted, notes = _classifier(folder, result, split, label, registry)
    faces = signature.checked_parameters(FaceStep, result.pipeline["faces"], "section [faces]")
    return Model(
        name=f"{folder.name}, split {split}, {label}",
        classes=result.classes,
        faces=FaceStep(**faces),
        detector=_detector(result, detector, settings or {}, registry, device),
        embedder=read_embedder(folder, result, split, registry, device),
        classifier=fitted,
        notes=notes,
    )


def _classifier(
    folder: Path, result: Result, split: str, label: str, registry: Registry
) -> tuple[Classifier, list[str]]:
    file = bundle.stored_file(folder / "model" / split, label)
    if not file.is_file():
        raise without_model(folder, result)
    if hash_file(file) != result.stored[split][label]:
        raise ModelError(
            f"{file} is not the classifier that result.json names by its SHA-256",
            fix="restore the file that ferbench wrote, or run it again",
        )
    entry = registry.get("classifier", result.pipeline["classifiers"][label]["name"])
    entry.load()  # a plugin may have to prepare for its own types
    return classifier_file.read(file, entry)


def _detector(
    result: Result, name: str | None, settings: Mapping[str, Any], registry: Registry, device: str | None
) -> Component | None:
    """The run's detector, or another one, with ``settings`` changed; checked, but not built."""
    own = result.pipeline["detector"]
    if name is None and own is None:
        return None
    keeps = own is not None and name in (None, own["name"])
    described = {
        "name": own["name"] if keeps else name,
        "parameters": {**(own["parameters"] if keeps else {}), **settings},
    }
    return kept_component("detector", described, registry, device)


def _chosen(what: str, wanted: str | None, available: Sequence[str], folder: Path) -> str:
    if wanted is not None and wanted not in available:
        raise ModelError(f"the model of {folder} has no {what} '{wanted}'", fix=f"it has: {', '.join(available)}")
    return available[0] if wanted is None else wanted


def _shares(scores: NDArray[np.float64], kind: ScoresKind) -> NDArray[np.float64]:
    """Probabilities as they are, decision values through a softmax; a class that was not trained on has 0."""
    if kind == "decision":
        scores = np.exp(scores - np.nanmax(scores, axis=1, keepdims=True))
        scores /= np.nansum(scores, axis=1, keepdims=True)
    return np.nan_to_num(scores, nan=0.0)


def _each(images: Images | Sequence[Images]) -> list[Images]:
    """Pictures one by one. Raises ``ValueError`` for what is not a picture."""
    if isinstance(images, np.ndarray) and images.ndim == 3 and images.shape[2] == 3:  # else its rows would be pictures
        raise ValueError(f"this is one picture, {list(images.shape)}: give a list of it")
    pictures = list(images)
    for picture in pictures:
        if not isinstance(picture, np.ndarray) or picture.dtype != np.uint8 or not picture.size:
            raise ValueError("a picture is a numpy array of uint8 with at least one pixel; images are a list of them")
        if picture.ndim not in (2, 3) or picture.shape[2:] not in ((), (3,)):
            raise ValueError(f"a picture is [H, W] or [H, W, 3], not {list(picture.shape)}")
    return pictures
