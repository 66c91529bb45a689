"""The core's own parts keep the contract, as every plugin's do."""

from ferbench.testing import contract

test_contract = contract("ferbench")
