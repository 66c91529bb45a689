"""The random warp of a batch: each of its parts by itself, and what it draws from."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import rotate

from ferbench_torch.augment import Augmentation

NOTHING = Augmentation(horizontal_flip=0.0, vertical_flip=0.0, rotation=0.0, crop=1.0)
FULL = Augmentation(horizontal_flip=0.5, vertical_flip=0.3, rotation=15.0, crop=0.7)


def images(count: int = 6, side: int = 32, seed: int = 0) -> Tensor:
    return torch.rand(count, 1, side, side, generator=torch.Generator().manual_seed(seed))


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_no_strength_gives_the_images_back() -> None:
    torch.testing.assert_close(NOTHING(images(), draw()), images(), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("augmentation", "dimensions"),
    [
        (Augmentation(1.0, 0.0, 0.0, 1.0), [3]),
        (Augmentation(0.0, 1.0, 0.0, 1.0), [2]),
        (Augmentation(1.0, 1.0, 0.0, 1.0), [2, 3]),
    ],
    ids=["left-right", "upside-down", "both"],
)
def test_flips_alone_are_flips(augmentation: Augmentation, dimensions: list[int]) -> None:
    torch.testing.assert_close(augmentation(images(), draw()), images().flip(dimensions), rtol=0, atol=1e-5)


def test_flips_come_as_often_as_asked() -> None:
    given = images(1).expand(2000, 1, 32, 32)
    flipped = (Augmentation(0.25, 0.0, 0.0, 1.0)(given, draw()) - given.flip(3)).abs().amax(dim=(1, 2, 3)) < 1e-4
    assert float(flipped.float().mean()) == pytest.approx(0.25, abs=0.05)


def test_rotation_is_torchvisions() -> None:
    """The third of the six draws is the angle, from -rotation to +rotation."""
    side = 48
    distance = torch.arange(side) - (side - 1) / 2
    blob = torch.exp(-((distance[:, None] - 6) ** 2 + (distance[None, :] + 4) ** 2) / 40)[None, None]
    strength = 20.0
    for seed in range(4):
        drawn = torch.rand(6, 1, generator=draw(seed))[2]
        degrees = (2 * float(drawn) - 1) * strength
        turned = Augmentation(0.0, 0.0, strength, 1.0)(blob, draw(seed))
        same, other = (rotate(blob, angle, interpolation=InterpolationMode.BILINEAR) for angle in (degrees, -degrees))
        assert abs(degrees) > 2
        assert float((turned - same).abs().max()) < 0.01 < float((turned - other).abs().max())


def test_a_crop_is_a_window_of_the_image_drawn_to_full_size() -> None:
    """A ramp from -1 to 1 stays a ramp: its slope is the crop's side, its ends tell the crop's place."""
    side = 64
    ramp = ((torch.arange(side) + 0.5) / side * 2 - 1).expand(200, 1, side, side)
    cropped = Augmentation(0.0, 0.0, 0.0, 0.6)(ramp, draw())[:, 0, side // 2]
    middle = cropped[:, side // 2 - 8 : side // 2 + 8]
    slope = (middle[:, -1] - middle[:, 0]) / (15 * 2 / side)
    assert 0.6 - 1e-3 <= float(slope.min()) < 0.65
    assert 0.95 < float(slope.max()) <= 1 + 1e-3
    centre = cropped[:, side // 2 - 1 : side // 2 + 1].mean(dim=1)
    assert bool((centre.abs() <= 1 - slope + 1e-3).all())
    assert float(centre.min()) < -0.1 < 0.1 < float(centre.max())


def test_the_same_generator_gives_the_same_warp() -> None:
    first = FULL(images(), draw(1))
    assert torch.equal(first, FULL(images(), draw(1)))
    assert not torch.equal(first, FULL(images(), draw(2)))
    state = torch.random.get_rng_state()
    FULL(images(), draw(1))
    assert torch.equal(state, torch.random.get_rng_state())


def test_no_value_leaves_the_images_range() -> None:
    warped = FULL(images(64), draw())
    assert float(warped.min()) >= 0.0
    assert float(warped.max()) <= 1.0 + 1e-6
    assert warped.shape == (64, 1, 32, 32)


def test_a_white_image_stays_white_at_the_edges() -> None:
    """Edges are repeated outward: a turned image has no black corners."""
    warped = Augmentation(0.0, 0.0, 45.0, 1.0)(torch.ones(8, 1, 32, 32), draw())
    torch.testing.assert_close(warped, torch.ones(8, 1, 32, 32), rtol=0, atol=1e-5)


def test_an_image_does_not_depend_on_its_company() -> None:
    others = images(seed=9)
    others[2] = images()[2]
    assert torch.equal(FULL(images(), draw())[2], FULL(others, draw())[2])


def test_the_images_given_are_not_changed() -> None:
    given = images()
    FULL(given, draw())
    assert torch.equal(given, images())
