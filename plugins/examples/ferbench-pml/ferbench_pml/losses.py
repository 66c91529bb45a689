"""Each loss of pytorch-metric-learning as a ferbench loss: ``ferbench_pml.losses.ArcFaceLoss(margin=28.6, ...)``.

The parameters are those of the class's own signature that are plain values; what else it takes (a distance, a
reducer, a regularizer) stays the library's default. The sizes come from the run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

import pytorch_metric_learning.losses
import pytorch_metric_learning.miners
from torch import Tensor, nn

from ferbench.errors import ParameterError, TrainingError
from ferbench_pml import names

SIZES = {
    "num_classes": "num_classes",
    "embedding_size": "embedding_size",
    "descriptors_dim": "embedding_size",
}
"""What a class calls the sizes that are known only when the run is."""
REQUIRED = inspect.Parameter.empty
Plain = bool | int | float | str


class MetricLoss(nn.Module):
    """One loss of the library, on the pairs or triplets of one of its miners if there is one."""

    def __init__(self, kind: type[nn.Module], settings: Mapping[str, Any], miner: nn.Module | None) -> None:
        super().__init__()
        self.kind, self.settings, self.miner = kind, dict(settings), miner
        self.loss: nn.Module | None = None

    def prepare(self, embedding_size: int, num_classes: int) -> None:
        """Makes the loss with its learnable weights, if it has any."""
        known = {"embedding_size": embedding_size, "num_classes": num_classes}
        sizes = {name: known[SIZES[name]] for name in _signature(self.kind) if name in SIZES}
        try:
            self.loss = self.kind(**sizes, **self.settings)
        except (TypeError, ValueError, AssertionError) as error:
            raise ParameterError(
                f"loss 'pml:{self.kind.__name__}' cannot be made: {error}",
                fix=f"see its parameters: ferbench show pml:{self.kind.__name__}",
            ) from error

    def forward(self, embeddings: Tensor, labels: Tensor) -> Tensor:
        """Scalar for embeddings [B, D] and labels int64 [B]. ``TrainingError`` if it is not made for such."""
        if self.loss is None:
            raise RuntimeError("prepare(embedding_size, num_classes) comes before the first batch")
        try:
            mined = self.miner(embeddings, labels) if self.miner else None
            return cast(Tensor, self.loss(embeddings, labels, mined))
        except ValueError as error:  # the library's word for a batch that the loss is not made for
            raise TrainingError(
                f"loss 'pml:{self.kind.__name__}' does not take this batch: {error}",
                fix="choose a sampler that makes such batches, for example --set sampler=p-k",
            ) from error


def __getattr__(name: str) -> Callable[..., MetricLoss]:
    if name not in names.losses():
        raise AttributeError(f"pytorch-metric-learning has no loss {name}")
    return _factory(getattr(pytorch_metric_learning.losses, name))


def _factory(kind: type[nn.Module]) -> Callable[..., MetricLoss]:
    """A factory whose signature names the plain parameters of ``kind``, and the miner."""

    def make(*, miner: str, miner_settings: dict[str, Plain], **settings: Plain) -> MetricLoss:
        return MetricLoss(kind, settings, _miner(miner, miner_settings))

    signature = {name: default for name, default in _signature(kind).items() if name not in SIZES}
    own = {name: default for name, default in signature.items() if isinstance(default, Plain) or default is REQUIRED}
    hints: dict[str, Any] = {name: _hint(default) for name, default in own.items()}
    hints |= {"miner": Literal[("", *names.miners())], "miner_settings": dict[str, Plain]}
    defaults: dict[str, Any] = {**own, "miner": "", "miner_settings": {}}
    make.__name__ = make.__qualname__ = kind.__name__
    make.__doc__ = f"""{kind.__name__} of pytorch-metric-learning.

    Args:
        miner: picks pairs or triplets in each batch; none by default, which takes all.
        miner_settings: what the miner takes, such as {{margin = 0.1}}.
    """
    make.__annotations__ = {**hints, "return": MetricLoss}
    make.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[name])
            for name, default in defaults.items()
        ]
    )
    return make


def _miner(name: str, settings: Mapping[str, Plain]) -> nn.Module | None:
    if not name:
        if settings:
            raise ParameterError("loss.miner_settings is given, but no miner", fix="name one: --set loss.miner=...")
        return None
    try:
        made: nn.Module = getattr(pytorch_metric_learning.miners, name)(**settings)
    except (TypeError, ValueError, AssertionError) as error:
        raise ParameterError(f"miner '{name}' cannot be made: {error}", fix="correct loss.miner_settings") from error
    return made


def _signature(kind: type[nn.Module]) -> dict[str, Any]:
    """Name -> default of what the constructor of ``kind`` takes, and of what it may hand on to its bases'."""
    found: dict[str, Any] = {}
    for base in kind.__mro__:
        if base is nn.Module:
            break
        if "__init__" in vars(base):
            own = not found
            for name, parameter in list(inspect.signature(vars(base)["__init__"]).parameters.items())[1:]:
                # What a base cannot do without, the class gives it itself; but for the sizes, which it passes on.
                given = parameter.default is REQUIRED and name not in SIZES and not own
                if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) and not given:
                    found.setdefault(name, parameter.default)
    return found


def _hint(default: Any) -> Any:
    """A number may be whole or not, whichever its default is: the library writes 64 and means 64.0."""
    return type(default) if isinstance(default, bool | str) else int | float
