"""WIDER FACE: its annotation files as they are, copies that are partial or broken, and what the official rules give."""

from __future__ import annotations

import pickle
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from ferbench.data import Scenes
from ferbench.detection.average_precision import curve
from ferbench.errors import DataError
from ferbench_datasets import _wider_mat
from ferbench_datasets._archives import FolderTree
from ferbench_datasets._problems import Problems
from ferbench_datasets.widerface import RELEASE, WiderFace

OFFICIAL = Path(__file__).parents[3].parent / "shared" / "data" / "widerface"
BOXES = {
    "0--Parade/a": [(10, 20, 30, 40), (60, 5, 0, -1)],
    "0--Parade/b": [(1, 2, 3, 4)],
    "1--Handshaking/c": [(5, 5, 20, 20), (40, 40, 10, 12), (70, 8, 4, 4)],
}
COUNTED: dict[str, dict[str, list[int]]] = {
    "easy": {"0--Parade/a": [1], "0--Parade/b": [], "1--Handshaking/c": [1]},
    "medium": {"0--Parade/a": [1], "0--Parade/b": [1], "1--Handshaking/c": [2, 1]},
    "hard": {"0--Parade/a": [1], "0--Parade/b": [1], "1--Handshaking/c": [1, 2, 3]},
}


def column(values: list[Any]) -> np.ndarray[Any, Any]:
    """A MATLAB column of cells."""
    cells = np.empty((len(values), 1), object)
    for row, value in enumerate(values):
        cells[row, 0] = value
    return cells


def nested(make: Callable[[str], Any]) -> np.ndarray[Any, Any]:
    """Cells of events, in each the cells of its images."""
    events = sorted({name.split("/")[0] for name in BOXES})
    return column([column([make(name) for name in BOXES if name.startswith(f"{event}/")]) for event in events])


def write(folder: Path) -> Path:
    """A release of three photographs in two events, laid out as its owners do."""
    names = nested(lambda name: column([name.split("/")[1]]))
    events = column(sorted({name.split("/")[0] for name in BOXES}))
    truth = folder / "eval_tools" / "ground_truth"
    truth.mkdir(parents=True)
    common = {"event_list": events, "file_list": names}
    boxes = nested(lambda name: np.array(BOXES[name], np.int32))
    savemat(truth / "wider_face_val.mat", {**common, "face_bbx_list": boxes}, do_compression=True)
    for subset, rows in COUNTED.items():
        chosen = nested(lambda name, rows=rows: np.array(rows[name], np.uint8).reshape(-1, 1))
        savemat(truth / f"wider_{subset}_val.mat", {**common, "gt_list": chosen}, do_compression=True)
    for number, name in enumerate(BOXES):
        place = folder / "WIDER_val" / "images" / f"{name}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (100, 80), (40 * number, 90, 90)).save(place)
    return folder


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write(tmp_path / "wider")


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, file.relative_to(folder.parent))
    return path


@pytest.mark.parametrize("form", [lambda path: path, zipped], ids=["folder", "zip"])
def test_a_release_is_read(release: Path, form: Callable[[Path], Path]) -> None:
    scenes = WiderFace().load(form(release))
    assert scenes.ids.tolist() == list(BOXES)
    assert scenes.boxes[0].tolist() == [[10, 20, 40, 60], [60, 5, 60, 4]]
    assert [row.tolist() for row in scenes.subsets["medium"]] == [[True, False], [True], [True, True, False]]
    assert list(scenes.subsets) == ["easy", "medium", "hard"]
    assert scenes.images.read(2).shape == (80, 100, 3)
    assert pickle.loads(pickle.dumps(scenes.images)).read(1)[0, 0, 0] in range(36, 45)
    assert scenes.notes == (
        "annotations that differ from the release: images 3 of 3,226, faces 6 of 39,708, easy 2 of 7,211, "
        "medium 4 of 13,319, hard 5 of 31,958",
    )


