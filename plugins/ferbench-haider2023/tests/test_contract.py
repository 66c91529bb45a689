"""Every part of this distribution keeps the contract."""

from ferbench.testing import contract

test_contract = contract("ferbench-haider2023")
