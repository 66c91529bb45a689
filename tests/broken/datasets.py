"""Datasets and scenes: small generated pictures, and ways to spoil them."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np

from ferbench.data import Samples, Scenes
from ferbench.errors import DataError
from tests.broken import breaks, good

CLASSES = ("calm", "cross")
COUNT = 12


class Pictures:
    def __init__(self, number):
        self.number = number

    def __len__(self):
        return self.number

    def read(self, index):
        image = np.full((80, 96, 3), 10 + index, np.uint8)
        image[20:50, 30:60] = 255
        return image


def samples() -> Samples:
    return Samples(
        ids=np.array([f"picture-{row:02}" for row in range(COUNT)]),
        labels=np.arange(COUNT, dtype=np.int64) % 2,
        classes=CLASSES,
        images=Pictures(COUNT),
        fingerprint="a" * 64,
        subjects=np.array([f"s{row // 2}" for row in range(COUNT)]),
        partitions=np.array(["train", "test"])[np.arange(COUNT) % 2],
        boxes=np.tile(np.array([30, 20, 60, 50], np.float32), (COUNT, 1)),
    )


@good("dataset")
class Filed:
    """Wants a folder in which there is a file ``here``."""

    default_protocol = "good-protocol"
    needs_data = True

    def load(self, data: Path | None):
        if data is None or not (data / "here").exists():
            raise DataError("its files are missing", fix="bring them")
        return self.change(samples())

    def change(self, given: Samples) -> Samples:
        return given


@good("scenes", generated=True)
class Rooms:
    needs_data = False

    def load(self, data):
        boxes = np.array([[30, 20, 60, 50]], np.float32)
        return Scenes(
            ids=np.array(["one", "two"]),
            images=Pictures(2),
            boxes=(boxes, boxes),
            subsets={"all": (np.array([True]),) * 2},
            fingerprint="b" * 64,
        )


@breaks("dataset", "it_loads", "there are none")
class Empty(Filed):
    def change(self, given):
        nothing = {name: getattr(given, name)[:0] for name in ("ids", "labels", "subjects", "partitions", "boxes")}
        return replace(given, **nothing, images=Pictures(0))


@breaks("dataset", "ids_are_stable", r"id \[0\] is \['0'\] and then")
class Counting(Filed):
    numbers = count()

    def change(self, given):
        return replace(given, ids=np.array([str(next(self.numbers)) for _ in range(COUNT)]))


@breaks("dataset", "fingerprint_is_stable", "it is 'version 1'")
class Version(Filed):
    def change(self, given):
        return replace(given, fingerprint="version 1")


class Floats(Pictures):
    def read(self, index):
        return super().read(index) / 255


@breaks("dataset", "images_are_uint8", "image 0 is float64")
class Scaled(Filed):
    def change(self, given):
        return replace(given, images=Floats(COUNT))


class Film(Pictures):
    place = 0

    def read(self, index):
        self.place += 1
        return super().read(self.place)


@breaks("dataset", "images_may_be_read_in_any_order", "differs when it is read after others")
class Streamed(Filed):
    def change(self, given):
        return replace(given, images=Film(COUNT))


class Kept(Pictures):
    def __init__(self, number):
        super().__init__(number)
        self.kept = [Pictures(number).read(index) for index in range(number)]

    def read(self, index):
        return self.kept[index]


@breaks("dataset", "a_reader_owns_its_image", "after its first reader wrote into it")
class Shared(Filed):
    def change(self, given):
        return replace(given, images=Kept(COUNT))


class Opened(Pictures):
    def __init__(self, number):
        super().__init__(number)
        self.file = open(__file__)  # noqa: SIM115, PTH123 - kept open on purpose: that is what is broken

    def __del__(self):
        self.file.close()


@breaks("dataset", "images_can_be_pickled", "cannot be pickled")
class Handle(Filed):
    def change(self, given):
        return replace(given, images=Opened(COUNT))


@breaks("dataset", "missing_files_are_explained", "no path raised TypeError")
class Careless(Filed):
    def load(self, data):
        return samples() if (data / "here").exists() else None


@breaks("dataset", "default_protocol_exists", "it is 'nobodys'")
class Nobodys(Filed):
    default_protocol = "nobodys"


@breaks("dataset", "classes_are_named", "'calm', 'calm'")
class Alike(Filed):
    def change(self, given):
        return replace(given, classes=("calm", "calm"))


@breaks("dataset", "partitions_are_the_three_known", r"also \['dev'\]")
class Dev(Filed):
    def change(self, given):
        return replace(given, partitions=np.array(["train", "dev"])[np.arange(COUNT) % 2])


@breaks("dataset", "groups_are_text", "the subject of .* is empty")
class NoName(Filed):
    def change(self, given):
        return replace(given, subjects=np.array(["", *given.subjects[1:]]))


@breaks("dataset", "boxes_are_inside_the_images", "in 96 x 80 pixels")
class Boxes(Filed):
    def change(self, given):
        return replace(given, boxes=given.boxes + np.float32(40))