def test_the_fingerprint_does_not_depend_on_the_form_and_depends_on_the_boxes(
    release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = WiderFace().load(release).fingerprint
    assert WiderFace().load(zipped(release)).fingerprint == first
    monkeypatch.setitem(BOXES, "0--Parade/b", [(1, 2, 3, 5)])
    assert WiderFace().load(write(tmp_path / "other")).fingerprint != first


def test_a_partial_copy_says_so(release: Path) -> None:
    (release / "WIDER_val/images/0--Parade/a.jpg").unlink()
    scenes = WiderFace().load(release)
    assert scenes.ids.tolist() == ["0--Parade/b", "1--Handshaking/c"]
    assert len(scenes.subsets["hard"]) == 2
    ran = "partial copy: 2 of 3 photographs with 4 of 6 faces; missing: 0--Parade/a"
    assert ran in scenes.notes


def test_everything_that_is_missing_is_one_error(release: Path) -> None:
    for file in release.rglob("*.jpg"):
        file.unlink()
    (release / "eval_tools/ground_truth/wider_hard_val.mat").unlink()
    with pytest.raises(DataError) as error:
        WiderFace().load(release)
    assert "2 problems" in error.value.what
    assert "wider_hard_val.mat: missing" in error.value.what
    assert "WIDER_val/images/0--Parade/a.jpg: missing, and so is every other photograph" in error.value.what
    assert "shuoyang1213.me" in error.value.fix
    assert "CC BY-NC-ND 4.0" in error.value.fix


def test_another_folder_is_not_wider_face(tmp_path: Path) -> None:
    (tmp_path / "eval_tools.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"is not WIDER FACE: it holds no wider_face_val\.mat") as error:
        WiderFace().load(tmp_path)
    assert "unpack eval_tools.zip first" in error.value.fix
    with pytest.raises(DataError, match="needs its files"):
        WiderFace().load(None)


def _damage(kind: str, path: Path) -> None:
    data = path.read_bytes()
    cells = {"event_list": column(["x"]), "file_list": column([column([column(["../y"])])])}
    if kind == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif kind == "other":
        path.write_bytes(b"\x89HDF" + data)
    elif kind == "bomb":
        packed = zlib.compress(bytes(1 << 20))
        path.write_bytes(data[:128] + (b"\x0f\0\0\0" + len(packed).to_bytes(4, "little") + packed))
    elif kind == "no variable":
        savemat(path, {"event_list": column(["x"])})
    elif kind == "name":
        savemat(path, {**cells, "face_bbx_list": column([column([np.ones((1, 4))])])})
    elif kind == "boxes":
        savemat(path, {**cells, "file_list": column([column(["y"])]), "face_bbx_list": column([column([np.ones(3)])])})


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("cut", "a broken MATLAB file"),
        ("other", "not a MATLAB 5 file"),
        ("bomb", "unpacks to more than"),
        ("no variable", "has no variable file_list, face_bbx_list"),
        ("name", "a name that is none"),
        ("boxes", "boxes that are not"),
    ],
)
def test_broken_annotations_are_named(release: Path, kind: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_wider_mat, "MOST_UNPACKED", 1 << 19)
    _damage(kind, release / "eval_tools/ground_truth/wider_face_val.mat")
    with pytest.raises(DataError, match=message) as error:
        WiderFace().load(release)
    assert "wider_face_val.mat" in error.value.what


@pytest.mark.parametrize(
    ("rows", "message"), [([3], "rows that are not those of 2 faces"), ([0], "rows that"), ([1, 1], "rows that")]
)
def test_a_subset_of_faces_that_are_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[int], message: str
) -> None:
    monkeypatch.setitem(COUNTED["easy"], "0--Parade/a", rows)
    with pytest.raises(DataError, match=message) as error:
        WiderFace().load(write(tmp_path / "wider"))
    assert "wider_easy_val.mat" in error.value.what


def test_a_subset_of_other_images_is_refused(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(BOXES, "0--Parade/b")
    other = write(tmp_path / "other") / "eval_tools/ground_truth/wider_medium_val.mat"
    other.replace(release / "eval_tools/ground_truth/wider_medium_val.mat")
    with pytest.raises(DataError, match=r"wider_medium_val\.mat: .*its images are not those of wider_face_val\.mat"):
        WiderFace().load(release)


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Scenes:
    """The official annotations, with empty files in place of the photographs, which nothing here reads."""
    if not OFFICIAL.is_dir():
        pytest.skip(f"{OFFICIAL} is not on this machine")
    folder = tmp_path_factory.mktemp("official")
    for file in OFFICIAL.glob("*.mat"):
        (folder / file.name).write_bytes(file.read_bytes())
    with pytest.raises(DataError, match="every other photograph") as error:
        WiderFace().load(folder)
    assert "0--Parade/0_Parade_marchingband_1_465.jpg" in error.value.what
    whole = _wider_mat.read_faces(FolderTree(folder), "wider_face_val.mat", Problems(), fix="")
    assert whole is not None
    for name in whole.names:
        place = folder / "WIDER_val" / "images" / f"{name}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    return WiderFace().load(folder)


def test_the_official_annotations_are_the_known_release(official: Scenes) -> None:
    assert official.notes == ()
    assert (len(official), official.faces) == (3226, 39708)
    counts = {name: sum(int(one.sum()) for one in rows) for name, rows in official.subsets.items()}
    assert counts == {"easy": 7211, "medium": 13319, "hard": 31958}
    assert {**counts, "images": 3226, "faces": 39708} == RELEASE


def test_perfect_detections_of_the_official_faces_are_nearly_perfect_by_the_rules(official: Scenes) -> None:
    """Not quite: two annotations are alike, so that both detections belong to one; a hard one is -2 pixels wide."""
    rng = np.random.default_rng(0)
    perfect = [(boxes, rng.random(len(boxes))) for boxes in official.boxes]
    found = {name: curve(perfect, official.boxes, rows) for name, rows in official.subsets.items()}
    assert {name: one.faces for name, one in found.items()} == {"easy": 7211, "medium": 13319, "hard": 31958}
    for one in found.values():
        assert one.average_precision == pytest.approx(1, abs=2e-4)
        assert one.recall[-1] >= 1 - 2 / one.faces
