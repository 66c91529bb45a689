"""``--set component.parameter=value``: one grammar in every command, and in ``ferbench.plan``."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ferbench.errors import ParameterError, did_you_mean

Settings = Mapping[str, Any] | Iterable[str]
"""{"loss.margin": 0.5}, or ["loss.margin=0.5"] as on the command line."""


def parse_settings(settings: Settings) -> dict[str, Any]:
    """{"loss.margin": 0.5} for ["loss.margin=0.5"]; a value that is not TOML is text. Raises ``ParameterError``."""
    return dict(settings) if isinstance(settings, Mapping) else dict(map(_parse, settings))


def parameters_by_component(settings: Settings, components: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The parameters of each of ``components``. Raises ``ParameterError`` for a setting of another one."""
    parameters: dict[str, dict[str, Any]] = {component: {} for component in components}
    for key, value in parse_settings(settings).items():
        component, _, parameter = key.partition(".")
        if component not in parameters:
            raise ParameterError(
                f"--set {key}={value}: there is no component '{component}' here",
                fix=f"{did_you_mean(component, components)}it may be: {', '.join(components)}",
            )
        if not parameter:
            raise ParameterError(f"--set {key}={value} names no parameter", fix=f"--set {key}.PARAMETER=VALUE")
        parameters[component][parameter] = value
    return parameters


def _parse(setting: str) -> tuple[str, Any]:
    key, equals, text = (piece.strip() for piece in setting.partition("="))
    if not equals or not key.partition(".")[0]:
        raise ParameterError(
            f"--set {setting} is not COMPONENT.PARAMETER=VALUE", fix="for example --set loss.margin=0.5"
        )
    try:
        return key, tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return key, text
