"""MMI on disk: which videos there are, who is seen in them, from where, and what they show.

``Sessions/<n>/`` holds ``session.xml`` (the subject, the view of each track), ``<clip>.avi`` and ``<clip>.xml`` (the
emotion). Folders above, capitals and other files do not matter: a session is a folder with a ``session.xml``.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException, ElementTree

from ferbench.errors import DataError
from ferbench_datasets._archives import Tree, read, steps
from ferbench_datasets._problems import Problems
from ferbench_datasets._sources import MMI

VIDEOS = (".avi", ".mp4", ".mov", ".mpg")
EMOTIONS = {"1": "angry", "2": "disgust", "3": "fear", "4": "happy", "5": "sad", "6": "surprise"}
"""The values of ``<Metatag Name="Emotion" Value="..."/>``."""
VIEWS = {"0": "frontal", "2": "both"}
"""The tracks' views that show a face from the front; "both" has it next to the profile. 1 is the profile alone."""
ROTATIONS = "rotations.csv"
MAX_TEXT = 1 << 20
"""Bytes of an XML file; MMI's have some thousand."""


@dataclass(frozen=True)
class Clip:
    """One video that is used. ``view`` is "frontal" or "both"; ``rotation`` in degrees clockwise makes it upright."""

    session: str
    file: str
    size: int
    emotion: str
    subject: str
    view: str
    rotation: int

    @property
    def name(self) -> str:
        """``1767-S021-001``: session and file name, unique in the database."""
        return f"{self.session}-{stem(self.file)}"


def read_clips(tree: Tree, files: Mapping[str, int], problems: Problems) -> tuple[list[Clip], tuple[str, ...]]:
    """The clips with an emotion and a face from the front, by session and name, and notes on those left out.

    What is wrong with a file goes into ``problems``.
    """
    rotations = _rotations(tree, files, problems)
    left_out, sessions, clips = Counter[str](), dict[str, str](), list[Clip]()
    for folder, (info, names) in sorted(_sessions(files).items(), key=lambda item: _natural(item[0])):
        session = steps(folder)[-1]
        if session in sessions:
            problems.add(folder, f"session {session} is there twice, the other is {sessions[session]}")
            continue
        sessions[session] = folder
        texts = {stem(name).lower(): name for name in names if name.lower().endswith(".xml")}
        videos = [name for name in names if name.lower().endswith(VIDEOS)]
        spoken = {stem(name).lower() for name in videos}
        left_out["labelled, but their video is missing"] += sum(
            _emotion(tree, name, problems) is not None for key, name in texts.items() if key not in spoken
        )
        described = _parsed(tree, info, problems) if videos else None
        if described is None:
            continue
        for video in videos:
            text = texts.get(stem(video).lower())
            emotion = _emotion(tree, text, problems) if text else None
            if emotion is None:
                left_out["without one of the six emotions"] += 1
                continue
            try:
                view = _view(described, video)
                if view is None:
                    left_out["of the profile alone"] += 1
                    continue
                subject = _subject(described)
                clips.append(Clip(session, video, files[video], emotion, subject, view, rotations.get(session, 0)))
            except ValueError as error:
                problems.add(info, str(error))
    for session in rotations.keys() - sessions.keys():
        problems.add(ROTATIONS, f"there is no session {session}")
    twice = [name for name, count in Counter(clip.name for clip in clips).items() if count > 1]
    for name in twice:
        problems.add(name, "two videos have that name")
    notes = tuple(f"{count:,} clips {reason} are not used" for reason, count in sorted(left_out.items()) if count)
    return clips, notes


def stem(file: str) -> str:
    """The file's name without folders and suffix."""
    return steps(file)[-1].rpartition(".")[0]


def _sessions(files: Iterable[str]) -> dict[str, tuple[str, list[str]]]:
    """Folder -> its ``session.xml`` and the other files in it."""
    folders: dict[str, list[str]] = {}
    for file in sorted(files):
        folders.setdefault("/".join(steps(file)[:-1]), []).append(file)
    found = {}
    for folder, names in folders.items():
        infos = [name for name in names if steps(name)[-1].lower() == "session.xml"]
        if infos and folder:
            found[folder] = (infos[0], [name for name in names if name not in infos])
    return found


