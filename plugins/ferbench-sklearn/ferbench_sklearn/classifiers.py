"""The paper's three classifiers, as scikit-learn estimators. Everything the paper leaves open is a parameter."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC, LinearSVC

Kernel = Literal["linear", "rbf", "poly", "sigmoid"]


def svm(
    kernel: Kernel = "linear",
    C: Annotated[float, Gt(0)] = 1.0,  # noqa: N803 - the field's name
    gamma: Annotated[float, Ge(0)] = 0.0,
    degree: Annotated[int, Ge(1)] = 3,
    balanced: bool = False,
) -> SVC | LinearSVC:
    """A support vector machine.

    The linear kernel is solved in the primal by liblinear, one class against the rest, squared hinge: its time grows
    with the number of samples, not with its square. The others are solved by libsvm, one class against another.

    Args:
        kernel: of the four in the paper's Table 5.
        C: inverse strength of the L2 penalty; the paper gives none.
        gamma: kernel width; 0 is scikit-learn's "scale", 1 / (D * variance).
        degree: of the polynomial.
        balanced: weigh each class by the inverse of its size.
    """
    weight: Literal["balanced"] | None = "balanced" if balanced else None
    if kernel == "linear":
        return LinearSVC(C=C, dual=False, class_weight=weight)
    return SVC(C=C, kernel=kernel, gamma=gamma or "scale", degree=degree, class_weight=weight, break_ties=True)


def lda(shrinkage: Annotated[float, Ge(0), Le(1)] = 0.0) -> LinearDiscriminantAnalysis:
    """Linear discriminant analysis.

    Args:
        shrinkage: of the covariance towards its diagonal, in [0, 1]; with 0 it is solved by SVD.
    """
    if shrinkage:
        return LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage)
    return LinearDiscriminantAnalysis()


def softmax_regression(
    C: Annotated[float, Gt(0)] = 1.0,  # noqa: N803 - the field's name
    iterations: Annotated[int, Ge(1)] = 1000,
) -> LogisticRegression:
    """Multinomial logistic regression by L-BFGS.

    Args:
        C: inverse strength of the L2 penalty.
        iterations: of the solver at most; the result notes it if the solver stopped there.
    """
    return LogisticRegression(C=C, max_iter=iterations)
