"""The sequences of CK+: which frames each has, and the emotion that its own file names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ferbench.errors import DataError
from ferbench_datasets._archives import Tree, printable, read, steps
from ferbench_datasets._problems import Problems
from ferbench_datasets._sources import CKPLUS

#: The class of each code in an emotion file.
CODES = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
MAX_EMOTION = 1 << 12

_FILE = re.compile(r"(s[0-9]{3})_([0-9]{3})_([0-9]{8})(\.png|_emotion\.txt)", re.IGNORECASE | re.ASCII)
_FOLDER = re.compile(r"(s[0-9]{3})/([0-9]{3})", re.IGNORECASE | re.ASCII)


@dataclass
class Recording:
    """One sequence: frame number -> image file; its emotion file, and the number of the frame that this one names."""

    frames: dict[int, str] = field(default_factory=dict)
    emotion: str | None = None
    peak: int = 0

    @property
    def numbers(self) -> list[int]:
        """The numbers of the frames, in order."""
        return sorted(self.frames)

    @property
    def whole(self) -> bool:
        """Whether the frames are numbered without a gap and end with the peak, as far as one can see."""
        numbers = self.numbers
        return bool(numbers) and numbers[-1] == self.peak and numbers[-1] - numbers[0] == len(numbers) - 1


def recordings(files: Iterable[str], problems: Problems) -> dict[str, Recording]:
    """``S005_001`` -> its sequence, by name. Only files in folders such as ``S005/001`` count: others are passed over.

    Files in another sequence's folder, and a second file of one frame or of one emotion, go into ``problems``.
    """
    found: dict[str, Recording] = {}
    for file in sorted(files):
        path = steps(file)
        folder, named = _FOLDER.fullmatch("/".join(path[-3:-1])), _FILE.fullmatch(path[-1])
        if folder is None or named is None:
            continue
        subject, sequence, number = named[1].upper(), named[2], int(named[3])
        if (folder[1].upper(), folder[2]) != (subject, sequence):
            problems.add(file, f"is in the folder of {folder[1].upper()}_{folder[2]}")
            continue
        recording = found.setdefault(f"{subject}_{sequence}", Recording())
        if named[4].lower() == ".png":
            other = recording.frames.setdefault(number, file)
        else:
            other = recording.emotion = recording.emotion or file
            recording.peak = recording.peak or number
        if other != file:
            problems.add(file, f"a second one next to {printable(other)}")
    return dict(sorted(found.items()))


def emotion(tree: Tree, file: str) -> str:
    """The expression that an emotion file names by a number such as ``   3.0000000e+00``.

    Raises ``ValueError`` that says what is wrong with it. A sequence ends in an expression: the release has no code 0.
    """
    try:
        text = read(tree, file, limit=MAX_EMOTION, fix=CKPLUS.fix).decode("ascii", "backslashreplace").strip()
    except DataError as error:
        raise ValueError(error.what.removeprefix(tree.where(file)).strip()) from error
    try:
        code = float(text)
    except ValueError:
        raise ValueError(f"{text[:24]!r} is not a number") from None
    if code not in range(1, len(CODES)):
        raise ValueError(f"the emotion is {text[:24]}, not a whole number from 1 to {len(CODES) - 1}")
    return CODES[int(code)]
