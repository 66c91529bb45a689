"""What a training needs to continue after it was killed: one safetensors file, replaced atomically, no pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ferbench.errors import TrainingError
from ferbench.support import replacing


def save(
    file: Path,
    net: nn.Module,
    loss: nn.Module,
    optimizer: torch.optim.Optimizer,
    best: dict[str, Tensor],
    state: dict[str, Any],
) -> None:
    """Writes weights, the loss's parameters, the optimizer's tensors, the best weights so far and ``state`` (JSON)."""
    tensors = {f"best.{name}": value for name, value in best.items()}
    tensors |= {f"net.{name}": value for name, value in net.state_dict().items()}
    tensors |= {f"loss.{name}": value for name, value in loss.state_dict().items()}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in values.items() if value is not None}
    groups = [_plain(group) for group in optimizer.param_groups]
    with replacing(file) as fresh:
        save_file(
            {name: value.contiguous() for name, value in tensors.items()},
            fresh,
            metadata={"state": json.dumps(state), "groups": json.dumps(groups)},
        )


def load(
    file: Path, net: nn.Module, loss: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Puts back what ``save`` wrote; gives ``state`` and the best weights.

    Raises ``TrainingError`` if the file is not whole or belongs to another network, loss or optimizer.
    """
    try:
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata()
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - not a dict
        state: dict[str, Any] = json.loads(metadata["state"])
        groups = json.loads(metadata["groups"])
        net.load_state_dict(_under(tensors, "net."))
        loss.load_state_dict(_under(tensors, "loss."))
        packed = optimizer.state_dict()
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _under(tensors, "optimizer.").items():
            index, _, slot = name.partition(".")
            moments.setdefault(int(index), {})[slot] = value
        packed["state"] = moments
        for group, saved in zip(packed["param_groups"], groups, strict=True):
            if _plain(group) | {"lr": saved["lr"]} != saved:
                raise ValueError(f"it was left by an optimizer with {saved}")
            group |= saved
        optimizer.load_state_dict(packed)
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise TrainingError(
            f"the checkpoint {file} cannot be read back: {type(error).__name__}: {error}",
            fix="start the run again with --restart",
        ) from error
    return state, _under(tensors, "best.")


def _plain(group: dict[str, Any]) -> dict[str, int | float]:
    """The numbers and switches among an optimizer's settings: all that tells one optimizer of ours from another."""
    return {name: value for name, value in group.items() if isinstance(value, int | float)}


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
