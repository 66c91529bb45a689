"""Options that several commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ferbench.errors import ParameterError

Command = TypeVar("Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)
as_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
data = click.option("--data", type=PATH, help="The dataset's files; by default the path given to 'ferbench data add'.")
device = click.option("--device", help="Device for all components that use one: auto, cpu, cuda, cuda:1.")
protocol = click.option("--protocol", help="Name (ferbench list protocols); by default the dataset's own choice.")
seeds = click.option("--seeds", help="One run per seed, for example 0-4 or 0,3,7.")
split = click.option("--split", metavar="NAME", help="Which split of a run with several; by default the first.")
workers = click.option(
    "--workers", type=click.IntRange(1), help="Processes for the face step; by default one per core."
)
out = click.option("--out", type=PATH, default=Path("runs"), show_default=True, help="Root folder of the results.")
results = click.option(
    "--results", type=PATH, default=Path("leaderboards/results"), show_default=True, help="Root folder of the bundles."
)
resume = click.option(
    "--resume", "unfinished", flag_value="resume", default="error", help="Continue an unfinished run of these settings."
)
restart = click.option(
    "--restart",
    "unfinished",
    flag_value="restart",
    default="error",
    help="Delete an unfinished run of these settings first.",
)
check = click.option("--check", "only_check", is_flag=True, help="Write nothing; fail if a page is outdated.")


def settings(component: str = "COMPONENT") -> Callable[[Command], Command]:
    """``--set``, for one kind of component or for all."""
    metavar = f"{component}.PARAMETER=VALUE"
    return click.option(
        "--set", "settings", multiple=True, metavar=metavar, help="Change one parameter; may be repeated."
    )


def seed_list(text: str | None, seed: int) -> list[int]:
    """The seeds of ``--seeds`` ("0-4", "0,3,7"), or ``seed`` alone. Raises ``ParameterError``."""
    if text is None:
        return [seed]
    try:
        seeds: list[int] = []
        for piece in text.split(","):
            low, dash, high = piece.partition("-")
            seeds += range(int(low), int(high) + 1) if dash else [int(low)]
    except ValueError as error:
        raise ParameterError(
            f"--seeds {text} is not a list of seeds", fix="for example --seeds 0-4 or --seeds 0,3,7"
        ) from error
    if not seeds or len(set(seeds)) < len(seeds):
        raise ParameterError(f"--seeds {text} is empty or names a seed twice", fix="for example --seeds 0-4")
    return seeds
