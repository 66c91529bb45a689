"""Rules for components of every kind that is built from parameters: entry, signature, interface."""

import inspect
import re

from ferbench import interfaces
from ferbench.components.signature import REQUIRED, checked_parameters, signature_of
from ferbench.testing.rules import FACTORIES, expect, rule
from ferbench.testing.trial import Trial

INTERFACES = {
    "dataset": interfaces.Dataset,
    "protocol": interfaces.EvaluationProtocol,
    "detector": interfaces.Detector,
    "scenes": interfaces.SceneSet,
    "embedder": interfaces.Embedder,
    "loss": interfaces.Loss,
    "sampler": interfaces.Sampler,
}
"""A classifier is scikit-learn's: ``fit`` sets its ``classes_``."""
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@rule(*FACTORIES, "pipeline", "table")
def entry_is_complete(trial: Trial) -> None:
    """The name is lower-case words joined by hyphens, the summary one line; data from elsewhere says its licence."""
    entry = trial.entry
    expect(NAME.fullmatch(entry.name), f"the name is {entry.name!r}")
    expect("\n" not in entry.summary.strip(), f"the summary is {entry.summary!r}")
    if entry.kind in ("dataset", "scenes"):
        expect(entry.licence, "the entry says no licence")
        needs = trial.component.needs_data
        expect(entry.generated is not needs, f"the entry says generated={entry.generated} where needs_data is {needs}")


@rule(*FACTORIES)
def target_can_be_loaded(trial: Trial) -> None:
    """The entry's target imports and can be called."""
    expect(callable(trial.factory), f"{trial.entry.target} is {type(trial.factory).__name__}")


@rule(*FACTORIES)
def every_parameter_has_a_name(trial: Trial) -> None:
    """The factory takes no ``*args`` and no ``**kwargs``, and every parameter can be given by its name."""
    for name, parameter in inspect.signature(trial.factory).parameters.items():
        kind = parameter.kind
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(kind.name, "")
        expect(not stars and kind is not parameter.POSITIONAL_ONLY, f"it takes '{stars}{name}', {kind.description}")


@rule(*FACTORIES)
def every_parameter_has_a_type_and_a_default(trial: Trial) -> None:
    """Every parameter of the factory is annotated and has a default."""
    parameters = signature_of(trial.factory, trial.owner)
    required = [parameter.name for parameter in parameters if parameter.default is REQUIRED]
    expect(not required, f"without a default: {', '.join(required)}")


@rule(*FACTORIES)
def defaults_are_of_their_types(trial: Trial) -> None:
    """Every default is accepted by its parameter's own annotation, range included."""
    checked_parameters(trial.factory, {}, trial.owner)


@rule(*INTERFACES)
def it_has_what_its_interface_requires(trial: Trial) -> None:
    """What the factory gives has every member of its kind's protocol in ``ferbench.interfaces``."""
    wanted = INTERFACES[trial.entry.kind]
    members = {name for name in vars(wanted) if not name.startswith("_") or name == "__call__"}
    members |= set(wanted.__annotations__)
    missing = [name for name in sorted(members) if not hasattr(trial.component, name)]
    expect(not missing, f"{type(trial.component).__name__} lacks {', '.join(missing)} of {wanted.__name__}")