def _natural(folder: str) -> tuple[object, ...]:
    """Sessions in the order of their numbers."""
    session = steps(folder)[-1]
    return (0, int(session), folder) if session.isdecimal() and len(session) < 18 else (1, session, folder)


def _parsed(tree: Tree, name: str, problems: Problems) -> Element | None:
    """The root of an XML file, entities refused; ``None`` and a problem if it is broken."""
    try:
        root: Element = ElementTree.fromstring(read(tree, name, limit=MAX_TEXT, fix=MMI.fix))
        return root
    except DataError as error:
        problems.add(name, error.what.removeprefix(tree.where(name)).strip())
    except DefusedXmlException as error:
        problems.add(name, f"it declares entities, which MMI's files do not ({type(error).__name__})")
    except (SyntaxError, ValueError, LookupError) as error:
        problems.add(name, f"broken XML: {error}")
    return None


def _emotion(tree: Tree, name: str, problems: Problems) -> str | None:
    """The one emotion that a clip's XML names, ``None`` if there is none of the six, or more than one."""
    root = _parsed(tree, name, problems)
    if root is None:
        return None
    values = {
        _attribute(tag, "value") for tag in _tags(root, "metatag") if _attribute(tag, "name").lower() == "emotion"
    }
    return EMOTIONS.get(values.pop()) if len(values) == 1 else None


def _subject(session: Element) -> str:
    """The subject of a session. Raises ``ValueError`` if there is not exactly one."""
    names = {_attribute(tag, "id") or (tag.text or "").strip() for tag in _tags(session, "subject")} - {""}
    if len(names) != 1:
        raise ValueError(f"it names {len(names) or 'no'} subjects, not one")
    return names.pop()


def _view(session: Element, video: str) -> str | None:
    """A key of ``VIEWS``' values, ``None`` for a profile. Raises ``ValueError`` if the session does not say it."""
    tracks = [tag for tag in _tags(session, "track") if _attribute(tag, "view")]
    own = [tag for tag in tracks if steps(_attribute(tag, "filename"))[-1].lower() == steps(video)[-1].lower()]
    views = {_attribute(tag, "view") for tag in own or tracks}
    if len(views) != 1:
        raise ValueError(f"it gives {len(views) or 'no'} views of {steps(video)[-1]}, not one")
    view = views.pop()
    if view not in ("0", "1", "2"):
        raise ValueError(f"the view of {steps(video)[-1]} is {view!r}, not 0, 1 or 2")
    return VIEWS.get(view)


def _tags(root: Element, name: str) -> list[Element]:
    return [tag for tag in root.iter() if isinstance(tag.tag, str) and tag.tag.rpartition("}")[2].lower() == name]


def _attribute(tag: Element, name: str) -> str:
    return next((value.strip() for key, value in tag.attrib.items() if key.lower() == name), "")


def _rotations(tree: Tree, files: Iterable[str], problems: Problems) -> dict[str, int]:
    """Session -> degrees clockwise, from the user's own ``rotations.csv``; empty without one."""
    found: dict[str, int] = {}
    for name in (file for file in files if steps(file)[-1].lower() == ROTATIONS):
        try:
            text = read(tree, name, limit=MAX_TEXT, fix=MMI.fix).decode("utf-8-sig")
            for row in csv.reader(io.StringIO(text)):
                if not row or [cell.strip().lower() for cell in row] == ["session", "degrees"]:
                    continue
                session, degrees = (cell.strip() for cell in row)
                if degrees not in ("0", "90", "180", "270") or session in found:
                    raise ValueError
                found[session] = int(degrees)
        except (ValueError, csv.Error):
            problems.add(name, "each line is a session and 0, 90, 180 or 270 degrees clockwise, each session once")
        except DataError as error:
            problems.add(name, error.what.removeprefix(tree.where(name)).strip())
    return found
