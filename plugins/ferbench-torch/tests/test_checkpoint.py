"""What a killed training finds again, and that nothing else is taken for it."""

from __future__ import annotations

import itertools
import json
import pickle
import struct
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ferbench.errors import TrainingError
from ferbench_torch import checkpoint
from ferbench_torch.augment import Augmentation
from ferbench_torch.cross_entropy import CrossEntropyLoss
from ferbench_torch.trainer import Recipe, Trainer

Kind = Literal["adam", "adamw", "sgd"]
KINDS: list[Kind] = ["adam", "adamw", "sgd"]
STATE = {"epoch": 3, "seed": 2**61 + 1, "scores": [(1, 1 / 3), (2, 0.1 + 0.2)]}


def trainer(kind: Kind, seed: int, width: int = 4) -> Trainer:
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(6, width), nn.BatchNorm1d(width))
    loss = CrossEntropyLoss()
    loss.prepare(width, 3)
    recipe = Recipe(1, kind, 0.01, 0.1, "constant", "fp32", Augmentation())
    return Trainer(net, loss, recipe, device=torch.device("cpu"), seed=seed)


def step(one: Trainer) -> None:
    rows = torch.randn(8, 6, generator=torch.Generator().manual_seed(5))
    one.optimizer.zero_grad()
    one.loss(one.net(rows), torch.arange(8) % 3).backward()
    one.optimizer.step()


def tensors(one: Trainer) -> list[torch.Tensor]:
    slots = [sorted(slots.items()) for slots in one.optimizer.state.values()]
    moments = [value for named in slots for _, value in named if value is not None]
    return [*one.net.state_dict().values(), *one.loss.state_dict().values(), *moments]


def saved(file: Path, kind: Kind = "adam") -> Trainer:
    one = trainer(kind, seed=0)
    for _ in range(3):
        step(one)
    one.best = {name: value.clone() for name, value in one.net.state_dict().items()}
    step(one)
    checkpoint.save(file, one.net, one.loss, one.optimizer, one.best, STATE)
    return one


def load(file: Path, one: Trainer) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    return checkpoint.load(file, one.net, one.loss, one.optimizer)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_saved_comes_back_and_goes_on_the_same(tmp_path: Path, kind: Kind) -> None:
    file = tmp_path / "training.safetensors"
    first, second = saved(file, kind), trainer(kind, seed=1)
    state, best = load(file, second)
    assert state == json.loads(json.dumps(STATE))
    assert best.keys() == first.best.keys()
    assert all(torch.equal(value, first.best[name]) for name, value in best.items())
    if kind != "sgd":
        assert {float(slots["step"]) for slots in second.optimizer.state.values()} == {4.0}
    for _ in range(3):
        assert len(tensors(first)) == len(tensors(second))
        assert all(torch.equal(one, other) for one, other in zip(tensors(first), tensors(second), strict=True))
        step(first)
        step(second)


def test_the_learning_rate_comes_back(tmp_path: Path) -> None:
    file, one = tmp_path / "training.safetensors", trainer("sgd", seed=0)
    one.optimizer.param_groups[0]["lr"] = 0.00123
    checkpoint.save(file, one.net, one.loss, one.optimizer, {}, STATE)
    other = trainer("sgd", seed=1)
    load(file, other)
    assert other.optimizer.param_groups[0]["lr"] == 0.00123


def test_the_file_is_safetensors_from_its_first_byte_to_its_last(tmp_path: Path) -> None:
    file = tmp_path / "training.safetensors"
    saved(file)
    raw = file.read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    assert set(header.pop("__metadata__")) == {"state", "groups"}
    ends = sorted(tensor["data_offsets"] for tensor in header.values())
    assert ends[0][0] == 0
    assert all(before[1] == after[0] for before, after in itertools.pairwise(ends))
    assert 8 + length + ends[-1][1] == len(raw)
    assert {name.partition(".")[0] for name in header} == {"net", "loss", "optimizer", "best"}


def test_a_broken_or_foreign_file_is_an_error_that_says_how_to_go_on(tmp_path: Path) -> None:
    whole, file = tmp_path / "whole.safetensors", tmp_path / "training.safetensors"
    saved(whole)
    raw = whole.read_bytes()
    for content in (raw[:-1], raw[: len(raw) // 2], raw[:4], b"", b"no tensors", pickle.dumps({"net": 1})):
        file.write_bytes(content)
        with pytest.raises(TrainingError, match=r"training\.safetensors cannot be read back") as raised:
            load(file, trainer("adam", seed=1))
        assert "--restart" in raised.value.fix


def test_a_safetensors_file_of_other_tensors_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "training.safetensors"
    save_file({"net.weight": torch.zeros(2)}, file)
    with pytest.raises(TrainingError):
        load(file, trainer("adam", seed=1))
    save_file({"net.weight": torch.zeros(2)}, file, metadata={"state": "{}", "groups": "[{}]"})
    with pytest.raises(TrainingError):
        load(file, trainer("adam", seed=1))


def test_another_network_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "training.safetensors"
    saved(file)
    with pytest.raises(TrainingError, match="size mismatch"):
        load(file, trainer("adam", seed=1, width=5))


@pytest.mark.parametrize(("left", "asked"), [("adam", "adamw"), ("adamw", "adam"), ("sgd", "adam"), ("adam", "sgd")])
def test_another_optimizer_is_an_error(tmp_path: Path, left: Kind, asked: Kind) -> None:
    file = tmp_path / "training.safetensors"
    saved(file, left)
    with pytest.raises(TrainingError, match="left by an optimizer with"):
        load(file, trainer(asked, seed=1))
