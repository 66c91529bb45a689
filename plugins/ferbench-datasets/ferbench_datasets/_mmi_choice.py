"""The chosen frames of many videos: kept in the user's cache, so that a video is gone through once, with progress.

One small file per video, written when the video is done: stopped work continues there. A file is found by
all that the choice depends on: the video's content, the view, the extractor and its parameters, the decoder.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, cast

import av
import cv2
import numpy as np
from platformdirs import user_cache_path

from ferbench.errors import DataError
from ferbench.media import View, video_pictures
from ferbench.support import Reporter, digest, write_json
from ferbench_datasets._archives import FolderTree, Tree, reading
from ferbench_datasets._problems import Problems
from ferbench_datasets._sources import MMI
from ferbench_datasets.frames import VERSION, Chosen, FrameExtractor, NothingToChooseError

MAX_FILE = 8 << 30
MAX_MEMBER = 256 << 20
"""A video in an archive is read into memory, as decoding has to move about in it."""


@contextmanager
def opened(tree: Tree, name: str) -> Iterator[IO[bytes]]:
    """A video as a file that can be read at any place. Raises ``DataError``."""
    if isinstance(tree, FolderTree):
        with tree.open(name, limit=MAX_FILE, fix=MMI.fix) as file:
            yield file
    else:
        with tree.open(name, limit=MAX_MEMBER, fix=f"unpack the archive; or {MMI.fix}") as file:
            with reading(tree.where(name), fix=MMI.fix):
                held = io.BytesIO(file.read())
            yield held


def choose(
    tree: Tree, videos: Sequence[tuple[str, View, int]], extractor: FrameExtractor, problems: Problems
) -> tuple[list[Chosen | str | None], list[str]]:
    """For each video (name, view, size in bytes) its chosen frames, or why there are none in words; and its SHA-256.

    ``None`` stands for a video that cannot be read; it is in ``problems``. Progress is shown where there is work.
    """
    hashes = []
    for name, _, _ in videos:
        try:
            with opened(tree, name) as file, reading(tree.where(name), fix=MMI.fix):
                hashes.append(hashlib.file_digest(cast(io.BytesIO, file), "sha256").hexdigest())
        except DataError as error:
            problems.add(name, error.what.removeprefix(tree.where(name)).strip())
            hashes.append("")
    places = [_place(content, view, extractor) for content, (_, view, _) in zip(hashes, videos, strict=True)]
    found = [_known(place) if content else None for place, content in zip(places, hashes, strict=True)]
    todo = [row for row, one in enumerate(found) if one is None and hashes[row]]
    reporter = Reporter()
    total, done = sum(videos[row][2] for row in todo), 0
    with reporter.stage(f"choosing frames of {len(todo):,} videos") if todo else nullcontext():
        for row in todo:
            name, view, size = videos[row]
            try:
                found[row] = _chosen(tree, name, view, extractor)
                write_json(places[row], _plain(found[row]))
            except DataError as error:
                problems.add(name, error.what.removeprefix(tree.where(name)).strip())
            done += size
            reporter.advance(done // 1024, total // 1024, "kB")
    return found, hashes


def _chosen(tree: Tree, name: str, view: View, extractor: FrameExtractor) -> Chosen | str:
    with opened(tree, name) as file, closing(video_pictures(file, tree.where(name), view)) as stream:
        try:
            return extractor.extract(stream)
        except NothingToChooseError as error:
            return error.what


def _place(content: str, view: View, extractor: FrameExtractor) -> Path:
    key = digest([VERSION, av.__version__, cv2.__version__, content, asdict(view), asdict(extractor)])
    return user_cache_path("ferbench") / "frames" / key[:2] / f"{key[2:26]}.json"


def _plain(chosen: Chosen | str | None) -> dict[str, Any]:
    if isinstance(chosen, Chosen):
        return {**asdict(chosen), "indices": chosen.indices.tolist()}
    return {"reason": chosen}


def _known(place: Path) -> Chosen | str | None:
    """What the cache has; ``None`` if it has nothing."""
    if not place.exists():
        return None
    entry = json.loads(place.read_text(encoding="utf-8"))
    if "reason" in entry:
        return str(entry["reason"])
    return Chosen(np.array(entry["indices"], np.int64), entry["outliers"], entry["frames"])
