"""oneDAL's support vector machines as scikit-learn's own, so that a bundle can keep them and any platform reads them.

What oneDAL fitted lies in a C++ object that no file takes. Its support vectors, dual coefficients and intercepts are
those of the same model, and scikit-learn's class (libsvm) predicts from them alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.svm import SVC

# scikit-learn's fitted attributes, with the types that libsvm's C code insists on.
_FLOATS = ("support_vectors_", "dual_coef_", "_dual_coef_", "intercept_", "_intercept_", "class_weight_")
_INTS = ("support_", "_n_support")
_AS_THEY_ARE = ("classes_", "_gamma", "_sparse", "shape_fit_", "fit_status_", "n_iter_", "n_features_in_")


def to_libsvm(fitted: Any) -> SVC:
    """A fitted ``sklearn.svm.SVC`` with the model of ``fitted``, a ``sklearnex.svm.SVC``."""
    known = SVC().get_params()
    plain = SVC(**{name: value for name, value in fitted.get_params().items() if name in known})
    for name in _FLOATS:
        setattr(plain, name, np.ascontiguousarray(getattr(fitted, name), np.float64))
    for name in _INTS:
        setattr(plain, name, np.ascontiguousarray(getattr(fitted, name), np.int32))
    for name in _AS_THEY_ARE:
        setattr(plain, name, getattr(fitted, name))
    plain._num_iter = plain.n_iter_
    plain._probA = plain._probB = np.empty(0)
    plain._effective_probability = False
    return plain
