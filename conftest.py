"""What holds for all tests: how many processes run them, and on how many threads each computes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

if "--benchmark-only" not in sys.argv:  # numpy and torch read it when they are imported
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that no process is left with one of them at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


# Both of hypothesis's time limits are about the machine, which runs as many tests at once as it has cores.
settings.register_profile("ferbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ferbench")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """One process is enough for one file, and benchmarks have the machine to themselves."""
    files = {argument.partition("::")[0] for argument in config.args}
    is_one_file = len(files) == 1 and Path(*files).is_file()
    if is_one_file or config.option.benchmark_only:
        config.option.numprocesses = 0
