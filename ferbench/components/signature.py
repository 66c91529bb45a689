"""A factory's signature is its schema: read it, check values against it, fill in the defaults."""

import ast
import importlib.util
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ferbench.errors import ParameterError, PluginError, did_you_mean, first_problem

REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True)
class Parameter:
    """One parameter of a component: name, annotation, and default (``REQUIRED`` if there is none)."""

    name: str
    annotation: Any
    default: Any

    @property
    def type_text(self) -> str:
        """The annotation as a person reads it: ``float, > 0``, ``"adam" | "sgd"``."""
        return _describe(self.annotation)


def signature_of(factory: Callable[..., Any], owner: str) -> list[Parameter]:
    """The parameters of a component's factory. Raises ``PluginError`` for ``*args`` or a missing annotation."""
    function = factory.__init__ if inspect.isclass(factory) else factory
    if inspect.isclass(factory) and factory.__init__ is object.__init__:
        return []
    hints = _hints(function)
    parameters = []
    for name, parameter in inspect.signature(factory).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise PluginError(
                f"{owner} takes *{name}, so its parameters cannot be checked",
                fix="its author must name every parameter",
            )
        if name not in hints:
            raise PluginError(f"{owner}'s parameter '{name}' has no type", fix="its author must annotate it")
        parameters.append(Parameter(name, hints[name], parameter.default))
    return parameters


@cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    return typing.get_type_hints(function, include_extras=True)


def checked_parameters(factory: Callable[..., Any], given: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """``given`` with every default filled in, each value of the annotated type and range.

    Text is read as the type it should be ("0.5" for a float), so that the command line can pass it on.
    Raises ``ParameterError`` naming the parameter, its type and the nearest name.
    """
    parameters = {parameter.name: parameter for parameter in signature_of(factory, owner)}
    _check_known(given, list(parameters), owner)
    resolved = {}
    for name, parameter in parameters.items():
        value = given.get(name, parameter.default)
        if value is REQUIRED:
            raise ParameterError(
                f"{owner} needs a value for '{name}'", fix=f"--set COMPONENT.{name}={parameter.type_text}"
            )
        resolved[name] = _read(parameter, value, owner)
    return resolved


def check_without_import(target: str, given: Iterable[str], owner: str) -> None:
    """Raises ``ParameterError`` for a name that the factory at ``target`` does not have, as its source shows it.

    Its framework is not imported, so that a typing mistake is reported at once. What the source does not show, such as
    an inherited ``__init__``, is left to ``checked_parameters``.
    """
    names = _names_in_source(target)
    if names is not None:
        _check_known(given, names, owner)


def _names_in_source(target: str) -> list[str] | None:
    module, _, attribute = target.partition(":")
    try:
        spec = importlib.util.find_spec(module)  # imports the package, which by contract imports no framework
        tree = ast.parse(Path(str(spec and spec.origin)).read_bytes())
    except (ImportError, OSError, SyntaxError, ValueError):
        return None
    nodes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    node = nodes.get(attribute)
    if isinstance(node, ast.ClassDef):
        methods = (member for member in node.body if isinstance(member, ast.FunctionDef))
        node = next((method for method in methods if method.name == "__init__"), None)
        skipped = 1
    else:
        skipped = 0
    if node is None or node.decorator_list or node.args.vararg or node.args.kwarg:
        return None
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [argument.arg for argument in arguments[skipped:]]


def _check_known(given: Iterable[str], names: list[str], owner: str) -> None:
    for name in given:
        if name not in names:
            raise ParameterError(
                f"{owner} has no parameter '{name}'",
                fix=f"{did_you_mean(name, names)}it has: {', '.join(names) or 'none'}",
            )


def _read(parameter: Parameter, value: Any, owner: str) -> Any:
    adapter: TypeAdapter[Any] = TypeAdapter(parameter.annotation, config=ConfigDict(allow_inf_nan=False))
    try:
        return adapter.validate_python(value, strict=not isinstance(value, str))
    except ValidationError as error:
        raise ParameterError(
            f"{owner}: '{parameter.name}' cannot be {value!r}: {first_problem(error)}",
            fix=f"it is {parameter.type_text}"
            + ("" if parameter.default is REQUIRED else f", by default {parameter.default!r}"),
        ) from error


def _describe(annotation: Any) -> str:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "multiple_of": "multiple of"}
        inner, *limits = typing.get_args(annotation)
        bounds = [
            f"{sign} {getattr(limit, key)}" for limit in limits for key, sign in signs.items() if hasattr(limit, key)
        ]
        return ", ".join([_describe(inner), *bounds])
    if origin is typing.Literal:
        return " | ".join(f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in annotation.__args__)
    if origin is not None:
        return str(annotation).replace("typing.", "").replace("collections.abc.", "")
    return str(getattr(annotation, "__name__", annotation))
