"""Detectors: the bright square of the drawn scenes, and ways to spoil it."""

from __future__ import annotations

import numpy as np

from ferbench.data import Face
from tests.broken import breaks, good


@good("detector")
class Bright:
    landmarks = True

    def __init__(self, threshold: int = 250, tall: bool = False) -> None:
        self.threshold, self.tall = threshold, tall

    @property
    def fingerprint(self):
        return f"bright 1 {self.threshold} {self.tall}"

    def detect(self, image):
        rows, columns = np.nonzero(image.min(axis=2) >= self.threshold)
        if not len(rows):
            return []
        box = (float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))
        return [self.face(box, image)]

    def face(self, box, image):
        return Face(box, 0.5, np.tile(np.array(box[:2], np.float32), (5, 1)))


@breaks("detector", "boxes_are_inside_the_image", "a box is .* in 96 x 80 pixels")
class Outside(Bright):
    def face(self, box, image):
        return Face((*box[:2], image.shape[1] + 1.0, box[3]), 0.5)


@breaks("detector", "images_of_any_size_are_taken", "raised ValueError")
class Large(Bright):
    def detect(self, image):
        if min(image.shape[:2]) < 2:
            raise ValueError("too small")
        return super().detect(image)


@breaks("detector", "landmarks_are_five_points", r"they are float64 \(4, 2\)")
class FourPoints(Bright):
    def face(self, box, image):
        return Face(box, 0.5, np.zeros((4, 2)))  # type: ignore[arg-type]  # that is what is broken


@breaks("detector", "the_image_is_not_written", "wrote into the image")
class Paints(Bright):
    def detect(self, image):
        image[0, 0] = 0
        image[-1, -1] = 1
        return super().detect(image)


@breaks("detector", "a_result_depends_on_its_image_alone", "other faces after other images")
class Tires(Bright):
    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def detect(self, image):
        self.seen += 1
        return super().detect(image)

    def face(self, box, image):
        return Face(box, 1 / self.seen)


@breaks("detector", "strides_do_not_matter", "other faces for a view")
class WantsACopy(Bright):
    def detect(self, image):
        return super().detect(image) if image.flags.c_contiguous else []


@breaks("detector", "it_travels_to_other_processes", "a new one cannot be pickled")
class Stays(Bright):
    def __init__(self) -> None:
        super().__init__()
        self.rule = lambda value: value


@breaks("detector", "fingerprint_is_one_line", "and then")
class Address(Bright):
    @property
    def fingerprint(self):
        return f"address {id(self)}"


@breaks("detector", "fingerprint_covers_the_parameters", "tall = True has the fingerprint of False")
class Forgets(Bright):
    @property
    def fingerprint(self):
        return f"bright 1 {self.threshold}"
