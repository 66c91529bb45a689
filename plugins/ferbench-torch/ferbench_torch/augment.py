"""The paper's augmentations, vectorised: one random affine warp of a whole batch on its device.

Flips, rotation and crop (Haider et al. 2023, Section 4.2) are drawn for each image and composed into one 2x3 matrix, so
pixels are interpolated once, by one call for the batch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Augmentation:
    """Random flips, rotation and crop.

    Args:
        horizontal_flip: probability of a left-right flip.
        vertical_flip: probability of an upside-down flip.
        rotation: largest angle in degrees, either way.
        crop: smallest side of a square crop as a share of the image's, in (0, 1]; the crop is drawn back to full size.
    """

    horizontal_flip: float = 0.5
    vertical_flip: float = 0.0
    rotation: float = 10.0
    crop: float = 0.85

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Warped copies of float images [B, 1, S, S]; edges are repeated outward. Draws from ``generator`` alone."""
        count = len(images)
        flip_x, flip_y, angle, side, left, top = torch.rand(6, count, generator=generator).to(images.device)
        x_sign = torch.where(flip_x < self.horizontal_flip, -1.0, 1.0)
        y_sign = torch.where(flip_y < self.vertical_flip, -1.0, 1.0)
        angle = (2 * angle - 1) * math.radians(self.rotation)
        side = 1 - side * (1 - self.crop)
        cosine, sine = angle.cos() * side, angle.sin() * side
        # Output coordinates in [-1, 1] -> flipped, turned and shrunk to the crop, moved to the crop's place.
        rows = (cosine * x_sign, -sine * y_sign, (2 * left - 1) * (1 - side))
        columns = (sine * x_sign, cosine * y_sign, (2 * top - 1) * (1 - side))
        matrix = torch.stack([torch.stack(rows, dim=1), torch.stack(columns, dim=1)], dim=1)
        grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
        return functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
