"""t-SNE of a result's test embeddings, as points or as the faces themselves (Haider et al. 2023, Figure 2)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from numpy.typing import NDArray
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from ferbench.bundles import bundle
from ferbench.bundles.bundle import Result
from ferbench.components.pipeline import resolve_component
from ferbench.components.registry import Registry
from ferbench.components.steps import FaceStep
from ferbench.data import Embeddings, Images, Labels
from ferbench.errors import FigureError
from ferbench.faces.prepare import Rows, prepare
from ferbench.figures import style
from ferbench.running.embed import embed_all
from ferbench.running.kept_model import read_embedder
from ferbench.support.colours import COLOURS
from ferbench.support.progress import Reporter


@dataclass(frozen=True)
class Embedded:
    """Test images of a result: crops uint8 [M, S, S], labels int64 [M], and where t-SNE puts them, float32 [M, 2]."""

    crops: Images
    labels: Labels
    places: NDArray[np.float32]


def embedded(
    folder: Path, result: Result, data: Path | None, registry: Registry, reporter: Reporter, *, limit: int
) -> Embedded:
    """Embeds the test images of the result's first split anew, with the weights it kept and its own face step.

    Of more than ``limit`` images a random choice, always the same. Raises ``ModelError`` where the bundle has no
    weights, ``FigureError`` where the dataset is not the one it was made from.
    """
    split = str(result.splits[0]["split"])
    embedder = read_embedder(folder, result, split, registry)
    described = result.dataset
    with reporter.stage(f"reading {described['name']}"):
        samples = resolve_component("dataset", described["name"], registry, described["parameters"]).build().load(data)
    if samples.fingerprint != result.dataset["fingerprint"]:
        raise FigureError(
            f"what was read is not the {described['name']} that {folder} was made from: other content",
            fix="give the same files: --data PATH",
        )
    predictions = bundle.predictions(folder, result, result.main_classifier)
    ids = predictions.ids[predictions.splits == split]
    if len(ids) > limit:
        ids = np.random.default_rng(0).choice(ids, limit, replace=False)
    order = np.argsort(samples.ids)
    rows = np.sort(order[np.searchsorted(samples.ids, ids, sorter=order)])
    with reporter.stage("faces"):
        crops = prepare(
            samples, _detector(result, registry), FaceStep(**result.pipeline["faces"]), progress=reporter.advance
        )
    images = Rows(crops.images, rows)
    with reporter.stage("embedding"):
        embeddings = embed_all(embedder.embed, images, reporter.advance)
    with reporter.stage("t-SNE"):
        places = project(embeddings)
    return Embedded(images[:], samples.labels[rows], places)


def project(embeddings: Embeddings) -> NDArray[np.float32]:
    """t-SNE (van der Maaten and Hinton 2008) of embeddings [M, D] to float32 [M, 2]; the same each time."""
    if len(embeddings) < 4:
        raise FigureError(f"{len(embeddings)} test images are too few for t-SNE", fix="give a result with more of them")
    perplexity = min(30.0, (len(embeddings) - 1) / 3)
    method = TSNE(2, perplexity=perplexity, init="pca", random_state=0)
    with threadpool_limits(1):  # sums in one order, so the same places; and no threads that spin on a busy machine
        places: NDArray[np.float32] = method.fit_transform(embeddings)
    return places


def draw(result: Result, shown: Embedded, *, thumbnails: bool) -> Figure:
    """One panel: a point an image, coloured and shaped by its true class; or its crop in a frame of that colour."""
    figure = Figure(figsize=(1.6 * style.PANEL, 1.6 * style.PANEL), layout="constrained")
    panel = figure.subplots()
    for code, name in enumerate(result.classes):
        mine = shown.places[shown.labels == code]
        colour = COLOURS[code % len(COLOURS)]
        panel.scatter(
            mine[:, 0],
            mine[:, 1],
            s=6 if thumbnails else 14,
            marker=style.MARKERS[code % len(style.MARKERS)],
            color=colour,
            linewidths=0,
            alpha=0.8,
            label=name,
        )
    if thumbnails:
        for row in _apart(shown.places):
            colour = COLOURS[int(shown.labels[row]) % len(COLOURS)]
            picture = OffsetImage(shown.crops[row], cmap="gray", zoom=22 / shown.crops.shape[1])
            frame = {"edgecolor": colour, "linewidth": 1.4, "boxstyle": "square,pad=0"}
            panel.add_artist(AnnotationBbox(picture, tuple(shown.places[row].tolist()), pad=0, bboxprops=frame))
    panel.set_aspect("equal", "datalim")
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(True)
    panel.set_title(f"{style.title(result)}: t-SNE of {len(shown.labels):,} test images")
    figure.legend(loc="outside lower center", ncols=4, markerscale=1.6)
    return figure


def _apart(places: NDArray[np.float32], across: int = 13) -> list[int]:
    """Rows whose pictures do not cover each other: at most one in each of ``across`` times ``across`` fields."""
    low, high = places.min(axis=0), places.max(axis=0)
    fields = np.floor((places - low) / np.maximum((high - low).max(), 1e-9) * across * 0.999).astype(int)
    _, rows = np.unique(fields, axis=0, return_index=True)
    chosen: list[int] = []
    gap = float((high - low).max()) / across
    for row in rows.tolist():
        if all(np.abs(places[row] - places[other]).max() >= gap for other in chosen):
            chosen.append(row)
    return chosen


def _detector(result: Result, registry: Registry) -> Any:
    """What builds the run's detector; a run on shipped crops had none, and none is asked for."""
    part = result.pipeline["detector"]
    return resolve_component("detector", part["name"], registry, part["parameters"]).build if part else None
