"""RetinaFace (Deng et al. 2020) with a ResNet-50 backbone, through retinaface-pytorch."""

from __future__ import annotations

import io
import os
import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Gt, Le, Lt

from ferbench.data import Face, Images
from ferbench.errors import ParameterError, WeightsError
from ferbench.media import as_rgb
from ferbench.support import Weights
from ferbench_detectors._common import TrainedDetector, in_order, locate_weights

# retinaface-pytorch imports albumentations, which asks the network for its newest version unless it is switched off.
os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")

WEIGHTS = Weights(
    "retinaface_resnet50_2020-07-20-f168fae3c.zip",
    "https://github.com/ternaus/retinaface/releases/download/0.01/retinaface_resnet50_2020-07-20-f168fae3c.zip",
    # The publisher gives no more than this part of the name, by torch.hub's rule "filename-<sha256>.ext".
    "f168fae3c",
    licence="MIT",
    megabytes=97,
)
MAX_BYTES = 1 << 30
"""The largest checkpoint that is unpacked from a zip file."""


class RetinaFace(TrainedDetector):
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

    name = "retinaface"
    libraries = ("retinaface-pytorch", "torch", "torchvision", "albumentations")
    max_size: int
    device: str

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
        super().__init__(
            locate_weights(WEIGHTS, weights, weights_sha256),
            score_threshold=score_threshold,
            nms_threshold=nms_threshold,
            max_size=max_size,
            device=device,
        )

    def detect(self, image: Images) -> list[Face]:
        """Faces with five landmarks in ``image`` (uint8 [H, W, 3] or [H, W]); boxes and scores to two decimals."""
        height, width = image.shape[:2]
        if min(height, width) * self.max_size < max(height, width):
            return []  # scaled down it would be less than a pixel wide, which the library cannot do
        rgb = np.ascontiguousarray(as_rgb(image))
        faces = self.network.predict_jsons(rgb, self.score_threshold, self.nms_threshold)
        return in_order(
            ((face["bbox"], face["score"], np.array(face["landmarks"], np.float32)) for face in faces if face["bbox"]),
            image,
        )

    def load_network(self) -> Any:
        """The library's model, with the weights."""
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
                    if members[0].file_size > MAX_BYTES:
                        raise _unfit(path, f"it unpacks to {members[0].file_size} bytes")
                    return torch.load(io.BytesIO(archive.read(members[0])), map_location="cpu", weights_only=True)
        return torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, EOFError, RuntimeError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise _unfit(path, str(error).splitlines()[0] if str(error) else type(error).__name__) from error


def _unfit(path: Path, reason: str) -> WeightsError:
    return WeightsError(
        f"{path} is not a checkpoint of RetinaFace with ResNet-50: {reason}",
        fix="leave 'weights' out to use the public file",
    )
