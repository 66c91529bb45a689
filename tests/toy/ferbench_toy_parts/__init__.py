"""The toy plugin's components: numpy only, milliseconds."""

import json
import time
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from ferbench.data import Epoch, Face, Samples, Scenes
from ferbench.errors import DataError
from ferbench.support.weights import Weights, locate

CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")


class ToyImages:
    def __init__(self, labels, seeds, size):
        self.labels, self.seeds, self.size = labels, seeds, size

    def __len__(self):
        return len(self.labels)

    def read(self, index):
        rng = np.random.default_rng(int(self.seeds[index]))
        rows = (np.arange(self.size) // (self.labels[index] + 1)) % 2 * 120 + 60
        image = rows[:, None] + rng.normal(0, 20, (self.size, self.size))
        return np.repeat(image.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


class ToyData:
    """``subjects`` people with one image a class; ``dark`` of them are too dark for the toy detector."""

    default_protocol = "subject-disjoint-7-3"
    needs_data = False

    def __init__(
        self,
        subjects: Annotated[int, Ge(1)] = 20,
        dark: int = 0,
        cropped: bool = False,
        partitions: bool = False,
        named: bool = True,
        size: int = 48,
        contempt: bool = False,
    ):
        self.subjects, self.dark, self.cropped, self.partitions, self.named = subjects, dark, cropped, partitions, named
        self.size = size
        self.classes = (*CLASSES, "contempt") if contempt else CLASSES

    def load(self, data):
        count = self.subjects * len(self.classes)
        labels = np.tile(np.arange(len(self.classes)), self.subjects).astype(np.int64)
        people = np.repeat([f"p{number:02}" for number in range(self.subjects)], len(self.classes))
        images = ToyImages(labels, np.arange(count), self.size)
        if self.dark:
            images = Darkened(images, set(range(self.dark)))
        return Samples(
            ids=np.array([f"{who}-{self.classes[label]}" for who, label in zip(people, labels, strict=True)]),
            labels=labels,
            classes=self.classes,
            images=images,
            fingerprint=f"toy-{self.subjects}-{self.dark}-{self.cropped}-{self.size}-{len(self.classes)}"
            + "-parts" * self.partitions
            + "-unnamed" * (not self.named),
            subjects=people if self.named else None,
            partitions=np.array(["train", "validation", "test"])[np.arange(count) // len(self.classes) % 3]
            if self.partitions
            else None,
            cropped=self.cropped,
        )


class Darkened:
    def __init__(self, images, dark):
        self.images, self.dark = images, dark

    def __len__(self):
        return len(self.images)

    def read(self, index):
        image = self.images.read(index)
        return image // 8 if index in self.dark else image


class ToyDetector:
    fingerprint = "toy-detector 1"

    def __init__(self, threshold: float = 30.0):
        self.threshold = threshold

    def detect(self, image):
        height, width = image.shape[:2]
        if image.mean() < self.threshold:
            return []
        small = Face((0.0, 0.0, 4.0, 4.0), 0.99)
        return [small, Face((width * 0.1, height * 0.1, width * 0.9, height * 0.9), 0.5)]


class ToyWeighted(ToyDetector):
    lenient = {"score_threshold": 0.02}  # noqa: RUF012 - never changed

    def __init__(self, score_threshold: Annotated[float, Ge(0), Le(1)] = 0.7):
        locate(Weights("nobody.bin", "https://example.org/nobody.bin", "0" * 64, licence="none", megabytes=1))


class Blank:
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def read(self, index):
        return np.full((100, 100), 200, np.uint8)


class ToyScenes:
    """The toy detector finds the large face and takes the corner for one; nobody finds the ``lost`` one."""

    needs_data = False

    def __init__(self, scenes: Annotated[int, Ge(1)] = 3):
        self.scenes = scenes

    def load(self, data):
        boxes = np.array([(10, 10, 90, 90), (0, 60, 9, 69)], np.float32)
        return Scenes(
            ids=np.array([f"toy-{number}" for number in range(self.scenes)]),
            images=Blank(self.scenes),
            boxes=(boxes,) * self.scenes,
            subsets={"easy": (np.array([True, False]),) * self.scenes, "hard": (np.array([True, True]),) * self.scenes},
            fingerprint=f"toy-scenes-{self.scenes}",
            notes=("toys all",),
        )


class ToyFiles(ToyScenes):
    needs_data = True

    def load(self, data):
        if data is None:
            raise DataError("toy-files needs a path", fix="--data PATH")
        return super().load(data)


class ToyEmbedder:
    """Its weight is the number of epochs; each epoch it adds noise of that size, so the last one is the worst.

    Training continues from a loaded weight. Its class scores are how well a crop fits each class's stripes.

    Args:
        epochs: how
            many.
        noise: of an epoch.
        seconds: that an epoch takes.
    """

    embedding_size = 48
    scores_kind = "decision"

    def __init__(
        self,
        epochs: Annotated[int, Ge(1), Le(1000)] = 3,
        noise: float = 0.0,
        seconds: Annotated[float, Ge(0)] = 0.0,
        device: str = "cpu",
    ):
        self.epochs, self.noise, self.seconds, self.weight = epochs, noise, seconds, 0
        self.classes = len(CLASSES)

    def fit(self, crops, labels, job):
        monitor = job.monitor
        self.classes = job.num_classes
        state = job.checkpoint / "state.json" if job.checkpoint else None
        saved = json.loads(state.read_text()) if state and state.exists() else {"done": 0, "best": 0}
        done, best, start = saved["done"], saved["best"], self.weight
        for epoch in range(done + 1, self.epochs + 1):
            self.weight = start + epoch
            time.sleep(self.seconds)
            monitor.step(epoch=epoch, batch=1, batches=1, images=len(crops), loss=1 / epoch)
            if monitor.wants(epoch) or epoch == self.epochs:
                monitor.score(Epoch(epoch, 1 / epoch, 0.1, 100.0), self)
                best = self.weight if monitor.is_best() else best
            if state:
                state.parent.mkdir(parents=True, exist_ok=True)
                state.write_text(json.dumps({"done": epoch, "best": best}))
        self.weight = best
        return self

    def embed(self, crops):
        pixels = crops[:].astype(np.float32).mean(axis=2) / 255
        noise = np.random.default_rng(self.weight).normal(0, self.noise * self.weight + 1e-9, pixels.shape)
        return (pixels + noise).astype(np.float32)

    def class_scores(self, crops):
        rows = self.embed(crops)
        y = 5 + np.arange(rows.shape[1]) * 38 / 48  # in the picture of 48 pixels, of which ToyDetector takes the middle
        stripes = y // np.arange(1, self.classes + 1)[:, None] % 2 - 0.5
        stripes -= stripes.mean(axis=1, keepdims=True)
        return np.stack([(stripes * row).sum(axis=1) for row in rows] or np.empty((0, self.classes))).astype(np.float32)

    def save(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "weight.json").write_text(json.dumps(self.weight))

    def load(self, path):
        self.weight = json.loads((path if path.is_file() else path / "weight.json").read_text())
        return self
