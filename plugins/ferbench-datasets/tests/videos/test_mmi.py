"""MMI laid out as its owners distribute it: which clips are used, what is kept, and every way to be broken."""

from __future__ import annotations

import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferbench.data import Samples
from ferbench.errors import DataError
from ferbench.media import video_pictures
from ferbench_datasets import _mmi_choice
from ferbench_datasets.frames import FrameExtractor
from ferbench_datasets.mmi import Mmi

CODES = {"angry": 1, "disgust": 2, "fear": 3, "happy": 4, "sad": 5, "surprise": 6}
BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><Session><Subject id="&b;"/><Track view="0"/></Session>'
Film = Callable[..., Path]


def session_xml(subject: str = "7", view: str = "0") -> str:
    return f'<?xml version="1.0"?><Session id="1"><Subject id="{subject}" gender="f"/><Track view="{view}"/></Session>'


def clip_xml(value: object) -> str:
    return f'<Clip><Metatag Name="Posed" Value="1"/><Metatag Name="Emotion" Value="{value}"/></Clip>'


def put(root: Path, session: int | str, video: Path | bytes, value: object, **session_of: str) -> Path:
    """Writes one session; gives its folder."""
    folder = root / "Sessions" / str(session)
    folder.mkdir(parents=True)
    (folder / "session.xml").write_text(session_xml(**session_of))
    (folder / f"S{session}-001.xml").write_text(clip_xml(value))
    target = folder / f"S{session}-001.avi"
    if isinstance(video, bytes):
        target.write_bytes(video)
    else:
        shutil.copy(video, target)
    return folder


@pytest.fixture
def release(tmp_path: Path, performances: list[Any]) -> Path:
    """Four clips of three people, one an emotion, and what is not used: no emotion, another one, the profile alone."""
    root = tmp_path / "mmi"
    for row, shown in enumerate(performances):
        put(root, 1767 + row, shown.video, CODES[shown.emotion], subject=str(row % 3 + 1))
    (put(root, 9, b"never opened", 1) / "S9-001.xml").write_text("<Clip><Metatag Name='AU' Value='4'/></Clip>")
    put(root, 10, b"never opened", 7)
    put(root, 11, b"never opened", 1, view="1")
    (put(root, 12, b"", 1) / "S12-001.avi").unlink()
    (root / "readme.txt").write_text("stray")
    (root / "Sessions" / ".DS_Store").write_bytes(b"\0")
    return root


def error_of(root: Path) -> DataError:
    with pytest.raises(DataError) as caught:
        Mmi().load(root)
    assert "mmifacedb.eu" in caught.value.fix
    return caught.value


def test_it_is_the_dataset_that_it_says(release: Path, performances: list[Any]) -> None:
    samples = Mmi().load(release)
    assert len(samples) == 4 * 23
    assert samples.classes == (*CODES, "neutral")
    assert np.bincount(samples.labels).tolist() == [20, 20, 0, 20, 0, 20, 12]
    assert samples.subjects is not None
    assert samples.clips is not None
    assert sorted(set(samples.clips.tolist())) == [str(number) for number in range(1767, 1771)]
    chosen = FrameExtractor().extract(video_pictures(performances[1].video, "x")).indices
    rows = np.flatnonzero(samples.clips == "1768")
    expected = ["1768-S1768-001-f0000", "1768-S1768-001-f0005", "1768-S1768-001-f0010"]
    assert samples.ids[rows].tolist() == expected + [f"1768-S1768-001-f{frame:04}" for frame in chosen]
    assert samples.labels[rows].tolist() == [6] * 3 + [1] * 20
    assert set(samples.subjects[rows].tolist()) == {"2"}
    read = samples.images.read(rows[3]).astype(int)
    apart = [np.abs(read - picture).mean() for picture in performances[1].pictures]
    assert np.argmin(apart) == chosen[0]  # this very frame, but coded


