"""The nested facts of ``result.json``, checked when it is read; in ``Result`` they stay plain dictionaries."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ferbench.support.naming import FOLDER_NAME

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Owner = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99} [0-9][A-Za-z0-9.!+_-]{0,49}$")]
"""A distribution and its version, such as "ferbench-torch 0.1.0"."""
Name = Annotated[str, StringConstraints(pattern=FOLDER_NAME)]
"""Fit to name a folder or a file on any system."""


class Facts(BaseModel):
    """What all of them share: nothing unknown, no NaN."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class PartFacts(Facts):
    """A registered part, as ``Part.describe`` gives it."""

    name: Name
    distribution: Owner
    parameters: dict[str, Any]


class PipelineFacts(Facts):
    """``Pipeline.describe``; no detector where the dataset shipped crops or boxes."""

    name: Name
    detector: PartFacts | None
    faces: dict[str, Any]
    embedder: PartFacts
    loss: PartFacts | None
    sampler: PartFacts | None
    classifiers: Annotated[dict[Name, PartFacts], Field(min_length=1)]
    monitor: dict[str, Any]
    changed: dict[str, Any]


class DatasetFacts(PartFacts):
    """A dataset and what was loaded of it."""

    fingerprint: Annotated[str, Field(min_length=1, max_length=100)]
    samples: Annotated[int, Field(ge=1)]
    counts: dict[str, Count]


class ProtocolFacts(PartFacts):
    """A protocol, its selection rule, and why it is optimistic, if it is."""

    selection: Literal["validation", "test", "last"]
    optimistic: str | None


class LeakFacts(Facts):
    """How many test images the audit found again in training, and in which sides."""

    test_images: Count
    seen: list[str]


class SplitFacts(Facts):
    """One split's audit. Results from before the list of leaks have ``subjects`` and ``clips`` in its place."""

    split: Name
    train: Count
    validation: Count
    test: Annotated[int, Field(ge=1)]
    validation_is_test: bool
    missing_classes: dict[str, list[str]] = {}
    between: list[dict[str, Any]] = []
    leaks: LeakFacts | None = None
    digest: Hash
    subjects: dict[str, Any] | None = None
    clips: dict[str, Any] | None = None


class FaceFacts(Facts):
    """``Crops.describe``."""

    source: str
    coverage: Share
    missed: Count
    rule: str | None = None


class EnvironmentFacts(Facts):
    """Versions and the kind of machine; the earliest results do not name the ``estimators``."""

    python: str
    system: str
    cores: int | None
    distributions: dict[str, str]
    estimators: dict[str, str] = {}


class TrainingFacts(Facts):
    """One training of weights that a run started from."""

    run: str
    pipeline: str
    embedder: str
    dataset: dict[str, Any]
    protocol: dict[str, Any]
    split: str
    split_digest: Hash
    samples: Count


class OriginFacts(Facts):
    """Where weights come from, and the weights before them."""

    weights: dict[str, Hash]
    training: TrainingFacts | None
    before: OriginFacts | None = None


class TransferFacts(OriginFacts):
    """The weights a run started from, and how many of its test images they were trained on."""

    overlap: Count
    tested: Count
    unchecked: list[str]


class SubmissionFacts(Facts):
    """Who handed a result in: ``name`` of a person or team, ``url`` of code or paper, ``licence`` of the predictions.

    ``checked`` says in a sentence what the ids and labels were compared with, ``date`` is in UTC.
    """

    name: Annotated[str, Field(min_length=2, max_length=100)]
    url: Annotated[
        str, StringConstraints(pattern=r"^https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]+)?(/[!-~]*)?$", max_length=300)
    ]
    licence: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 .()+-]{1,99}$")]
    paper: Annotated[str, Field(max_length=300)] = ""
    date: str
    checked: str


class RerunFacts(Facts):
    """A repetition by ``ferbench rerun``: accuracy a classifier, there and here, and the share of equal predictions."""

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
            first = error.errors()[0]
            raise ValueError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
        return value

    return AfterValidator(check)
