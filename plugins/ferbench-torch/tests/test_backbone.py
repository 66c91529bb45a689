"""The network, and the error if its weights are not available."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import save_file

from ferbench.errors import WeightsError
from ferbench_torch import backbone


def test_outputs_have_length_one_and_the_size_asked_for() -> None:
    net = backbone.build(16, "none").eval()
    images = torch.randn(3, 1, 24, 24)
    for rows, size in ((net(images), 16), (net.features(images), 512)):
        assert rows.shape == (3, size)
        torch.testing.assert_close(rows.norm(dim=1), torch.ones(3))


def restored(file: Path, size: int = 16) -> backbone.EmbeddingNet:
    net = backbone.build(size, "none")
    backbone.restore(net, file)
    return net


def test_a_missing_weights_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"there are no weights at .*nothing\.safetensors") as raised:
        restored(tmp_path / "nothing.safetensors")
    assert "embedder.safetensors" in raised.value.fix


def test_foreign_or_truncated_weights_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "embedder.safetensors"
    save_file({"head.weight": torch.zeros(16, 512)}, file)
    with pytest.raises(WeightsError, match="does not hold this embedder's weights"):
        restored(file)
    save_file(dict(backbone.build(16, "none").state_dict()), file)
    with pytest.raises(WeightsError, match="does not hold this embedder's weights"):
        restored(file, 17)
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(WeightsError, match="does not hold this embedder's weights"):
        restored(file)


def test_weights_of_a_file_are_taken(tmp_path: Path) -> None:
    first = backbone.build(16, "none").state_dict()
    save_file(dict(first), tmp_path / "embedder.safetensors")
    second = restored(tmp_path / "embedder.safetensors").state_dict()
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_imagenet_weights_that_cannot_be_had_are_named_with_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(name: str, *, pretrained: bool, **given: Any) -> Any:
        raise OSError("Network is unreachable\nand more lines")

    monkeypatch.setattr(timm, "create_model", unreachable)
    monkeypatch.setattr(backbone, "HF_HUB_CACHE", "/somewhere/hub")
    with pytest.raises(WeightsError) as raised:
        backbone.build(16, "imagenet")
    assert "model.safetensors of timm/resnet18.a1_in1k" in raised.value.what
    assert raised.value.what.endswith("OSError: Network is unreachable")
    assert "hf download timm/resnet18.a1_in1k model.safetensors" in raised.value.fix
    assert "models--timm--resnet18.a1_in1k" in raised.value.fix
    assert "/somewhere/hub" in raised.value.fix
    assert "embedder.weights=none" in raised.value.fix


def test_the_repository_named_is_the_one_timm_asks() -> None:
    settings = timm.get_pretrained_cfg(backbone.ARCHITECTURE)
    assert settings is not None
    assert settings.hf_hub_id == backbone.IMAGENET


def test_imagenet_weights_are_read_from_the_place_the_message_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lays a file down as ``hf download`` does, and lets timm find it without a connection."""
    from huggingface_hub import constants

    source = timm.create_model(backbone.ARCHITECTURE, pretrained=False)
    torch.nn.init.constant_(source.get_parameter("conv1.weight"), 0.25)
    home = tmp_path / f"models--{backbone.IMAGENET.replace('/', '--')}"
    snapshot = home / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("0" * 40)
    save_file(dict(source.state_dict()), snapshot / backbone.IMAGENET_FILE)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    net = backbone.build(16, "imagenet")
    # timm adds up the three colours' filters for gray images.
    assert float(net.get_parameter("backbone.conv1.weight").detach().mean()) == pytest.approx(0.75)
