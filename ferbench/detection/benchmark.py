"""Detectors on scenes with several faces: average precision by WIDER FACE's rules, and the time per image.

Average precision looks at a detector's weak answers too, so every detector is asked for them (its ``lenient``
parameters). Time is that of ``detect`` alone, in this one process, without reading or drawing the picture; the first
picture is looked at once before the clock runs.
"""

import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.components.pipeline import Component, resolve_component
from ferbench.components.registry import Registry
from ferbench.data import Scenes
from ferbench.detection.average_precision import curve
from ferbench.detection.page import Board, Measured
from ferbench.errors import ParameterError, PluginError, WeightsError
from ferbench.interfaces import Detector, SceneSet
from ferbench.media.images import as_rgb
from ferbench.support import data_paths, weights
from ferbench.support.processes import usable_cores
from ferbench.support.progress import Reporter


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
            fix="name them with --scenes; see: ferbench list scenes",
        )
    return fitting[0]


def resolve_detector(name: str, registry: Registry, settings: Mapping[str, Any]) -> Component:
    """The detector with these ``settings``, and its ``lenient`` parameters where they do not say otherwise."""
    lenient = getattr(registry.get("detector", name).load(), "lenient", {})
    return resolve_component("detector", name, registry, {**lenient, **settings})


def run(
    component: Component,
    data: Path | None,
    detectors: Mapping[str, Mapping[str, Any]],
    registry: Registry,
    reporter: Reporter,
    *,
    limit: int | None = None,
    download: bool = False,
) -> Board:
    """Scores ``detectors`` (name -> settings) on the scenes of ``component``, or on their first ``limit`` pictures.

    One that cannot be loaded, or whose weights are missing (and not to be downloaded, without ``download``), is in the
    board with the reason. Raises ``DataError`` from the scenes, ``ParameterError`` from a detector's parameters.
    """
    with reporter.stage(f"reading {component.entry.name}"):
        source: SceneSet = component.build()
        scenes = data_paths.load(source, component.entry.name, data)
    count = min(limit or len(scenes), len(scenes))
    rows = []
    for name, settings in detectors.items():
        try:
            with nullcontext() if download else weights.no_downloads():
                detector: Detector = resolve_detector(name, registry, settings).build()
            with reporter.stage(f"{name} on {component.entry.name}"):
                rows.append(_measure(name, detector, scenes, count, reporter))
        except (PluginError, WeightsError) as error:
            reporter.warn(f"{name} was not run: {error.what}; {error.fix}")
            reason = "its weights are missing" if isinstance(error, WeightsError) else "it cannot be loaded"
            rows.append(Measured(name=name, not_run=reason))
    return Board(
        name=component.entry.name,
        distribution=f"{component.entry.distribution} {component.entry.version}".strip(),
        parameters=component.parameters,
        fingerprint=scenes.fingerprint,
        images=count,
        of_images=len(scenes),
        faces=sum(map(len, scenes.boxes[:count])),
        subsets={name: sum(int(faces.sum()) for faces in counts[:count]) for name, counts in scenes.subsets.items()},
        notes=scenes.notes,
        threads=cv2.getNumThreads(),
        cores=usable_cores(),
        detectors=tuple(sorted(rows, key=_rank)),
    )


def _measure(name: str, detector: Detector, scenes: Scenes, count: int, reporter: Reporter) -> Measured:
    detections: list[tuple[NDArray[np.float32], NDArray[np.float64]]] = []  # boxes [D, 4] and scores [D] per picture
    seconds = np.empty(count)
    for row in range(count):
        image = as_rgb(scenes.images.read(row))
        if row == 0:
            detector.detect(image)  # what is loaded or compiled on the first call is not part of an image's time
        start = time.perf_counter()
        faces = detector.detect(image)
        seconds[row] = time.perf_counter() - start
        boxes = np.array([face.box for face in faces], np.float32).reshape(-1, 4)
        detections.append((boxes, np.array([face.score for face in faces], np.float64)))
        reporter.advance(row + 1, count)
    return Measured(
        name=name,
        fingerprint=detector.fingerprint,
        average_precision={
            subset: curve(detections, scenes.boxes[:count], counts[:count]).average_precision
            for subset, counts in scenes.subsets.items()
        },
        images_per_second=float(count / seconds.sum()),
        milliseconds=float(1000 * np.median(seconds)),
    )


def _rank(row: Measured) -> tuple[float, str]:
    """Best on the largest subset first, which is the last; those that were not run at the end."""
    if row.average_precision is None:
        return (2.0, row.name)
    return (-(list(row.average_precision.values())[-1] or 0.0), row.name)
