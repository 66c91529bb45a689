"""Datasets for ferbench. Importing this module imports neither numpy nor OpenCV: the entries are lazy."""

from collections.abc import Iterable

from ferbench import Entry, hookimpl


@hookimpl
def register_datasets() -> Iterable[Entry]:
    return [
        Entry(
            name="synthfaces",
            target="ferbench_datasets.synthfaces.dataset:SynthFaces",
            summary="Drawn faces with known expressions, made on demand: for tests and first steps",
            licence="Apache-2.0",
            generated=True,
        ),
        Entry(
            name="fer2013",
            target="ferbench_datasets.fer2013:Fer2013",
            summary="35,887 gray 48x48 faces from the web, 7 classes, official train, validation and test parts",
            paper="Goodfellow et al. 2013, Challenges in Representation Learning, arXiv:1307.0414",
            licence="the Kaggle competition's rules; the photographs remain their owners'",
            homepage="https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge",
        ),
    ]
