"""A bundle's model, ready to use: face step, embedder and classifier, made anew through the registry.

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

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.components import pipeline, signature
from ferbench.components.discovery import installed
from ferbench.components.pipeline import Component
from ferbench.components.registry import Registry
from ferbench.components.steps import FaceStep
from ferbench.data import Embeddings, Face, Images, Scale, ScoresKind, Strings
from ferbench.errors import ModelError
from ferbench.faces.prepare import check_alignment, crop, eyes_of
from ferbench.interfaces import Classifier, Detector, Embedder
from ferbench.results import bundle
from ferbench.results.bundle import MISSED, Result
from ferbench.running import classifier_file, start_weights
from ferbench.running.class_scores import class_scores
from ferbench.running.embed import embed_all
from ferbench.support.hashing import of_file


class Model:
    """Predicts as a scikit-learn classifier does, from pictures (``predict``) or from face crops (``predict_crops``).

    ``classes_`` are the C class names, in the order of the columns of ``predict_proba``. ``scale`` says what stands in
    them: ``probability`` where the classifier gives probabilities, or ``softmax``: the softmax of an SVM's decision
    values. These order the classes as the SVM does and add up to 1, but they are not calibrated: 0.9 does not mean that
    nine of ten such faces are right. ``name`` says which bundle, split and classifier it is, ``notes`` what a user
    should know. A prediction depends on its picture alone.
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
        self.name, self.notes = name, tuple(notes)
        self.classes_: Strings = np.array(classes, np.str_)
        self.face_step, self.embedder, self.classifier = faces, embedder, classifier
        self.scale: Scale = "probability" if hasattr(classifier, "predict_proba") else "softmax"
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
                fix=f"choose one: --detector NAME, or ferbench.load(..., detector=NAME); there are: {names}",
            )
        found: Detector = self._detector.build()
        check_alignment(self.face_step, found)
        return found

    def predict(self, images: Images | Sequence[Images]) -> Strings:
        """The class name for the largest face of each picture, str [N]; ``"(no face)"`` where there is none.

        That is also where the run's rule for a miss was its "centre": a benchmark has to answer, a user need not.
        ``images`` are uint8 [N, H, W], [N, H, W, 3] (RGB), or a list of [H, W] and [H, W, 3] of any sizes.
        """
        found = [self._largest(image) for image in _each(images)]
        crops = [made for made in found if made is not None]
        labels = iter(self.label(crops)[0])
        return np.array([MISSED if made is None else next(labels) for made in found], np.str_)

    def predict_proba(self, images: Images | Sequence[Images]) -> NDArray[np.float64]:
        """float64 [N, C] in the units of ``scale`` for pictures as ``predict`` takes; NaN where no face is."""
        found = [self._largest(image) for image in _each(images)]
        shares = np.full((len(found), len(self.classes_)), np.nan)
        rows = [row for row, made in enumerate(found) if made is not None]
        shares[rows] = self.label([made for made in found if made is not None])[1]
        return shares

    def predict_crops(self, crops: Images | Sequence[Images]) -> Strings:
        """The class name of each crop, str [N]; no detector runs. ``crops`` are shaped as the images of ``predict``."""
        return self.label([self._whole(image) for image in _each(crops)])[0]

    def predict_proba_crops(self, crops: Images | Sequence[Images]) -> NDArray[np.float64]:
        """float64 [N, C] in the units of ``scale``; no detector runs."""
        return self.label([self._whole(image) for image in _each(crops)])[1]

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
        embeddings: Embeddings = embed_all(self.embedder.embed, np.stack(crops), lambda *_: None)
        scores, kind = class_scores(self.classifier, embeddings, len(self.classes_))
        return self.classes_[self.classifier.predict(embeddings)], _shares(scores, kind)

    def _largest(self, image: Images) -> Images | None:
        faces = self.find(image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2))
        return self.crop(image, max(faces, key=lambda face: face.area)) if faces else None

    def _whole(self, image: Images) -> Images:
        size = self.face_step.size
        gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        if gray.shape == (size, size):
            return np.asarray(gray, np.uint8)
        shrinks = max(gray.shape) > size
        scaled = cv2.resize(gray, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        return np.asarray(scaled, np.uint8)


def load(
    place: Path | str,
    *,
    split: str | None = None,
    classifier: str | None = None,
    detector: str | None = None,
    settings: Mapping[str, Any] | None = None,
    device: str | None = None,
) -> Model:
    """The model that ``ferbench run`` left in the bundle ``place``.

    ``split`` and ``classifier`` choose among several, by default the first. ``detector`` names another one than the
    run's; ``settings`` are its parameters. ``device`` is for every part that computes on one, by default as in the run.
    Raises ``ModelError`` for a bundle without a model, an altered one, or a choice that it does not have;
    ``BundleError``, ``UnknownNameError`` or ``ParameterError``.
    """
    folder, registry = Path(place), installed().registry
    result = bundle.read(folder)
    if not result.stored or not (folder / "model").is_dir():
        raise _without_a_model(folder, result)
    split = _chosen("split", split, list(result.stored), folder)
    label = _chosen("classifier", classifier, list(result.stored[split]), folder)
    fitted, notes = _classifier(folder, result, split, label, registry)
    faces = signature.checked_parameters(FaceStep, result.pipeline["faces"], "section [faces]")
    return Model(
        name=f"{folder.name}, split {split}, {label}",
        classes=result.classes,
        faces=FaceStep(**faces),
        detector=_detector(result, detector, settings or {}, registry, device),
        embedder=embedder(folder, result, split, registry, device),
        classifier=fitted,
        notes=notes,
    )


def embedder(folder: Path, result: Result, split: str, registry: Registry, device: str | None = None) -> Embedder:
    """The embedder of a bundle's split, its weights checked and taken back. Raises ``ModelError`` without weights."""
    part = _part("embedder", result.pipeline["embedder"], registry, device)
    made: Embedder = part.build()
    place = folder / "model" / split
    if (place / start_weights.FILE).exists():
        place = start_weights.find(place, part.entry.name).place
    elif result.curves or not place.is_dir():
        raise _without_a_model(folder, result)
    return made.load(place)


def _classifier(
    folder: Path, result: Result, split: str, label: str, registry: Registry
) -> tuple[Classifier, list[str]]:
    file = bundle.stored_file(folder / "model" / split, label)
    if not file.is_file():
        raise _without_a_model(folder, result)
    if of_file(file) != result.stored[split][label]:
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
    given = {**(own["parameters"] if keeps else {}), **settings}
    return _part("detector", {"name": own["name"] if keeps else name, "parameters": given}, registry, device)


def _part(kind: str, described: Mapping[str, Any], registry: Registry, device: str | None) -> Component:
    """A part as a result describes it, on another ``device`` if told so."""
    given = dict(described["parameters"])
    factory = registry.get(kind, described["name"]).load()
    if device and any(one.name == "device" for one in signature.signature_of(factory, f"{kind} '{described['name']}'")):
        given["device"] = device
    return pipeline.resolve_component(kind, described["name"], registry, given)


def _chosen(what: str, wanted: str | None, known: Sequence[str], folder: Path) -> str:
    if wanted is not None and wanted not in known:
        raise ModelError(f"the model of {folder} has no {what} '{wanted}'", fix=f"it has: {', '.join(known)}")
    return known[0] if wanted is None else wanted


def _without_a_model(folder: Path, result: Result) -> ModelError:
    command = f"ferbench run --pipeline {result.pipeline['name']} --dataset {result.dataset['name']}"
    return ModelError(
        f"{folder} is a bundle without a model: its model/ was not kept, or is from before classifiers were stored",
        fix=f"make one, and give the folder that it prints: {command} --protocol {result.protocol['name']} "
        f"--seed {result.seed}",
    )


def _shares(scores: NDArray[np.float64], kind: ScoresKind) -> NDArray[np.float64]:
    """Probabilities as they are, decision values through a softmax; a class that was not trained on has 0."""
    if kind == "decision":
        scores = np.exp(scores - np.nanmax(scores, axis=1, keepdims=True))
        scores /= np.nansum(scores, axis=1, keepdims=True)
    return np.nan_to_num(scores, nan=0.0)


def _each(images: Images | Sequence[Images]) -> list[Images]:
    """Pictures one by one. Raises ``ValueError`` for what is no picture."""
    if isinstance(images, np.ndarray) and images.ndim == 3 and images.shape[2] == 3:  # else its rows would be pictures
        raise ValueError(f"this is one picture, {list(images.shape)}: give a list of it")
    found = list(images)
    for image in found:
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or not image.size:
            raise ValueError("a picture is a numpy array of uint8 with at least one pixel; images are a list of them")
        if image.ndim not in (2, 3) or image.shape[2:] not in ((), (3,)):
            raise ValueError(f"a picture is [H, W] or [H, W, 3], not {list(image.shape)}")
    return found
