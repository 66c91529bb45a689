"""Classifiers: logistic regression, and ways to spoil it."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestCentroid

from tests.broken import breaks, good


@good("classifier")
def regression(iterations: int = 1000):
    return LogisticRegression(max_iter=iterations)


class Nearest(ClassifierMixin, BaseEstimator):
    def fit(self, rows, labels):
        self.classes_ = np.unique(labels)
        self.means = np.stack([rows[labels == one].mean(axis=0) for one in self.classes_])
        return self

    def decision_function(self, rows):
        return -np.linalg.norm(rows[:, None] - self.means, axis=2)

    def predict(self, rows):
        return self.classes_[self.decision_function(rows).argmax(axis=1)]


breaks("classifier", "it_passes_scikit_learns_checks", "failed: .*check_")(Nearest)


@breaks("classifier", "it_predicts_the_classes_it_was_given", r"predicts \[0, 1, 2\]")
class Codes(Nearest):
    def predict(self, rows):
        return self.decision_function(rows).argmax(axis=1)


@breaks("classifier", "it_scores_every_class", r"decision_function of 2 classes has the shape \(40, 1\)")
class Half(Nearest):
    def decision_function(self, rows):
        return super().decision_function(rows)[:, :1]


def centroids():
    """Predicts by distances, and gives the probabilities of Gaussians: the two may contradict each other."""
    return NearestCentroid()


@breaks("classifier", "one_training_set_gives_one_classifier", "scores differ")
def forest():
    return RandomForestClassifier(3)


@breaks("classifier", "a_row_does_not_depend_on_the_others", "rows alone get other scores")
class Centred(Nearest):
    def decision_function(self, rows):
        return super().decision_function(rows - rows.mean(axis=0))


@breaks("classifier", "embeddings_are_not_written", "wrote into the embeddings")
class Scales(Nearest):
    def fit(self, rows, labels):
        rows *= 2
        return super().fit(rows, labels)


@breaks("classifier", "it_can_be_stored", "it is made of tests.broken.classifiers.Unnamed")
class Unnamed(Nearest):
    pass
