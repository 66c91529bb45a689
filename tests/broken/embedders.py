"""Embedders: random directions that wander from epoch to epoch, and ways to spoil them."""

from __future__ import annotations

import pickle

import numpy as np

from ferbench.data import Epoch
from ferbench.errors import WeightsError
from tests.broken import breaks, good

PIXELS = 48 * 48


@good("embedder")
class Wandering:
    embedding_size = 4

    def __init__(self, epochs: int = 1) -> None:
        self.epochs = epochs
        self.weights = np.zeros((PIXELS, 4), np.float32)

    scores_kind = "decision"

    def fit(self, crops, labels, job):
        monitor, checkpoint = job.monitor, job.checkpoint
        seed = int(job.rng.integers(2**32))
        done, best = 0, self.weights
        if checkpoint and (checkpoint / "state.npz").exists():
            with np.load(checkpoint / "state.npz") as state:
                done, best, self.weights = int(state["done"]), state["best"], self.resumed(state)
        for epoch in range(done + 1, self.epochs + 1):
            self.step(monitor, epoch, len(crops[:2]))
            self.weights = self.weights + self.wander(seed, epoch)
            if self.scored(monitor, epoch):
                monitor.score(Epoch(epoch, 1 / epoch, 0.1, 100.0), self)
                best = self.kept(monitor, best)
            if checkpoint:
                np.savez(checkpoint / "state.npz", done=epoch, best=best, weights=self.weights)
        self.weights = best
        return self

    def wander(self, seed, epoch):
        return np.random.default_rng([seed, epoch]).normal(size=(PIXELS, 4)).astype(np.float32)

    def step(self, monitor, epoch, images):
        monitor.step(epoch=epoch, batch=1, batches=1, images=images, loss=1 / epoch)

    def scored(self, monitor, epoch):
        return monitor.wants(epoch) or epoch == self.epochs

    def kept(self, monitor, best):
        return self.weights if monitor.is_best() else best

    def resumed(self, state):
        return state["weights"]

    def embed(self, images):
        rows = images[:].reshape(-1, PIXELS).astype(np.float32) / 255
        return np.array([row @ self.weights for row in rows], np.float32).reshape(-1, 4)

    def class_scores(self, crops):
        return self.embed(crops)[:, :3]

    def save(self, folder):
        np.save(folder / "weights.npy", self.weights)

    def load(self, path):
        try:
            self.weights = np.load(path if path.is_file() else path / "weights.npy", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise WeightsError(f"{path} holds no weights", fix="bring what save wrote") from error
        return self


@breaks("embedder", "a_missing_loss_is_no_surprise", "raised AttributeError")
class NeedsALoss(Wandering):
    def fit(self, crops, labels, job):
        job.loss.prepare(4, job.num_classes)
        return super().fit(crops, labels, job)


@breaks("embedder", "fit_gives_an_embedder", "returns NoneType")
class GivesNothing(Wandering):
    def fit(self, crops, labels, job):
        super().fit(crops, labels, job)


@breaks("embedder", "embeddings_are_float32", r"5 crops give float64 \(5, 4\)")
class Doubles(Wandering):
    def embed(self, images):
        return super().embed(images).astype(np.float64)


@breaks("embedder", "a_row_depends_on_its_image_alone", "differs by up to")
class Normed(Wandering):
    def embed(self, images):
        rows = super().embed(images)
        return rows - rows.mean(axis=0, keepdims=True) if len(rows) else rows


@breaks("embedder", "images_tell_embeddings_apart", "have the same embedding")
class Collapsed(Wandering):
    def wander(self, seed, epoch):
        return np.zeros((PIXELS, 4), np.float32)


@breaks("embedder", "its_inputs_are_not_written", "wrote into the crops")
class Darkens(Wandering):
    def embed(self, images):
        pixels = images[:]
        pixels //= 2
        return super().embed(pixels)


@breaks("embedder", "crops_need_not_be_an_array", "raised AttributeError")
class WantsAnArray(Wandering):
    def embed(self, images):
        return super().embed(images.copy())


@breaks("embedder", "training_crops_need_not_be_an_array", "raised AttributeError")
class TrainsOnAnArray(Wandering):
    def fit(self, crops, labels, job):
        return super().fit(crops.copy(), labels, job)


@breaks("embedder", "training_data_are_not_written", "wrote into the labels")
class Relabels(Wandering):
    def fit(self, crops, labels, job):
        labels[0] = 1
        return super().fit(crops, labels, job)


@breaks("embedder", "a_training_is_whole", "it lacks save, load")
class Forgets:
    embedding_size = 4

    def fit(self, crops, labels, job):
        return self

    def embed(self, images):
        return np.zeros((len(images), 4), np.float32)


@breaks("embedder", "class_scores_are_what_they_say", r"give float32 \(5, 2\), not float \[5, 3\]")
class TwoScores(Wandering):
    def class_scores(self, crops):
        return self.embed(crops)[:, :2]


@breaks("embedder", "one_seed_gives_one_embedder", "differ by up to")
class Global(Wandering):
    def wander(self, seed, epoch):
        return np.random.normal(size=(PIXELS, 4)).astype(np.float32)  # noqa: NPY002 - that is what is broken


@breaks("embedder", "what_it_refuses_it_explains", "raised ValueError")
class TwoClasses(Wandering):
    def fit(self, crops, labels, job):
        if len(np.unique(labels)) < 2:
            raise ValueError("one class")
        return super().fit(crops, labels, job)


@breaks("embedder", "the_monitor_is_told", "no batch was reported")
class Silent(Wandering):
    def step(self, monitor, epoch, images):
        pass


@breaks("embedder", "the_last_epoch_is_scored", r"epochs \[\] were scored")
class AsWanted(Wandering):
    def scored(self, monitor, epoch):
        return monitor.wants(epoch)


@breaks("embedder", "the_best_epoch_is_kept", "not those of epoch 1")
class Last(Wandering):
    def kept(self, monitor, best):
        return self.weights


@breaks("embedder", "a_killed_training_ends_the_same", "differ by up to")
class Forgetful(Wandering):
    def resumed(self, state):
        return np.zeros((PIXELS, 4), np.float32)

    def kept(self, monitor, best):
        return self.weights


@breaks("embedder", "what_it_saves_it_takes_back", "embeddings differ")
class TakesNothing(Wandering):
    def load(self, path):
        return self


@breaks("embedder", "it_saves_without_pickle", "weights.pkl is pickled")
class Pickled(Wandering):
    def save(self, folder):
        (folder / "weights.pkl").write_bytes(pickle.dumps(self.weights))


@breaks("embedder", "other_weights_are_refused", "took a file of other bytes")
class TakesAnything(Wandering):
    def load(self, path):
        return super().load(path) if path.is_dir() else self
