"""A fitted classifier on disk, by skops: no pickle, and only types that are known to be harmless are read back.

Known are those that skops itself trusts (scikit-learn's, NumPy's, SciPy's) and those that the classifier's plugin names
in ``Entry(stores=...)``.
"""

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.components.registry import Entry
from ferbench.errors import ModelError
from ferbench.interfaces import Classifier
from ferbench.running.class_scores import class_scores
from ferbench.support.atomic import replacing
from ferbench.support.hashing import hash_file

MAX_UNPACKED_BYTES = 4 << 30
"""Bytes that a file may unpack to. A kernel SVM on FER2013 has 0.03 GB of support vectors."""
SCORE_TOLERANCE = 1e-3
"""Of a decision value or probability: what the stored classifier may differ by; solvers round in their own ways."""


def write(fitted: Classifier, target: Path, entry: Entry, examples: NDArray[Any]) -> str:
    """Writes ``fitted``, a classifier of ``entry``, atomically; gives the file's SHA-256.

    What was written is read back and must score ``examples`` (float [M, D]) as ``fitted`` does. Raises ``ModelError``
    if it cannot be stored (nothing is left then), ``StorageError`` if it cannot be written.
    """
    skops = _skops()
    with replacing(target) as fresh:
        try:
            skops.dump(fitted, fresh, compression=zipfile.ZIP_DEFLATED)
        except OSError:
            raise
        except Exception as error:  # skops raises many kinds for what it cannot take apart
            raise _unfit(entry, f"{type(error).__name__}: {error}") from error
        if unknown := _unknown(fresh, entry):
            raise _unfit(entry, f"it is made of {', '.join(unknown)}")
        stored, _ = read(fresh, entry)
        classes = int(np.max(fitted.classes_)) + 1
        scores = class_scores(fitted, examples, classes)
        if not np.allclose(
            class_scores(stored, examples, classes), scores, rtol=SCORE_TOLERANCE, atol=SCORE_TOLERANCE, equal_nan=True
        ):
            raise _unfit(entry, "what was stored does not predict the same")
        return hash_file(fresh)


def read(file: Path, entry: Entry) -> tuple[Classifier, list[str]]:
    """What ``write`` wrote, and warnings (of another version of scikit-learn, for example). Raises ``ModelError``."""
    skops = _skops()
    try:
        with zipfile.ZipFile(file) as members:
            if sum(member.file_size for member in members.infolist()) > MAX_UNPACKED_BYTES:
                raise ValueError(f"it unpacks to more than {MAX_UNPACKED_BYTES:,} bytes")
        if unknown := _unknown(file, entry):
            raise ModelError(
                f"{file} is made of types that are not trusted: {', '.join(unknown)}",
                fix=f"leave it alone unless you know who made it; the author of {entry.distribution} can name what "
                f"its classifier is made of: Entry('{entry.name}', ..., stores=(...))",
            )
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fitted: Classifier = skops.load(file, trusted=list(entry.stores))
    except ModelError:
        raise
    except Exception as error:  # foreign bytes; whatever the readers make of them is shown
        raise ModelError(
            f"{file} cannot be read as a classifier: {type(error).__name__}: {error}",
            fix="restore the file that ferbench wrote, or run it again",
        ) from error
    return fitted, [" ".join(str(warning.message).split()) for warning in caught]


def _skops() -> Any:
    from skops import io  # imports all of scikit-learn, which takes seconds: errors of the user's come first

    return io


def _unknown(file: Path, entry: Entry) -> list[str]:
    return sorted(set(_skops().get_untrusted_types(file=file)) - set(entry.stores))


def _unfit(entry: Entry, reason: str) -> ModelError:
    return ModelError(
        f"classifier '{entry.name}' of {entry.distribution} cannot be stored, so this bundle cannot predict with it: "
        f"{reason}",
        fix="its author can name its types: Entry(stores=...)",
    )
