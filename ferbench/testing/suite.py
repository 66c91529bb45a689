"""The contract as a pytest function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ferbench.components import discovery
from ferbench.support.data_paths import parse_data_paths
from ferbench.testing import given as telling
from ferbench.testing.given import Given


def contract(distribution: str, given: Mapping[str, Given] | str | None = None) -> Callable[..., None]:
    """A pytest function, parametrized over every part of ``distribution`` and every rule for it.

    ``given`` says how parts are tried, by their names, or names the fixture that says so. What ``--ferbench-data`` and
    ``--ferbench-set`` say goes before it. Raises ``PluginError`` if the distribution is not installed.
    """
    import pytest

    from ferbench.testing import running

    todo = running.pairs(distribution)
    found: list[running.Trials] = []

    def trials(request: pytest.FixtureRequest) -> running.Trials:
        if not found:
            told: Mapping[str, Given] = request.getfixturevalue(given) if isinstance(given, str) else given or {}
            said = [request.config.getoption(f"--ferbench-{one}", default=[]) for one in ("data", "set")]
            told = {**told, **telling.read(parse_data_paths(tuple(said[0])), said[1])}
            running.refuse_unknown_names(told, todo)
            found.append(running.Trials(discovery.installed().registry, told))
        return found[0]

    def test_contract(pair: Any, request: pytest.FixtureRequest) -> None:
        outcome = running.attempt(pair, trials(request).of(pair))
        if outcome.state == "skipped":
            pytest.skip(outcome.reason)
        if outcome.state == "failed":
            pytest.fail(f"{outcome.sentence}\n{outcome.reason}", pytrace=False)

    named: Callable[..., None] = pytest.mark.parametrize("pair", todo, ids=lambda pair: pair.name)(test_contract)
    return named
