"""RetinaFace (Deng et al. 2020) with a ResNet-50 backbone, through retinaface-pytorch."""

from __future__ import annotations

import io
import os
import pickle
import warnings
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from ferbench.data import Face, Images
from ferbench.errors import ParameterError, WeightsError
from ferbench.support.weights import Weights, sha256
from ferbench_detectors._common import as_rgb, fingerprint, in_order, locate_as_told

# retinaface-pytorch imports albumentations, which asks the network for its newest version unless told otherwise.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

WEIGHTS = Weights(
    "retinaface_resnet50_2020-07-20-f168fae3c.zip",
    "https://github.com/ternaus/retinaface/releases/download/0.01/retinaface_resnet50_2020-07-20-f168fae3c.zip",
    # The publisher gives no more than this part of the name, by torch.hub's rule "filename-<sha256>.ext".
    "f168fae3c",
    licence="MIT",
    megabytes=97,
)
MOST_BYTES = 1 << 30
"""The largest checkpoint that is unpacked from a zip file."""


class RetinaFace:
    """The detector of Haider et al. 2023, Section 3.2, which does not say whose RetinaFace it is.

    Args:
        score_threshold: the least probability of a face that is given back; the library rounds it to two digits.
        nms_threshold: of two boxes that overlap by a greater share (intersection over union), the better one stays.
        max_size: the image is scaled, up or down, so that its longer side has this many pixels.
        device: a torch device, such as "cpu" or "cuda".
        weights: path of the checkpoint; by default the weights folder's, downloaded if it is missing.
        weights_sha256: the SHA-256 the file must have; by default the public one's first nine digits, which is all
            that its publisher gives.
    """

    landmarks = True

    def __init__(
        self,
        score_threshold: Annotated[float, Gt(0), Lt(1)] = 0.7,
        nms_threshold: Annotated[float, Gt(0), Lt(1)] = 0.4,
        max_size: Annotated[int, Ge(64), Le(4096)] = 960,
        device: str = "cpu",
        weights: str = "",
        weights_sha256: str = "",
    ) -> None:
        import torch  # slow, and a run whose faces are cut out already builds no detector

        try:
            torch.empty(0, device=device)
        except (RuntimeError, AssertionError) as error:  # torch built without CUDA asserts
            raise ParameterError(
                f"torch cannot use the device {device!r}: {str(error).splitlines()[0]}", fix='use device="cpu"'
            ) from error
        self.score_threshold = score_threshold
        self.nms_threshold = nms_threshold
        self.max_size = max_size
        self.device = device
        self.path = locate_as_told(WEIGHTS, weights, weights_sha256)

    @property
    def fingerprint(self) -> str:
        """Name, versions, parameters and the weights' SHA-256."""
        return fingerprint(
            "retinaface",
            "retinaface-pytorch",
            "torch",
            "torchvision",
            "albumentations",
            score_threshold=self.score_threshold,
            nms_threshold=self.nms_threshold,
            max_size=self.max_size,
            device=self.device,
            weights=sha256(self.path),
        )

    def detect(self, image: Images) -> list[Face]:
        """Faces with five landmarks in ``image`` (uint8 [H, W, 3] or [H, W]); boxes and scores to two decimals."""
        height, width = image.shape[:2]
        if min(height, width) * self.max_size < max(height, width):
            return []  # scaled down it would be less than a pixel wide, which the library cannot do
        found = self._model.predict_jsons(np.ascontiguousarray(as_rgb(image)), self.score_threshold, self.nms_threshold)
        return in_order(
            ((face["bbox"], face["score"], np.array(face["landmarks"], np.float32)) for face in found if face["bbox"]),
            image,
        )

    @cached_property
    def _model(self) -> Any:
        from retinaface.predict_single import Model  # type: ignore[import-untyped]  # it has no types

        state = load_checkpoint(self.path)
        with warnings.catch_warnings():
            # The library builds torchvision's ResNet by a parameter that has another name now.
            warnings.filterwarnings("ignore", "The parameter 'pretrained' is deprecated", UserWarning)
            warnings.filterwarnings("ignore", "Arguments other than a weight enum", UserWarning)
            model = Model(max_size=self.max_size, device=self.device)
        try:
            model.load_state_dict(state)
        except (RuntimeError, TypeError) as error:
            raise _unfit(self.path, str(error).splitlines()[0]) from error
        model.eval()
        return model


def load_checkpoint(path: Path) -> Any:
    """A checkpoint's tensors by name, on the CPU, read without running what is in it.

    Takes torch's formats, old and new, and a zip file with one of them as its only member, as torch.hub does.
    Raises ``WeightsError``.
    """
    import torch

    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                members = archive.infolist()
                if len(members) == 1:
                    if members[0].file_size > MOST_BYTES:
                        raise _unfit(path, f"it unpacks to {members[0].file_size} bytes")
                    return torch.load(io.BytesIO(archive.read(members[0])), map_location="cpu", weights_only=True)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise _unfit(path, str(error).splitlines()[0] if str(error) else type(error).__name__) from error


def _unfit(path: Path, reason: str) -> WeightsError:
    return WeightsError(
        f"{path} is no checkpoint of RetinaFace with ResNet-50: {reason}",
        fix="leave 'weights' out to use the public file",
    )
