"""The contract as a pytest function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ferbench.components import discovery
from ferbench.support.data_paths import parse_data_paths
from ferbench.testing.given import Given
from ferbench.testing.given import read as read_given


def contract(distribution: str, given: Mapping[str, Given] | str | None = None) -> Callable[..., None]:
    """A pytest function, parametrized over every component of ``distribution`` and every rule for it.

    ``given`` says how components are tried, by name, or is the name of a fixture that does; ``--ferbench-data`` and
    ``--ferbench-set`` take precedence. Raises ``PluginError`` if the distribution is not installed.
    """
    import pytest

    from ferbench.testing import running

    planned = running.pairs(distribution)
    made: list[running.Trials] = []

    def trials(request: pytest.FixtureRequest) -> running.Trials:
        if not made:
            by_name: Mapping[str, Given] = request.getfixturevalue(given) if isinstance(given, str) else given or {}
            data, settings = (request.config.getoption(f"--ferbench-{name}", default=[]) for name in ("data", "set"))
            by_name = {**by_name, **read_given(parse_data_paths(tuple(data)), settings)}
            running.refuse_unknown_names(by_name, planned)
            made.append(running.Trials(discovery.installed().registry, by_name))
        return made[0]

    def test_contract(pair: Any, request: pytest.FixtureRequest) -> None:
        outcome = running.attempt(pair, trials(request).subject(pair))
        if outcome.state == "skipped":
            pytest.skip(outcome.reason)
        if outcome.state == "failed":
            pytest.fail(f"{outcome.sentence}\n{outcome.reason}", pytrace=False)

    test: Callable[..., None] = pytest.mark.parametrize("pair", planned, ids=lambda pair: pair.name)(test_contract)
    return test
