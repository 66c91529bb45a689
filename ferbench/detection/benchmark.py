"""Detectors on scenes with several faces: average precision by WIDER FACE's rules, and the time of an image.

Average precision looks at a detector's weak answers too, so every detector is told to give them (``LENIENT``). Time is
that of ``detect`` alone, in this one process, without reading or drawing the picture; the first picture is looked at
once before the clock runs.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.components import signature
from ferbench.components.pipeline import Component, resolve_component
from ferbench.components.registry import Registry
from ferbench.data import Images, Scenes
from ferbench.detection.average_precision import curve
from ferbench.detection.page import Board, Measured
from ferbench.errors import ParameterError, PluginError, WeightsError
from ferbench.interfaces import Detector, SceneSet
from ferbench.support import data_paths, weights
from ferbench.support.processes import usable_cores
from ferbench.support.progress import Reporter

LENIENT: Mapping[str, float | int] = {"score_threshold": 0.02, "min_neighbors": 1}
"""Values of the parameters by which detectors hold back weak answers; for those that have them and are not told."""
Found = tuple[NDArray[np.float32], NDArray[np.float64]]


def choose_scenes(registry: Registry, name: str | None, data: Path | None) -> str:
    """The scenes to use where none are named: those that read files if there is ``data``, else the generated ones.

    Raises ``ParameterError`` if there are several, or none.
    """
    if name is not None:
        return registry.get("scenes", name).name
    fitting = [entry.name for entry in registry if entry.kind == "scenes" and entry.generated == (data is None)]
    if len(fitting) != 1:
        raise ParameterError(
            f"these scenes may be meant: {', '.join(fitting) or 'none that are installed'}",
            fix="name them with --dataset; see: ferbench list scenes",
        )
    return fitting[0]


def resolve_detector(name: str, registry: Registry, given: Mapping[str, Any]) -> Component:
    """The detector with ``given`` parameters and, where it has them and is not told otherwise, ``LENIENT`` ones."""
    factory = registry.get("detector", name).load()
    has = {parameter.name for parameter in signature.signature_of(factory, f"detector '{name}'")}
    lenient = {key: value for key, value in LENIENT.items() if key in has}
    return resolve_component("detector", name, registry, {**lenient, **given})


def run(
    part: Component,
    data: Path | None,
    registry: Registry,
    detectors: Sequence[str],
    settings: Mapping[str, Mapping[str, Any]],
    reporter: Reporter,
    *,
    limit: int | None = None,
    asked: bool = False,
) -> Board:
    """Scores ``detectors`` on the scenes of ``part``, or on their first ``limit`` pictures.

    One that cannot be loaded, or whose weights are not there, is in the board with the reason. Weights are downloaded
    only if the detectors were ``asked`` for by name. Raises ``DataError`` from the scenes, ``ParameterError`` from a
    detector's parameters.
    """
    with reporter.stage(f"reading {part.entry.name}"):
        source: SceneSet = part.build()
        scenes = data_paths.load(source, part.entry.name, data)
    count = min(limit or len(scenes), len(scenes))
    rows = []
    for name in detectors:
        try:
            detector = _build(name, registry, settings.get(name, {}), asked)
            with reporter.stage(f"{name} on {part.entry.name}"):
                rows.append(_measure(name, detector, scenes, count, reporter))
        except (PluginError, WeightsError) as error:
            reporter.warn(f"{name} was not run: {error.what}; {error.fix}")
            reason = "its weights are missing" if isinstance(error, WeightsError) else "it cannot be loaded"
            rows.append(Measured(name=name, not_run=reason))
    return Board(
        name=part.entry.name,
        distribution=f"{part.entry.distribution} {part.entry.version}".strip(),
        parameters=part.parameters,
        fingerprint=scenes.fingerprint,
        images=count,
        of_images=len(scenes),
        faces=sum(map(len, scenes.boxes[:count])),
        subsets={name: sum(int(one.sum()) for one in rows[:count]) for name, rows in scenes.subsets.items()},
        notes=scenes.notes,
        lenient=dict(LENIENT),
        threads=cv2.getNumThreads(),
        cores=usable_cores(),
        detectors=tuple(sorted(rows, key=_rank)),
    )


def _build(name: str, registry: Registry, given: Mapping[str, Any], asked: bool) -> Detector:
    if asked:
        built: Detector = resolve_detector(name, registry, given).build()
        return built
    with weights.no_downloads():
        built = resolve_detector(name, registry, given).build()
    return built


def _measure(name: str, detector: Detector, scenes: Scenes, count: int, reporter: Reporter) -> Measured:
    found: list[Found] = []
    seconds = np.empty(count)
    for row in range(count):
        image = _colour(scenes.images.read(row))
        if row == 0:
            detector.detect(image)  # what is loaded or compiled on the first call is not part of an image's time
        start = time.perf_counter()
        faces = detector.detect(image)
        seconds[row] = time.perf_counter() - start
        boxes = np.array([face.box for face in faces], np.float32).reshape(-1, 4)
        found.append((boxes, np.array([face.score for face in faces], np.float64)))
        reporter.advance(row + 1, count)
    return Measured(
        name=name,
        fingerprint=detector.fingerprint,
        average_precision={
            subset: curve(found, scenes.boxes[:count], counts[:count]).average_precision
            for subset, counts in scenes.subsets.items()
        },
        images_per_second=float(count / seconds.sum()),
        milliseconds=float(1000 * np.median(seconds)),
    )


def _colour(image: Images) -> Images:
    return image if image.ndim == 3 else np.stack([image] * 3, axis=2)


def _rank(row: Measured) -> tuple[float, str]:
    """Best on the largest subset first, which is the last; those that were not run at the end."""
    if row.average_precision is None:
        return (2.0, row.name)
    return (-(list(row.average_precision.values())[-1] or 0.0), row.name)
