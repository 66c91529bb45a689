"""Rules for pipelines and tables: TOML files that name components."""

from pathlib import Path

from ferbench.boards import paper_table
from ferbench.components import pipeline
from ferbench.errors import FerbenchError
from ferbench.running.plan import plan
from ferbench.testing.rules import BrokenRuleError, expect, rule
from ferbench.testing.trial import Trial

ELSEWHERE = "a dataset that no pipeline names"


@rule("pipeline")
def it_is_a_pipeline_of_its_name(trial: Trial) -> None:
    """The file is valid TOML and has the name that it is registered under."""
    raw = pipeline.read(trial.entry.name, trial.registry)
    expect(raw["name"] == trial.entry.name, f"the file says name = {raw['name']!r}")


@rule("pipeline")
def it_resolves_for_every_dataset(trial: Trial) -> None:
    """Every component and parameter that it names exists, on every dataset that it has a section for and on others."""
    raw = pipeline.read(trial.entry.name, trial.registry)
    for dataset in (ELSEWHERE, *raw.get("on", {})):
        try:
            pipeline.resolve(raw, trial.registry, dataset=dataset)
        except FerbenchError as error:
            raise BrokenRuleError(f"on {dataset}: {error.what}") from error


@rule("pipeline")
def its_datasets_exist(trial: Trial) -> None:
    """Each section [on.DATASET] names a registered dataset."""
    raw = pipeline.read(trial.entry.name, trial.registry)
    for dataset in raw.get("on", {}):
        trial.registry.get("dataset", dataset)


@rule("table")
def it_is_a_table(trial: Trial) -> None:
    """The file is valid TOML with the keys that ``ferbench.boards.paper_table`` describes."""
    paper_table.read_table(trial.entry.name, trial.registry)


@rule("table")
def its_cells_can_be_run(trial: Trial) -> None:
    """Every dataset, protocol, pipeline, classifier and setting that a cell names exists."""
    table = paper_table.read_table(trial.entry.name, trial.registry)
    for cell in paper_table.cells(table):
        try:
            for name, classifier in cell.run.sources:
                planned = plan(
                    name,
                    dataset=cell.section.dataset,
                    data=Path(),  # that it is there is enough to plan
                    protocol=cell.protocol,
                    settings=cell.run.settings,
                    out=trial.folder(),
                    registry=trial.registry,
                )
                labels = [component.label for component in planned.pipeline.classifiers]
                expect(classifier in labels, f"row '{cell.row.label}': {name} has no classifier '{classifier}'")
        except FerbenchError as error:
            raise BrokenRuleError(f"row '{cell.row.label}': {error.what}") from error
