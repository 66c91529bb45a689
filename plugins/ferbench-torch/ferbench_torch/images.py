"""uint8 crops -> the network's input."""

from __future__ import annotations

import torch
from torch import Tensor

from ferbench.data import Images

MEAN, DEVIATION = 0.5, 0.25
"""Of gray face crops in [0, 1], rounded: FER2013's Training images have 0.507 and 0.255."""


def to_tensor(images: Images, device: torch.device) -> Tensor:
    """Standardised float32 [B, 1, S, S] on ``device`` for uint8 [B, S, S], channels last (faster on a CPU)."""
    pixels = torch.from_numpy(images).to(device).unsqueeze(1).float()
    pixels = pixels.mul_(1 / (255 * DEVIATION)).sub_(MEAN / DEVIATION)
    return pixels.contiguous(memory_format=torch.channels_last)
