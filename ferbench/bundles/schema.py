"""The nested facts of ``result.json``, checked when it is read; in ``Result`` they stay plain dictionaries.

Schema 2: every field is required, and what is unknown or does not apply is null.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError

from ferbench.errors import first_problem
from ferbench.support.naming import FOLDER_NAME

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Owner = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99} [0-9][A-Za-z0-9.!+_-]{0,49}$")]
"""A distribution and its version, such as "ferbench-torch 0.1.0"."""
Name = Annotated[str, StringConstraints(pattern=FOLDER_NAME)]
"""Can name a folder or a file on any system."""


class Facts(BaseModel, extra="forbid", allow_inf_nan=False):
    """What all of them share: nothing unknown, no NaN."""


class ComponentFacts(Facts):
    """A registered component, as ``Component.to_dict`` gives it."""

    name: Name
    distribution: Owner
    parameters: dict[str, Any]


class PipelineFacts(Facts):
    """``Pipeline.to_dict``; no detector where the dataset ships crops or boxes."""

    name: Name
    detector: ComponentFacts | None
    faces: dict[str, Any]
    embedder: ComponentFacts
    loss: ComponentFacts | None
    sampler: ComponentFacts | None
    classifiers: Annotated[dict[Name, ComponentFacts], Field(min_length=1)]
    monitor: dict[str, Any]
    changed: dict[str, Any]


class DatasetFacts(ComponentFacts):
    """A dataset and what was loaded of it; ``release`` says how this copy relates to the release that is known."""

    fingerprint: Annotated[str, Field(min_length=1, max_length=100)]
    samples: Annotated[int, Field(ge=1)]
    release: Literal["known", "partial", "altered"]
    counts: dict[str, Count]


class ProtocolFacts(ComponentFacts):
    """A protocol, its selection rule, and why it is optimistic, if it is."""

    selection: Literal["validation", "test", "last"]
    optimistic: str | None


class LeakFacts(Facts):
    """How many test images the audit found again in training, and in which sides."""

    test_images: Count
    seen: list[str]


class SplitFacts(Facts):
    """One split's audit, as ``Audit.to_dict`` gives it."""

    split: Name
    train: Count
    validation: Count
    test: Annotated[int, Field(ge=1)]
    validation_is_test: bool
    missing_classes: dict[str, list[str]]
    between: list[dict[str, Any]]
    leaks: LeakFacts
    digest: Hash


class FaceFacts(Facts):
    """``Crops.to_dict``."""

    source: str
    coverage: Share
    missed: Count
    rule: str


class EnvironmentFacts(Facts):
    """Versions and the kind of machine; ``estimators`` are the classes that solved each classifier."""

    python: str
    system: str
    cores: int | None
    distributions: dict[str, str]
    estimators: dict[str, str]


class TrainingIdentity(Facts):
    """One training: by which embedder, under which settings, on which split."""

    run: str
    pipeline: str
    embedder: str
    dataset: dict[str, Any]
    protocol: dict[str, Any]
    split: str
    split_digest: Hash


class TrainingFacts(TrainingIdentity):
    """A training of weights that a run started from, and how many samples it used."""

    samples: Count


class OriginFacts(Facts):
    """Where weights come from, and the weights before them."""

    weights: dict[str, Hash]
    training: TrainingFacts | None
    before: OriginFacts | None


class TransferFacts(OriginFacts):
    """The weights a run started from, and how many of its test images they were trained on."""

    overlap: Count
    tested: Count
    unchecked: list[str]


class SubmissionFacts(Facts):
    """Who submitted a result: ``name`` of a person or team, ``url`` of code or paper, ``licence`` of the predictions.

    ``paper`` may be empty. ``checked`` says in a sentence what ids and labels were compared with, ``date`` is in UTC.
    """

    name: Annotated[str, Field(min_length=2, max_length=100)]
    url: Annotated[
        str, StringConstraints(pattern=r"^https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]+)?(/[!-~]*)?$", max_length=300)
    ]
    licence: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .()+-]{1,99}$")]
    paper: Annotated[str, Field(max_length=300)]
    date: str
    checked: str


class RerunFacts(Facts):
    """A repetition by ``ferbench rerun``: per classifier, both accuracies and the share of equal predictions."""

    date: str
    versions: dict[str, str]
    accuracy: dict[str, tuple[Share, Share]]
    same: dict[str, Share]


def follows(model: type[Facts]) -> AfterValidator:
    """Checks a dictionary against ``model`` and leaves it as it is."""

    def check(value: Any) -> Any:
        try:
            model.model_validate(value)
        except ValidationError as error:
            raise ValueError(first_problem(error)) from error
        return value

    return AfterValidator(check)
