"""CK+ (Lucey et al. 2010), the full release: 593 posed sequences of 123 subjects, 327 of them with an emotion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Le

from ferbench.data import Labels, Samples
from ferbench_datasets._archives import Tree
from ferbench_datasets._ckplus_sequences import Recording, emotion, recordings
from ferbench_datasets._labelled import Copy, Labelled, samples, some
from ferbench_datasets._problems import Problems
from ferbench_datasets._release import EXPRESSIONS, Counts, absent, open_images
from ferbench_datasets._sources import CKPLUS

#: Labelled sequences of each class.
SEQUENCES = {"angry": 45, "disgust": 59, "fear": 25, "happy": 69, "sad": 28, "surprise": 83, "contempt": 18}


class CkPlus:
    """CK+ from a folder, a zip or a plain tar that holds ``cohn-kanade-images`` and ``Emotion`` at any depth.

    A sequence, ``cohn-kanade-images/S005/001/S005_001_00000011.png``, goes from a neutral face to the peak of an
    expression; ``Emotion/S005/001/S005_001_00000011_emotion.txt`` names the expression of the peak. Sequences without
    such a file have no label and are not used. The field takes the last three frames of a sequence as images of its
    expression, and often the first as one of a neutral face.

    - ids: the frame's name without the suffix, ``S005_001_00000011``; the order is theirs.
    - labels: those of angry, disgust, fear, happy, sad, surprise, neutral, contempt that there are, in this order.
    - subjects: ``S005``; clips: the sequence, ``S005_001``. No partitions: there is no official split.
    - images: uint8, gray [H, W] or RGB [H, W, 3], mostly 640x490; not cropped.
    - fingerprint: SHA-256 over ids, labels, subjects, clips and the bytes of the frames that are used.
    - notes: a partial copy, the number of sequences without a label, sequences that seem to lack frames.

    Args:
        last_frames: frames at the end of each labelled sequence that show its expression.
        neutral: whether the first frame of each labelled sequence is taken as neutral, a class of its own.
        contempt: whether the 18 sequences of contempt are used, a class of its own.
    """

    default_protocol: ClassVar[str] = "group-10-fold"
    needs_data: ClassVar[bool] = True

    def __init__(
        self, last_frames: Annotated[int, Ge(1), Le(60)] = 3, neutral: bool = False, contempt: bool = True
    ) -> None:
        self.last_frames = last_frames
        self.neutral = neutral
        self.contempt = contempt

    def load(self, data: Path | None) -> Samples:
        """The samples in ``data``, every image used checked. Raises one ``DataError`` that names every bad file."""
        tree, files = open_images(data, CKPLUS)
        problems = Problems()
        sequences = recordings(files, problems)
        if not any(recording.emotion for recording in sequences.values()):
            raise absent(data, CKPLUS, files, "no Emotion/S005/001/S005_001_00000011_emotion.txt")
        if not any(recording.frames for recording in sequences.values()):
            raise absent(data, CKPLUS, files, "no cohn-kanade-images/S005/001/S005_001_00000011.png")
        emotions = _emotions(tree, sequences, problems)
        if not self.contempt:
            emotions = {clip: name for clip, name in emotions.items() if name != "contempt"}
        classes = tuple(
            name
            for name in EXPRESSIONS
            if (name != "neutral" or self.neutral) and (name != "contempt" or self.contempt)
        )
        rows: list[Labelled] = []
        short = False
        for clip, name in emotions.items():
            chosen = self._chosen(sequences[clip], name)
            if len(chosen) < self.last_frames + self.neutral:
                short = True
                needs = f"last_frames={self.last_frames}" + (" and neutral" if self.neutral else "")
                problems.add(clip, f"has {len(sequences[clip].frames)} frames, fewer than {needs} take")
            for number, shown in chosen.items():
                row_id = f"{clip}_{number:08d}"
                file = sequences[clip].frames[number]
                rows.append(Labelled(file, row_id, classes.index(shown), subject=clip.split("_")[0], clip=clip))
        release = _official(classes).release(_codes(emotions, classes))
        copy = Copy(name="ckplus 1", source=CKPLUS, data=data, tree=tree, classes=classes, release=release)
        fix = "set a smaller last_frames; or, if files are missing, " if short else ""
        return samples(copy, rows, problems, notes=_notes(sequences, emotions, classes), fix=fix)

    def _chosen(self, recording: Recording, name: str) -> dict[int, str]:
        """Frame number -> expression, of the frames of a sequence that are used; fewer if it is too short."""
        numbers = recording.numbers
        first = numbers[: int(self.neutral)]
        last = numbers[len(first) :][-self.last_frames :]
        return {**dict.fromkeys(first, "neutral"), **dict.fromkeys(last, name)}


def _emotions(tree: Tree, sequences: Mapping[str, Recording], problems: Problems) -> dict[str, str]:
    """The expression of every labelled sequence."""
    emotions: dict[str, str] = {}
    for clip, recording in sequences.items():
        if recording.emotion is None:
            continue
        try:
            emotions[clip] = emotion(tree, recording.emotion)
        except ValueError as error:
            problems.add(recording.emotion, str(error))
    return emotions


def _official(classes: tuple[str, ...]) -> Counts:
    return Counts(classes, {"": [SEQUENCES.get(name, 0) for name in classes]}, unit="labelled sequences")


def _codes(emotions: Mapping[str, str], classes: tuple[str, ...]) -> Labels:
    return np.array([classes.index(name) for name in emotions.values()], np.int64)


def _notes(
    sequences: Mapping[str, Recording], emotions: Mapping[str, str], classes: tuple[str, ...]
) -> tuple[str, ...]:
    notes = list(_official(classes).differences(_codes(emotions, classes)))
    bare = sum(recording.emotion is None for recording in sequences.values())
    if bare:
        notes.append(f"{bare:,} sequences have no emotion file and are not used")
    broken = [clip for clip in emotions if not sequences[clip].whole]
    if broken:
        notes.append(
            f"{len(broken):,} sequences seem to lack frames (a gap in their numbers, or another last frame than their "
            f"emotion file names): {some(broken)}"
        )
    return tuple(notes)
