"""The contract suite: every rule of ``ferbench.interfaces`` tried on a distribution's parts, with real arrays.

A plugin author's whole test (it needs ``ferbench[testing]``):

    from ferbench.testing import contract

    test_contract = contract("my-distribution")

``ferbench plugin check my-distribution`` tries the same rules and prints a table. What cannot be tried, such as a
dataset whose files are not at hand, is skipped with its reason. A part is tried with its defaults, but for the
parameters that make it cheap where it has them (``ferbench.testing.trial.CHEAP``). To try it otherwise, and to say
where its files lie:

    test_contract = contract("my-distribution", {"my-data": Given(data=Path("tests/release"))})

or, with ``pytest -p ferbench.testing``, by ``--ferbench-data NAME=PATH`` and ``--ferbench-set NAME.PARAMETER=VALUE``. A
rule is a function with ``@rule`` in one of this package's modules, a module a kind; its docstring is the rule.
"""

from __future__ import annotations

from typing import Any

from ferbench.testing.given import Given
from ferbench.testing.suite import contract

__all__ = ["Given", "contract", "pytest_addoption"]


def pytest_addoption(parser: Any) -> None:
    """The options of ``pytest -p ferbench.testing``."""
    group = parser.getgroup("ferbench")
    for option, metavar, text in (
        ("data", "NAME=PATH", "where the files of dataset NAME lie; repeat"),
        ("set", "NAME.PARAMETER=VALUE", "try part NAME with that value; repeat"),
    ):
        group.addoption(f"--ferbench-{option}", action="append", default=[], metavar=metavar, help=text)
