"""The contract suite: every rule of ``ferbench.interfaces`` tested on a distribution's components, with real arrays.

A plugin author's whole test (it needs ``ferbench[testing]``):

    from ferbench.testing import contract

    test_contract = contract("my-distribution")

``ferbench plugin check my-distribution`` tests the same rules and prints a table. What cannot be tested, such as a
dataset whose files are not available, is skipped with its reason. A component is built with its defaults, except for
parameters that make it cheap if it has them (``ferbench.testing.trial.CHEAP``). To build it with others, and to say
where its files are:

    test_contract = contract("my-distribution", {"my-data": Given(data=Path("tests/release"))})

or, with ``pytest -p ferbench.testing``, by ``--ferbench-data NAME=PATH`` and ``--ferbench-set NAME.PARAMETER=VALUE``. A
rule is a function with ``@rule`` in one of this package's modules, one module per kind; its docstring is the rule.
"""

from typing import Any

from ferbench.testing.given import Given
from ferbench.testing.suite import contract

__all__ = ["Given", "contract", "pytest_addoption"]


def pytest_addoption(parser: Any) -> None:
    """The options of ``pytest -p ferbench.testing``."""
    group = parser.getgroup("ferbench")
    for option, metavar, text in (
        ("data", "NAME=PATH", "path of the files of dataset NAME; may be repeated"),
        ("set", "NAME.PARAMETER=VALUE", "parameter of component NAME; may be repeated"),
    ):
        group.addoption(f"--ferbench-{option}", action="append", default=[], metavar=metavar, help=text)