def test_what_is_not_used_is_counted(release: Path) -> None:
    notes = Mmi().load(release).notes
    assert notes[0] == "partial copy: 4 clips, where Haider et al. 2023 count 236"
    assert "of the 80 chosen frames are outliers" in notes[1]
    assert notes[2:] == (
        "1 clips labelled, but their video is missing are not used",
        "1 clips of the profile alone are not used",
        "2 clips without one of the six emotions are not used",
    )


def test_without_neutral_there_are_six_classes(release: Path) -> None:
    samples = Mmi(neutral=False).load(release)
    assert samples.classes == tuple(CODES)
    assert len(samples) == 80
    assert set(samples.ids) < set(Mmi().load(release).ids)


def test_a_zip_gives_the_same(release: Path, tmp_path: Path) -> None:
    packed = tmp_path / "mmi.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(release.rglob("*")):
            archive.write(
                file, "MMI database/" + file.relative_to(release).as_posix().replace("session.xml", "Session.XML")
            )
    folder, zipped = Mmi().load(release), Mmi().load(packed)
    assert zipped.ids.tolist() == folder.ids.tolist()
    assert zipped.fingerprint == folder.fingerprint
    assert (zipped.images.read(30) == folder.images.read(30)).all()


def test_images_are_read_in_any_order_and_process(release: Path) -> None:
    images = Mmi().load(release).images
    straight = [images.read(index) for index in range(0, 60, 7)]
    other = pickle.loads(pickle.dumps(images))
    for index, picture in reversed(list(zip(range(0, 60, 7), straight, strict=True))):
        assert (other.read(index) == picture).all()
    straight[0][:] = 0
    assert images.read(0).any()  # nobody writes into what is held


