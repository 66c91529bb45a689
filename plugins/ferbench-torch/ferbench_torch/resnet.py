"""The paper's embedder: ResNet18 with a 128-D head, trained by any loss and sampler."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, cast

import numpy as np
import torch
from annotated_types import Ge, Gt, Le
from safetensors.torch import save_file
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from ferbench.data import Embeddings, ImageRows, Labels, batches
from ferbench.errors import ParameterError
from ferbench.interfaces import Loss, TrainingJob
from ferbench.support import replacing
from ferbench_torch import backbone
from ferbench_torch.augment import Augmentation
from ferbench_torch.images import to_tensor
from ferbench_torch.schedules import Schedule
from ferbench_torch.trainer import Recipe, Trainer, TrainingData

BATCH = 64
"""Every embedding is computed in a batch of this size, filled up with zeros, so that none depends on the others."""

FILE = "embedder.safetensors"


class ResNet18:
    """ResNet18 on gray crops, a fully connected layer on its pooled features, unit length (Haider et al. 2023, 3.3).

    Args:
        size: length of the embedding.
        features: what ``embed`` gives: the ``head``'s output, or the 512 pooled features before it (``avg_pool``,
            Section 4.2). The loss sees the head's output in both.
        weights: ``none`` (random) or ``imagenet`` (timm's, downloaded by timm). To start from an earlier run's, which
            the result then names: ``ferbench run --init``.
        epochs: passes over the training set.
        optimizer: ``adam``, ``adamw`` (decoupled weight decay), or ``sgd`` with Nesterov momentum 0.9.
        learning_rate: at its highest.
        weight_decay: L2 penalty.
        schedule: ``plateau``: x0.9 after 5 epochs without a better validation accuracy; ``one-cycle``; ``constant``.
        horizontal_flip: probability, in training.
        vertical_flip: probability, in training.
        rotation: largest angle in degrees, either way, in training.
        crop: smallest side of the random square crop, as a share of the image's, in training.
        flip_average: embed an image and its mirror image and average the two.
        precision: ``bf16`` trains under autocast; check first that your CPU has bf16 instructions.
        device: ``auto`` takes a CUDA device if there is one.
    """

    def __init__(
        self,
        size: Annotated[int, Ge(2)] = 128,
        features: Literal["head", "avg_pool"] = "head",
        weights: backbone.Weights = "none",
        epochs: Annotated[int, Ge(1)] = 100,
        optimizer: Literal["adam", "adamw", "sgd"] = "adam",
        learning_rate: Annotated[float, Gt(0)] = 0.001,
        weight_decay: Annotated[float, Ge(0)] = 0.0,
        schedule: Schedule = "plateau",
        horizontal_flip: Annotated[float, Ge(0), Le(1)] = 0.5,
        vertical_flip: Annotated[float, Ge(0), Le(1)] = 0.0,
        rotation: Annotated[float, Ge(0), Le(180)] = 10.0,
        crop: Annotated[float, Gt(0), Le(1)] = 0.85,
        flip_average: bool = False,
        precision: Literal["fp32", "bf16"] = "fp32",
        device: str = "auto",
    ) -> None:
        self.size = size
        self.features = features
        self.weights = weights
        self.flip_average = flip_average
        self.recipe = Recipe(
            epochs=epochs,
            optimizer=optimizer,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            schedule=schedule,
            precision=precision,
            augmentation=Augmentation(horizontal_flip, vertical_flip, rotation, crop),
        )
        self.device = _device(device)
        self._net: backbone.EmbeddingNet | None = None
        self._loaded = False

    @property
    def embedding_size(self) -> int:
        """D of what ``embed`` gives."""
        return self.size if self.features == "head" else backbone.POOLED

    @property
    def weight_count(self) -> int:
        """How many weights the network has."""
        return sum(value.numel() for value in self._network().parameters())

    def macs(self, size: int) -> int:
        """Multiply-accumulates of ``embed`` for one crop of ``size`` pixels, by PyTorch's counter (two FLOPs each).

        As the network is defined: how a device computes it (``tiny_maps``) does not matter.
        """
        with torch.device("meta"):
            net = backbone.EmbeddingNet(self.size, imagenet=False).eval()
            crop = torch.zeros(1, 1, size, size)
        forward = net if self.features == "head" else net.features
        with torch.inference_mode(), FlopCounterMode(display=False) as counter:
            forward(crop)
        return int(counter.get_total_flops()) // 2 * (1 + self.flip_average)

    def fit(self, crops: ImageRows, labels: Labels, job: TrainingJob) -> ResNet18:
        """Trains on crops uint8 [N, S, S] and labels int64 [N]; keeps the weights of the monitor's best epoch.

        Continues from the weights that ``load`` took, if it did.
        """
        loss = job.loss
        if not isinstance(loss, nn.Module) or job.sampler is None:
            raise ParameterError(
                "embedder 'resnet18' is trained with a loss that is a torch.nn.Module, and a sampler",
                fix="give the pipeline a [loss] and a [sampler]; see: ferbench list losses",
            )
        seed = int(job.rng.integers(2**62))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if not self._loaded:
                self._net = backbone.build(self.size, self.weights)
            net = self._network()
            cast(Loss, loss).prepare(self.size, job.num_classes)
        net.to(self.device).to(memory_format=torch.channels_last)
        trainer = Trainer(net, loss.to(self.device), self.recipe, device=self.device, seed=seed)
        data = TrainingData(crops, labels, job.sampler)
        with _deterministic(self.device):
            trainer.fit(data, embedder=self, monitor=job.monitor, folder=job.checkpoint)
        return self

    @torch.inference_mode()
    def embed(self, crops: ImageRows) -> Embeddings:
        """float32 [N, D], rows of length 1, for uint8 [N, S, S]."""
        net = self._network().eval()
        rows = np.empty((len(crops), self.embedding_size), np.float32)
        for rows_of_batch in batches(len(crops), BATCH):
            chunk = crops[rows_of_batch]
            padded = np.zeros((BATCH, *chunk.shape[1:]), np.uint8)
            padded[: len(chunk)] = chunk
            pixels = to_tensor(padded, self.device)
            forward = net if self.features == "head" else net.features
            result = forward(pixels)
            if self.flip_average:
                result = nn.functional.normalize(result + forward(pixels.flip(-1)))
            rows[rows_of_batch] = result[: len(chunk)].cpu().numpy()
        return rows

    def save(self, folder: Path) -> None:
        """Writes ``embedder.safetensors`` into ``folder``."""
        with replacing(folder / FILE) as fresh:
            save_file({name: value.contiguous() for name, value in self._network().state_dict().items()}, fresh)

    def load(self, path: Path) -> ResNet18:
        """Takes the weights of ``embedder.safetensors`` in folder ``path``, or of that file. ``WeightsError``."""
        self._net = backbone.EmbeddingNet(self.size, imagenet=False)
        backbone.restore(self._net, path if path.is_file() else path / FILE)
        self._net.to(self.device).to(memory_format=torch.channels_last)
        self._loaded = True
        return self

    def export_onnx(self, file: Path, size: int) -> None:
        """Writes ``embed`` for crops of ``size`` pixels as an ONNX graph (``ferbench.interfaces.OnnxExport``)."""
        from ferbench_torch import onnx_graph  # the exporter is slow to import and rarely needed

        graph = onnx_graph.Graph(self._network(), pooled=self.features == "avg_pool", flip_average=self.flip_average)
        onnx_graph.write(graph, file, size)

    def _network(self) -> backbone.EmbeddingNet:
        if self._net is None:
            self._net = backbone.build(self.size, self.weights)
            self._net.to(self.device).to(memory_format=torch.channels_last)
        return self._net


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ParameterError(
            f"device '{name}' cannot be used: {str(error).splitlines()[0]}",
            fix='use "auto", "cpu", or a CUDA device that nvidia-smi lists ("cuda", "cuda:1")',
        ) from error
    return device


def _deterministic(device: torch.device) -> Any:
    """cuDNN without its non-deterministic kernels; the CPU's are deterministic for one number of threads."""
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=device.type == "cuda")
