"""Rules for losses: a scalar, and a gradient that reaches the embeddings and the loss's own weights.

Embedders in ``torch`` train with them, so they are tried with its tensors; it is imported by the first rule, not here.
"""

from typing import Any

from ferbench.errors import FerbenchError
from ferbench.testing.examples import blobs, st, tried
from ferbench.testing.rules import Skipped, expect, rule
from ferbench.testing.trial import Trial, seed_everything

SIZE = 8
CLASSES = 4
LABELS = [0, 1, 2, 3] * 4


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise Skipped(f"losses are tried with torch, which is not installed: {error}") from error
    return torch


def _prepared(trial: Trial, seed: int = 7) -> Any:
    """A new loss, prepared with the global random state at ``seed``."""
    loss = trial.build()
    _torch()
    seed_everything(seed)
    loss.prepare(SIZE, CLASSES)
    return loss


def _batch(labels: list[int], seed: int = 0) -> tuple[Any, Any]:
    """Embeddings float32 [B, 8] of length 1 with a gradient, and labels int64 [B]."""
    torch = _torch()
    rows, _ = blobs(len(labels), CLASSES, SIZE, seed)
    return torch.from_numpy(rows).requires_grad_(), torch.tensor(labels, dtype=torch.int64)


@rule("loss")
def it_is_a_scalar(trial: Trial) -> None:
    """A batch gives one finite floating-point number, as a tensor."""
    torch = _torch()
    value = _prepared(trial)(*_batch(LABELS))
    expect(isinstance(value, torch.Tensor), f"it gives {type(value).__name__}, not a tensor")
    expect(value.ndim == 0 and value.is_floating_point(), f"it gives {value.dtype} {tuple(value.shape)}")
    expect(torch.isfinite(value), f"it is {float(value.detach())}")


@rule("loss")
def the_gradient_flows(trial: Trial) -> None:
    """The gradient with respect to the embeddings is finite, and not zero where classes are mixed up."""
    torch = _torch()
    embeddings, labels = _batch(LABELS)
    value = _prepared(trial)(embeddings, labels)
    expect(value.requires_grad, "the value depends on no embedding: it was detached, or is a constant")
    value.backward()
    gradient = embeddings.grad
    expect(gradient is not None, "no gradient reaches the embeddings")
    expect(torch.isfinite(gradient).all(), "the gradient is not finite")
    expect(gradient.any(), "the gradient is zero everywhere")


@rule("loss")
def any_batch_is_taken(trial: Trial) -> None:
    """A batch of one sample, of one class, of equal embeddings or of any other labels gives a finite value and
    gradient, or a ``FerbenchError`` that says why not."""
    torch = _torch()

    def batch(labels: list[int], different: int) -> None:
        loss = _prepared(trial)
        rows, targets = _batch(labels)
        rows = rows.detach()[torch.arange(len(labels)) % different].clone().requires_grad_()
        try:
            value = loss(rows, targets)
        except FerbenchError as error:
            expect(error.fix, f"the {type(error).__name__} has no fix")
            return
        expect(torch.isfinite(value), f"the value is {float(value.detach())}")
        if value.requires_grad:
            value.backward()
        expect(rows.grad is None or torch.isfinite(rows.grad).all(), "the gradient is not finite")

    tried(batch, labels=st.lists(st.integers(0, CLASSES - 1), min_size=1, max_size=12), different=st.integers(1, 12))


@rule("loss")
def the_order_of_a_batch_is_nothing(trial: Trial) -> None:
    """The same rows in another order give the same value, except for rounding."""
    torch = _torch()
    embeddings, labels = _batch(LABELS)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(1))
    values = [
        float(_prepared(trial)(rows, targets).detach())
        for rows, targets in ((embeddings, labels), (embeddings[order], labels[order]))
    ]
    expect(abs(values[0] - values[1]) <= 1e-4 * max(1, abs(values[0])), f"it is {values[0]} and then {values[1]}")


@rule("loss")
def one_seed_gives_one_loss(trial: Trial) -> None:
    """Two losses prepared under one seed give the same value: what is learnt is created in ``prepare``."""
    seed_everything(1)
    first = float(_prepared(trial)(*_batch(LABELS)).detach())
    seed_everything(2)
    again = float(_prepared(trial)(*_batch(LABELS)).detach())
    expect(first == again, f"it is {first} and then {again}")


@rule("loss")
def its_parameters_learn(trial: Trial) -> None:
    """Learnable weights are created in ``prepare``, are its ``torch.nn.Parameter``s, and get a finite gradient."""
    torch = _torch()
    loss = trial.build()
    expect(isinstance(loss, torch.nn.Module), f"{type(loss).__name__} is not a torch.nn.Module: it cannot learn")
    early = [name for name, _ in loss.named_parameters()]
    expect(not early, f"created before prepare, so not seeded: {', '.join(early)}")
    loss = _prepared(trial)
    loss(*_batch(LABELS)).backward()
    for name, value in loss.named_parameters():
        expect(value.grad is not None, f"no gradient reaches {name}")
        expect(torch.isfinite(value.grad).all(), f"the gradient of {name} is not finite")
    loose = [name for name, value in vars(loss).items() if isinstance(value, torch.Tensor) and value.requires_grad]
    expect(not loose, f"tensors that are not parameters, so they are neither moved nor kept: {', '.join(loose)}")


@rule("loss")
def the_batch_is_not_written(trial: Trial) -> None:
    """Embeddings and labels are the same after the call."""
    torch = _torch()
    embeddings, labels = _batch(LABELS)
    embeddings = embeddings.detach()
    before = embeddings.clone(), labels.clone()
    _prepared(trial)(embeddings, labels)
    for name, one, other in zip(("embeddings", "labels"), before, (embeddings, labels), strict=True):
        expect(torch.equal(one, other), f"it wrote into the {name}")
