"""Rules for what an embedder writes and takes back."""

import pickletools
import zipfile
from pathlib import Path

import numpy as np

from ferbench.errors import WeightsError
from ferbench.testing.examples import crops
from ferbench.testing.fitting import fitted, skip_if_untrained
from ferbench.testing.rules import BrokenRuleError, expect, rule
from ferbench.testing.trial import Trial


@rule("embedder")
def what_it_saves_it_takes_back(trial: Trial) -> None:
    """A new instance that loads the folder ``save`` wrote embeds the same, to the last bit."""
    skip_if_untrained(trial)
    images = crops(6, seed=5)[0]
    folder = trial.folder()
    fitted(trial).save(folder)
    try:
        again = trial.build().load(folder)
    except WeightsError as error:
        raise BrokenRuleError(f"it does not take what it wrote: {error.what}") from error
    off = np.abs(again.embed(images) - fitted(trial).embed(images)).max()
    expect(off == 0, f"embeddings differ by up to {off:.2g}")


@rule("embedder")
def it_saves_without_pickle(trial: Trial) -> None:
    """No file that ``save`` writes is, or holds, a pickle: ``torch.save``, ``joblib`` and object arrays are."""
    skip_if_untrained(trial)
    folder = trial.folder()
    fitted(trial).save(folder)
    pickled = [
        str(file.relative_to(folder)) for file in sorted(folder.rglob("*")) if file.is_file() and is_pickle(file)
    ]
    expect(not pickled, f"{', '.join(pickled)} is pickled (safetensors and npz without objects are not)")


@rule("embedder")
def other_weights_are_refused(trial: Trial) -> None:
    """``load`` of a file that is not its weights raises a ``WeightsError`` with a fix."""
    skip_if_untrained(trial)
    file = trial.folder() / "other.bin"
    file.write_bytes(b"nobody's weights" * 10)
    try:
        trial.build().load(file)
    except WeightsError as error:
        expect(error.fix, f"the WeightsError has no fix: {error.what}")
    else:
        raise BrokenRuleError("it took a file of other bytes without an error")


def is_pickle(file: Path) -> bool:
    """Whether a file is a pickle, a zip with one inside, or NumPy's with objects."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            return any(_is_pickle(archive.read(name)) for name in archive.namelist())
    return _is_pickle(file.read_bytes())


def _is_pickle(content: bytes) -> bool:
    if content.startswith(b"\x93NUMPY"):
        return b"'descr': '|O'" in content[:200]
    try:
        return any(opcode.name == "STOP" for opcode, _, _ in pickletools.genops(content))
    except Exception:  # bytes of another kind: the disassembler stops in many ways, and none of them is a pickle
        return False
