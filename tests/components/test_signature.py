"""A factory's signature is its schema."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt, Le

from ferbench.components import signature
from ferbench.errors import ParameterError, PluginError


def factory(
    margin: Annotated[float, Gt(0)],
    rate: Annotated[float, Ge(0), Le(1)] = 0.5,
    mining: Literal["all", "hard"] = "all",
    count: int = 3,
    flip: bool = False,
    name: str = "",
) -> None:
    """A part."""


def test_defaults_are_filled_in() -> None:
    assert signature.checked_parameters(factory, {"margin": 1}, "loss 'x'") == {
        "margin": 1.0,
        "rate": 0.5,
        "mining": "all",
        "count": 3,
        "flip": False,
        "name": "",
    }


@pytest.mark.parametrize(
    ("given", "value"),
    [({"rate": "0.25"}, 0.25), ({"count": "7"}, 7), ({"flip": "true"}, True), ({"rate": 1}, 1.0), ({"name": "7"}, "7")],
)
def test_text_is_read_as_the_type_it_should_be(given: dict[str, object], value: object) -> None:
    resolved = signature.checked_parameters(factory, {"margin": 1.0, **given}, "loss 'x'")
    found = resolved[next(iter(given))]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"margn": 1.0}, r"no parameter 'margn'\n.*did you mean 'margin'\?.*rate, mining"),
        ({}, "needs a value for 'margin'"),
        ({"margin": 0.0}, r"(?s)'margin' cannot be 0.0.*float, > 0"),
        ({"margin": float("nan")}, "'margin' cannot be nan"),
        ({"margin": "wide"}, "'margin' cannot be 'wide'"),
        ({"margin": 1, "rate": 1.5}, r"(?s)'rate' cannot be 1.5.*float, >= 0, <= 1, by default 0.5"),
        ({"margin": 1, "mining": "soft"}, r'(?s)cannot be .soft..*"all" | "hard"'),
        ({"margin": 1, "count": 2.5}, "'count' cannot be 2.5"),
        ({"margin": 1, "count": True}, "'count' cannot be True"),
        ({"margin": 1, "flip": 1}, "'flip' cannot be 1"),
        ({"margin": [1]}, "'margin' cannot be"),
    ],
)
def test_a_wrong_value_is_named_with_its_type(given: dict[str, object], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        signature.checked_parameters(factory, given, "loss 'x'")


def test_a_signature_that_hides_parameters_is_refused() -> None:
    def hidden(**options: int) -> None: ...

    def untyped(margin=1.0): ...  # type: ignore[no-untyped-def]

    with pytest.raises(PluginError, match="takes \\*options"):
        signature.signature_of(hidden, "loss 'x'")
    with pytest.raises(PluginError, match="'margin' has no type"):
        signature.signature_of(untyped, "loss 'x'")


def test_a_class_without_a_constructor_has_no_parameters() -> None:
    class Plain: ...

    assert signature.checked_parameters(Plain, {}, "loss 'x'") == {}
