"""t-SNE of a result's test embeddings, as points or as the faces themselves (Haider et al. 2023, Figure 2)."""

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
from ferbench.components.registry import Registry
from ferbench.components.steps import FaceStep
from ferbench.data import Embeddings, Images, Labels
from ferbench.errors import FigureError
from ferbench.faces.prepare import Rows, prepare
from ferbench.figures import style
from ferbench.running.embed import embed_all
from ferbench.running.kept_model import kept_component, read_embedder
from ferbench.support import data_paths
from ferbench.support.colours import COLOURS
from ferbench.support.progress import Reporter

FIELDS = 13
"""Pictures across the panel, at most."""


@dataclass(frozen=True)
class Embedded:
    """Test images of a result: crops uint8 [M, S, S], labels int64 [M], and t-SNE's ``positions`` float32 [M, 2]."""

    crops: Images
    labels: Labels
    positions: NDArray[np.float32]


def embedded(
    folder: Path, result: Result, data: Path | None, registry: Registry, reporter: Reporter, *, limit: int
) -> Embedded:
    """Embeds the test images of the result's first split again, with the weights it kept and its own face step.

    Of more than ``limit`` images it takes a random choice, always the same. Raises ``ModelError`` where the bundle has
    no weights, ``FigureError`` where the dataset is not the one it was made from.
    """
    split = str(result.splits[0]["split"])
    embedder = read_embedder(folder, result, split, registry)
    name = result.dataset["name"]
    with reporter.stage(f"reading {name}"):
        samples = data_paths.load(kept_component("dataset", result.dataset, registry).build(), name, data)
    if samples.fingerprint != result.dataset["fingerprint"]:
        raise FigureError(
            f"this copy of {name} differs from the one used for {folder}",
            fix="give the files that were used then: --data PATH",
        )
    predictions = bundle.predictions(folder, result, result.main_classifier)
    ids = predictions.ids[predictions.splits == split]
    if len(ids) > limit:
        ids = np.random.default_rng(0).choice(ids, limit, replace=False)
    rows = np.flatnonzero(np.isin(samples.ids, ids))
    facts = result.pipeline["detector"]
    detector: Any = facts and kept_component("detector", facts, registry).build  # none for shipped crops
    with reporter.stage("faces"):
        crops = prepare(samples, detector, FaceStep(**result.pipeline["faces"]), progress=reporter.advance)
    images = Rows(crops.images, rows)
    with reporter.stage("embedding"):
        embeddings = embed_all(embedder.embed, images, reporter.advance)
    with reporter.stage("t-SNE"):
        positions = project(embeddings)
    return Embedded(images[:], samples.labels[rows], positions)


def project(embeddings: Embeddings) -> NDArray[np.float32]:
    """t-SNE (van der Maaten and Hinton 2008) of embeddings [M, D] to float32 [M, 2]; the same each time."""
    if len(embeddings) < 4:
        raise FigureError(f"{len(embeddings)} test images are too few for t-SNE", fix="give a result with more of them")
    perplexity = min(30.0, (len(embeddings) - 1) / 3)
    method = TSNE(2, perplexity=perplexity, init="pca", random_state=0)
    with threadpool_limits(1):  # one order of summation, so the same positions; and no threads that spin
        positions: NDArray[np.float32] = method.fit_transform(embeddings)
    return positions


def draw(result: Result, shown: Embedded, *, thumbnails: bool) -> Figure:
    """One panel: a point per image, coloured and shaped by its true class; or its crop in a frame of that colour."""
    figure = Figure(figsize=(1.6 * style.PANEL, 1.6 * style.PANEL), layout="constrained")
    panel = figure.subplots()
    for code, name in enumerate(result.classes):
        mine = shown.positions[shown.labels == code]
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
        for row in _not_overlapping(shown.positions):
            colour = COLOURS[int(shown.labels[row]) % len(COLOURS)]
            picture = OffsetImage(shown.crops[row], cmap="gray", zoom=22 / shown.crops.shape[1])
            frame = {"edgecolor": colour, "linewidth": 1.4, "boxstyle": "square,pad=0"}
            panel.add_artist(AnnotationBbox(picture, tuple(shown.positions[row].tolist()), pad=0, bboxprops=frame))
    panel.set_aspect("equal", "datalim")
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(True)
    panel.set_title(f"{style.title(result)}: t-SNE of {len(shown.labels):,} test images")
    figure.legend(loc="outside lower center", ncols=4, markerscale=1.6)
    return figure


def _not_overlapping(positions: NDArray[np.float32]) -> list[int]:
    """Rows whose pictures do not cover each other: at most one in each of ``FIELDS`` times ``FIELDS`` fields."""
    low = positions.min(axis=0)
    width = float((positions.max(axis=0) - low).max())
    fields = np.floor((positions - low) / max(width, 1e-9) * FIELDS * 0.999).astype(int)
    _, rows = np.unique(fields, axis=0, return_index=True)
    chosen: list[int] = []
    gap = width / FIELDS
    for row in rows.tolist():
        if all(np.abs(positions[row] - positions[other]).max() >= gap for other in chosen):
            chosen.append(row)
    return chosen
