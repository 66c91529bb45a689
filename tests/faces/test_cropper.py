"""What a worker does with its rows: crops are made together, as one by one, and few pictures are held for it."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

from ferbench.components.steps import FaceStep
from ferbench.data import Face
from ferbench.faces.prepare import Cropper


class Fresh:
    """Noise made anew at each read, that knows how many of its pictures are alive."""

    def __init__(self, side: int) -> None:
        self.side, self.alive, self.most = side, 0, 0

    def __len__(self) -> int:
        return 20

    def read(self, index: int) -> Any:
        made = np.random.default_rng(index).integers(0, 256, (self.side, self.side), np.uint8)
        self.alive += 1
        self.most = max(self.most, self.alive)
        weakref.finalize(made, self.gone)
        return made

    def gone(self) -> None:
        self.alive -= 1


class Brightest:
    """Finds a face about the brightest row; of each second picture it says that there is none."""

    fingerprint = "brightest 1"

    def detect(self, image: Any) -> list[Face]:
        row = float(image[:, :, 0].mean(axis=1).argmax())
        return [Face((row, row, row + 30, row + 30), 1.0)] if row % 2 else []


@pytest.mark.parametrize(("side", "held"), [(100, 20), (1000, 5), (2100, 2)])  # 2: the last one, as the next is read
def test_pictures_wait_to_be_cropped_together_and_only_a_few_mebibytes_of_them(side: int, held: int) -> None:
    ids = np.array([str(number) for number in range(20)])
    source = Fresh(side)
    work = Cropper(ids, source, None, Brightest(), FaceStep())
    crops, found = work(range(20))
    assert source.most == held
    alone = [work(range(row, row + 1)) for row in range(20)]
    assert np.array_equal(crops, np.concatenate([one for one, _ in alone]))
    assert np.array_equal(found, np.concatenate([there for _, there in alone]))
    assert len(np.unique(crops, axis=0)) == 20
    assert 0 < found.sum() < 20