def test_a_clip_is_decoded_once_while_it_is_read(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = Mmi().load(release).images
    calls: list[str] = []
    monkeypatch.setattr(
        "ferbench_datasets.mmi.opened", lambda tree, name: calls.append(name) or _mmi_choice.opened(tree, name)
    )
    for index in range(46):
        images.read(index)
    assert calls == ["Sessions/1767/S1767-001.avi", "Sessions/1768/S1768-001.avi"]


def test_the_frontal_half_of_two_views_is_taken(tmp_path: Path, performances: list[Any], film: Film) -> None:
    shown = performances[3]
    both = [np.hstack([picture, picture[::-1, ::-1] // 2]) for picture in shown.pictures]
    put(tmp_path / "one", 5, shown.video, 4)
    put(tmp_path / "two", 5, film(tmp_path / "both.avi", both), 4, view="2")
    one, two = Mmi().load(tmp_path / "one"), Mmi().load(tmp_path / "two")
    assert two.images.read(3).shape == (256, 256, 3)
    index = int(two.ids[3].rpartition("f")[2])
    assert np.abs(two.images.read(3).astype(int) - shown.pictures[index]).mean() < 6
    right = Mmi(frontal_half="right").load(tmp_path / "two")
    assert np.abs(right.images.read(0).astype(int) - shown.pictures[0][::-1, ::-1] // 2).mean() < 6
    assert right.fingerprint != two.fingerprint != one.fingerprint


def test_rotated_sessions_are_turned_upright(tmp_path: Path, performances: list[Any], film: Film) -> None:
    shown = performances[3]
    lying = film(tmp_path / "lying.avi", [np.rot90(picture) for picture in shown.pictures])  # turned to the left
    put(tmp_path / "mmi", 5, lying, 4)
    (tmp_path / "mmi" / "rotations.csv").write_text("session,degrees\n5,90\n")
    upright = Mmi().load(tmp_path / "mmi").images.read(0)
    assert np.abs(upright.astype(int) - shown.pictures[0]).mean() < 6


@pytest.mark.parametrize("text", ["5", "5,45", "5,90\n5,90", "5,90,1", "\xff,\0", "6,90"])
def test_bad_rotations_are_an_error(tmp_path: Path, performances: list[Any], text: str) -> None:
    put(tmp_path, 5, performances[3].video, 4)
    (tmp_path / "rotations.csv").write_bytes(text.encode("latin-1"))
    assert "rotations.csv: " in error_of(tmp_path).what


def test_unusable_clips_are_left_out_with_their_reason(tmp_path: Path, performances: list[Any], film: Film) -> None:
    shown = performances[3]
    put(tmp_path / "mmi", 1, shown.video, 4)
    put(tmp_path / "mmi", 2, film(tmp_path / "short.avi", shown.pictures[:45]), 1)
    put(tmp_path / "mmi", 3, film(tmp_path / "flat.avi", shown.pictures[:1] * 70), 2)
    samples = Mmi().load(tmp_path / "mmi")
    assert np.bincount(samples.labels, minlength=7).tolist() == [0, 0, 0, 20, 0, 0, 3]
    assert samples.notes[2].startswith("2-S2-001 is not used: too short: 45 frames, at least 60")
    assert samples.notes[3].startswith("3-S3-001 is not used: flat: ")
    shutil.rmtree(tmp_path / "mmi" / "Sessions" / "1")
    assert "has no clip that can be used:\n  2-S2-001 is not used: too short" in error_of(tmp_path / "mmi").what


def test_the_choice_is_kept_and_goes_on_where_it_was(
    release: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def stopping(tree: Any, name: str, view: Any, extractor: Any) -> Any:
        if len(seen) == stop:
            raise KeyboardInterrupt
        seen.append(name)
        return original(tree, name, view, extractor)

    original, stop = _mmi_choice._chosen, 2
    monkeypatch.setattr(_mmi_choice, "_chosen", stopping)
    with pytest.raises(KeyboardInterrupt):
        Mmi().load(release)
    assert len(list(cache.rglob("*.json"))) == 2
    seen.clear()
    stop = 99
    first = Mmi().load(release)
    assert len(seen) == 2
    assert "choosing frames of 2 videos" in capsys.readouterr().err
    again = Mmi().load(release)
    assert len(seen) == 2
    assert "choosing" not in capsys.readouterr().err
    assert (again.ids == first.ids).all()


def test_other_bytes_or_parameters_are_another_choice(release: Path, cache: Path) -> None:
    Mmi().load(release)
    Mmi(sigma=2.0).load(release)
    assert len(list(cache.rglob("*.json"))) == 8
    moved = release.rename(release.with_name("elsewhere"))
    Mmi().load(moved)
    assert len(list(cache.rglob("*.json"))) == 8
    videos = sorted(moved.rglob("*.avi"))
    shutil.copy(videos[0], videos[1])
    Mmi().load(moved)
    assert len(list(cache.rglob("*.json"))) == 8  # the bytes are known, wherever they lie
    ran = json.loads(next(cache.rglob("*.json")).read_text())
    assert set(ran) == {"indices", "outliers", "frames"}


def test_the_fingerprint_covers_labels_subjects_and_bytes(tmp_path: Path, performances: list[Any]) -> None:
    prints = set()
    for number, (video, value, subject) in enumerate([(3, 4, "1"), (3, 5, "1"), (3, 4, "2"), (2, 4, "1")]):
        put(tmp_path / str(number), 5, performances[video].video, value, subject=subject)
        prints.add(Mmi().load(tmp_path / str(number)).fingerprint)
    assert len(prints) == 4


BROKEN = {
    "session.xml": [
        (BOMB, "it declares entities"),
        ("<Session>", "broken XML"),
        ("", "broken XML"),
        ('<?xml version="1.0" encoding="klingon"?><Session/>', "broken XML"),
        ('<Session><Track view="0"/></Session>', "it names no subjects, not one"),
        ('<S><Subject id="1"/><Subject id="2"/><Track view="0"/></S>', "it names 2 subjects"),
        ('<Session><Subject id="1"/></Session>', "it gives no views of S5-001.avi"),
        ('<S><Subject id="1"/><Track view="0"/><Track view="2"/></S>', "it gives 2 views"),
        (session_xml(view="3"), "is '3', not 0, 1 or 2"),
        (" " * (1 << 21), "too large"),
    ],
    "S5-001.xml": [(BOMB, "it declares entities"), ("<Clip", "broken XML")],
    "S5-001.avi": [("no video", "cannot be read as a video"), ("", "cannot be read as a video")],
}


@pytest.mark.parametrize(("name", "text", "reason"), [(name, *one) for name, all_ in BROKEN.items() for one in all_])
def test_a_broken_file_is_named(tmp_path: Path, performances: list[Any], name: str, text: str, reason: str) -> None:
    folder = put(tmp_path, 5, performances[3].video, 4)
    (folder / name).write_text(text)
    what = error_of(tmp_path).what
    assert what.splitlines()[0] == f"{tmp_path} has 1 problem:"
    assert what.splitlines()[1].startswith(f"  Sessions/5/{name}: ")
    assert reason in what


def test_all_broken_files_are_in_one_error(tmp_path: Path, performances: list[Any]) -> None:
    for number in (5, 6, 7):
        put(tmp_path, number, performances[3].video, 4)
    (tmp_path / "Sessions/5/S5-001.avi").write_bytes(performances[3].video.read_bytes()[:-20_000])
    (tmp_path / "Sessions/6/session.xml").write_text("<")
    (tmp_path / "Sessions/7/S7-001.xml").write_text(BOMB)
    what = error_of(tmp_path).what
    assert "has 3 problems:" in what
    for name in ("5/S5-001.avi", "6/session.xml", "7/S7-001.xml"):
        assert f"  Sessions/{name}: " in what


def test_the_track_of_the_clip_tells_its_view(tmp_path: Path, performances: list[Any]) -> None:
    folder = put(tmp_path, 5, performances[3].video, 4)
    tracks = '<Track view="1" filename="side.avi"/><track VIEW="0" FileName="s5-001.AVI"/>'
    (folder / "session.xml").write_text(f'<Session><subject ID="1"/>{tracks}</Session>')
    assert len(Mmi().load(tmp_path)) == 23


def test_two_emotions_of_one_clip_are_none(tmp_path: Path, performances: list[Any]) -> None:
    put(tmp_path, 4, performances[3].video, 4)
    (put(tmp_path, 5, b"", 4) / "S5-001.xml").write_text(f"<C>{clip_xml(1)}{clip_xml(2)}</C>")
    assert "1 clips without one of the six emotions are not used" in Mmi().load(tmp_path).notes


def test_no_data_and_other_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="MMI needs its files"):
        Mmi().load(None)
    assert "there is no " in error_of(tmp_path / "nowhere").what
    (tmp_path / "cat.jpg").write_bytes(b"")
    assert "is not MMI: it holds no Sessions/" in error_of(tmp_path).what


def test_a_video_that_breaks_later_is_named_when_it_is_read(release: Path) -> None:
    images = Mmi().load(release).images
    (release / "Sessions/1767/S1767-001.avi").write_bytes(b"overwritten")
    with pytest.raises(DataError, match=r"S1767-001\.avi cannot be read as a video"):
        images.read(0)
    (release / "Sessions/1768/S1768-001.avi").unlink()
    with pytest.raises(DataError, match=r"S1768-001\.avi cannot be read: No such file"):
        images.read(30)


XML = st.sampled_from([BOMB, session_xml(), session_xml(view="2"), clip_xml(4), clip_xml(""), "<a/>", ""]) | st.text()
NAME = st.sampled_from(["session.xml", "a.xml", "a.avi", "A.AVI", "b.xml", "b.avi", "rotations.csv", "x.txt"])
FOLDER = st.sampled_from(["", "1/", "Sessions/1/", "sessions/2/", "Sessions/1/deep/", "\u202e/"])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(st.tuples(FOLDER, NAME), XML, max_size=8), whole=st.booleans())
def test_any_tree_is_read_or_is_explained(
    tmp_path_factory: pytest.TempPathFactory, performances: list[Any], files: dict[tuple[str, str], str], whole: bool
) -> None:
    root = tmp_path_factory.mktemp("tree")
    for (folder, name), text in files.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        if whole and name.lower().endswith(".avi"):
            shutil.copy(performances[3].video, root / folder / name)
        else:
            (root / folder / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(DataError):  # anything else that is raised fails
        assert isinstance(Mmi().load(root), Samples)
    shutil.rmtree(root)
