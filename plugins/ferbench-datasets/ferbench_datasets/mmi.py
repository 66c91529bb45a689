"""MMI (Pantic et al. 2005, ICME): videos of posed expressions, from rest to the apex and back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from ferbench.data import Images, Samples
from ferbench.errors import DataError
from ferbench.media import Half, View, pick
from ferbench_datasets._archives import Tree, printable
from ferbench_datasets._mmi_choice import choose, opened
from ferbench_datasets._mmi_files import EMOTIONS, Clip, read_clips
from ferbench_datasets._problems import SHOWN, Problems
from ferbench_datasets._release import absent, fingerprint, open_images
from ferbench_datasets._sources import MMI
from ferbench_datasets.frames import Chosen, FrameExtractor

CLIPS = 236
"""Videos with one of the six emotions, as Haider et al. 2023, Section 4.1 counts them."""
NEUTRAL = (0, 5, 10)
"""The frames of a clip that are taken as neutral: from its onset, before the first that the extractor may choose."""


class Mmi:
    """MMI from the folder (or a zip or plain tar of it) that holds ``Sessions/``, at any depth.

    A session is a folder with ``session.xml`` (subject, view of the track), videos and an XML file for each, whose
    ``<Metatag Name="Emotion" Value="1"/>`` ... ``6`` is the label. Clips with no or another emotion and those of the
    profile alone are not used; a note counts them. In an archive each video is read into memory (256 MB at most).

    - samples: the frames that the extractor of Haider et al. 2023, Section 3.1 chooses (``ferbench_datasets.frames``),
      20 a clip. MMI has no neutral class; ``neutral`` adds one, as the paper's seventh must come from somewhere:
      frames 0, 5 and 10 of every clip, all in the onset, of which Section 3.1 says that it is neutral. Three a clip,
      so that neutral has about as many samples as each of the six (20/6).
    - ids: ``<session>-<file>-f<frame>``, such as ``1767-S021-001-f0042``; frames count from 0 in the video.
    - labels: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral.
    - subjects from ``session.xml``. Clips are the sessions: whatever one holds shows the same performance.
    - images: RGB uint8, upright, not cropped; of a video with two views side by side the frontal half. The frames of
      one clip are decoded together, 0.1-1 s, and held until another clip is read (23 frames of 720x576 are 29 MB):
      reading in order decodes each video once, reading at random up to once an image.
    - rotated videos are turned as their metadata says. AVI has no place for it: sessions recorded with the camera on
      its side are listed in a ``rotations.csv`` anywhere in the data, a line each: session, degrees clockwise.
    - fingerprint: SHA-256 over ids, labels, subjects and the videos' bytes.
    - notes: clips left out and why, how many frames are no outliers, another number of clips than the paper's 236.

    The first load goes through every video, faster than it plays; what is chosen is kept in the user's cache folder.

    Args:
        neutral: whether there is a seventh class, neutral, from the onset frames.
        frontal_half: where the frontal view is in a video with two (view 2). The release's papers do not fix it: look
            at one.
        sigma: of the extractor's Gaussian filter, in pixels (not in the paper).
    """

    default_protocol: ClassVar[str] = "subject-disjoint-7-3"
    needs_data: ClassVar[bool] = True

    def __init__(self, neutral: bool = True, frontal_half: Half = "left", sigma: float = 1.0) -> None:
        self.neutral = neutral
        self.frontal_half = frontal_half
        self.extractor = FrameExtractor(sigma=sigma)

    def load(self, data: Path | None) -> Samples:
        """The samples in ``data``. Nothing is downloaded or extracted to disk.

        Raises ``DataError`` if ``data`` is missing or is not MMI; one error names every broken XML file and video. A
        video that is too short or flat is left out, which a note says.
        """
        tree, files = open_images(data, MMI)
        problems = Problems()
        clips, notes = read_clips(tree, files, problems)
        if not clips and not problems.count:
            raise absent(data, MMI, files, "no Sessions/<n>/ with session.xml, <clip>.avi and an emotion in <clip>.xml")
        videos = [(clip.file, self._view(clip), clip.size) for clip in clips]
        found, hashes = choose(tree, videos, self.extractor, problems)
        problems.check(data, fix=MMI.fix)
        used = [(clip, one, content) for clip, one, content in zip(clips, found, hashes, strict=True) if _is(one)]
        reasons = [f"{clip.name} is not used: {one}" for clip, one in zip(clips, found, strict=True) if not _is(one)]
        if not used:
            raise DataError("\n  ".join([f"{data} has no clip that can be used:", *reasons[:SHOWN]]), fix=MMI.fix)
        return self._samples(tree, used, (*notes, *reasons))

    def _view(self, clip: Clip) -> View:
        return View(-clip.rotation % 360, self.frontal_half if clip.view == "both" else None)

    def _samples(self, tree: Tree, used: list[tuple[Clip, Any, str]], notes: tuple[str, ...]) -> Samples:
        classes = (*EMOTIONS.values(), *(("neutral",) if self.neutral else ()))
        frames, labels, rows = list[int](), list[int](), list[int]()
        for row, (clip, chosen, _) in enumerate(used):
            indices = chosen.indices.tolist()
            calm = NEUTRAL if self.neutral else ()
            frames += [*calm, *indices]
            labels += [len(EMOTIONS)] * len(calm) + [classes.index(clip.emotion)] * len(indices)
            rows += [row] * (len(calm) + len(indices))
        clips = [clip for clip, _, _ in used]
        ids = np.array([f"{clips[row].name}-f{frame:04}" for row, frame in zip(rows, frames, strict=True)])
        subjects = np.array([clips[row].subject for row in rows])
        views = tuple(self._view(clip) for clip in clips)
        content = "\n".join(f"{one} {view}" for (*_, one), view in zip(used, views, strict=True))
        return Samples(
            ids=ids,
            labels=np.array(labels, np.int64),
            classes=classes,
            images=ClipFrames(tree, tuple(clip.file for clip in clips), views, tuple(rows), tuple(frames)),
            fingerprint=fingerprint(
                "mmi 1",
                ids=ids,
                labels=np.array(labels, np.int64),
                content=hashlib.sha256(content.encode()).hexdigest(),
                groups={"subjects": subjects},
            ),
            subjects=subjects,
            clips=np.array([clips[row].session for row in rows]),
            release="known" if len(clips) == CLIPS else "partial" if len(clips) < CLIPS else "altered",
            notes=(*_counts([chosen for _, chosen, _ in used]), *map(printable, notes)),
        )


@dataclass
class ClipFrames:
    """An ``ImageSource`` of frames of videos; the frames of the clip last read are held. Pickled without them.

    ``files`` and ``views`` are of each video, ``rows`` and ``frames`` say of each image the video and the frame.
    """

    tree: Tree
    files: tuple[str, ...]
    views: tuple[View, ...]
    rows: tuple[int, ...]
    frames: tuple[int, ...]

    def __post_init__(self) -> None:
        self._row = -1
        self._held: dict[int, Images] = {}

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_row": -1, "_held": {}}

    def __len__(self) -> int:
        return len(self.rows)

    def read(self, index: int) -> Images:
        """Image ``index``, RGB uint8 [H, W, 3]. Raises ``DataError`` naming the file."""
        row = self.rows[index]
        if row != self._row:
            wanted = {frame for one, frame in zip(self.rows, self.frames, strict=True) if one == row}
            name = self.files[row]
            with opened(self.tree, name) as file:
                self._held = pick(file, self.tree.where(name), wanted, self.views[row])
            self._row = row
        return self._held[self.frames[index]].copy()


def _is(one: Chosen | str | None) -> bool:
    return isinstance(one, Chosen)


def _counts(chosen: list[Chosen]) -> list[str]:
    frames = sum(len(one.indices) for one in chosen)
    outliers = sum(one.outliers for one in chosen)
    notes = [
        f"{outliers:,} of the {frames:,} chosen frames are outliers by the paper's criterion, the others follow them "
        "in rank: the paper leaves open how twenty are reached"
    ]
    if len(chosen) != CLIPS:
        kind = "partial" if len(chosen) < CLIPS else "other"
        notes.insert(0, f"{kind} copy: {len(chosen):,} clips, where Haider et al. 2023 count {CLIPS}")
    return notes
