"""The losses of pytorch-metric-learning for ferbench, each by its class's name. Imports neither it nor torch."""

from ferbench import Entry, hookimpl
from ferbench_pml.names import losses


@hookimpl
def register_losses() -> list[Entry]:
    return [
        Entry(
            f"pml:{name}",
            f"ferbench_pml.losses:{name}",
            f"{name} of pytorch-metric-learning, with one of its miners if wanted",
            paper=f"as its documentation names it: https://kevinmusgrave.github.io/pytorch-metric-learning/losses/#{name.lower()}",
            licence="MIT (pytorch-metric-learning)",
            homepage="https://github.com/KevinMusgrave/pytorch-metric-learning",
        )
        for name in losses()
    ]
