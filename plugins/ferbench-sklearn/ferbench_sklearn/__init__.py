"""scikit-learn's classifiers for ferbench, and raw pixels for them. Importing this module imports neither."""

from ferbench import Entry, hookimpl

_HAIDER = "Haider et al., Sensors 2023, Section 2.3"


@hookimpl
def register_classifiers() -> list[Entry]:
    return [
        Entry(
            "svm",
            "ferbench_sklearn.classifiers:svm",
            "support vector machine: linear, RBF, polynomial or sigmoid kernel",
            paper=f"{_HAIDER}.2; Cortes and Vapnik, 1995",
            licence="BSD-3-Clause (scikit-learn)",
        ),
        Entry(
            "lda",
            "ferbench_sklearn.classifiers:lda",
            "linear discriminant analysis",
            paper=f"{_HAIDER}.1; Fisher, 1936",
            licence="BSD-3-Clause (scikit-learn)",
        ),
        Entry(
            "softmax-regression",
            "ferbench_sklearn.classifiers:softmax_regression",
            "multinomial logistic regression",
            paper=f"{_HAIDER}.3",
            licence="BSD-3-Clause (scikit-learn)",
        ),
    ]


@hookimpl
def register_embedders() -> list[Entry]:
    return [
        Entry(
            "raw-pixels",
            "ferbench_sklearn.raw_pixels:RawPixels",
            "the crop's own pixels in [0, 1]: what a classifier does without a network",
        )
    ]
