"""``ferbench data``: where datasets are, whether they are complete, and what their splits share."""

import json
from pathlib import Path
from typing import Any

import click

from ferbench.cli import options
from ferbench.components.discovery import installed


@click.group()
def data() -> None:
    """Datasets on this machine: remember, list, check and audit them."""


@data.command()
@click.argument("name")
@click.argument("path", type=options.PATH)
def add(name: str, path: Path) -> None:
    """Remember that the files of dataset NAME are at PATH, so that --data can be left out."""
    from ferbench.support import data_paths

    registry = installed().registry
    scenes = any(entry.kind == "scenes" and entry.name == name for entry in registry)
    registry.get("scenes" if scenes else "dataset", name)
    click.echo(f"{name}: {data_paths.remember(name, path)}")
    click.echo(f"next:   ferbench {f'detectors --scenes {name}' if scenes else f'data check {name}'}")


@data.command("list")
@options.as_json
def list_data(as_json: bool) -> None:
    """List all datasets and scenes: licence, where to request them, and whether their files are known."""
    from ferbench.cli.component_tables import datasets, show_datasets

    documents = datasets(installed().registry, "dataset", "scenes")
    if as_json:
        click.echo(json.dumps(documents, indent=2))
    else:
        show_datasets(documents)


@data.command()
@click.argument("name")
@options.data
@options.as_json
def check(name: str, data: Path | None, as_json: bool) -> None:
    """Load dataset NAME: images per class and partition, fingerprint, and whether it is the known release."""
    from ferbench.cli import data_check
    from ferbench.components import pipeline
    from ferbench.support import data_paths
    from ferbench.support.progress import Reporter

    dataset = pipeline.resolve_component("dataset", name, installed().registry)
    reporter = Reporter()
    with reporter.stage(f"reading {name}"):
        samples = data_paths.load(dataset.build(), name, data)
    document = data_check.check(name, samples)
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        data_check.show(document)


@data.command("manifest")
@click.argument("name")
@options.data
@options.settings("dataset")
@click.option("--differs", default="", metavar="TEXT", help="How this copy differs from the owners' release.")
@click.option("--out", type=options.PATH, required=True, help="The CSV; its facts go next to it, as .json.")
def make_manifest(name: str, data: Path | None, settings: tuple[str, ...], differs: str, out: Path) -> None:
    """Write the manifest of dataset NAME: ids, labels, groups and hashes, so that results can be checked anywhere."""
    from ferbench.components import pipeline
    from ferbench.components.settings import parameters_by_component
    from ferbench.support import data_paths
    from ferbench.support.atomic import write_json, write_text
    from ferbench.support.progress import Reporter
    from ferbench.verify import manifest

    parameters = parameters_by_component(settings, ["dataset"])
    dataset = pipeline.resolve_component("dataset", name, installed().registry, parameters["dataset"])
    reporter = Reporter()
    with reporter.stage(f"reading {name}"):
        samples = data_paths.load(dataset.build(), name, data)
    with reporter.stage("hashing"):
        facts, text = manifest.make(dataset, samples, differs, reporter.advance)
    write_text(out, text)
    write_json(out.with_suffix(".json"), facts.model_dump(mode="json"))
    click.echo(f"{out}: {len(samples):,} samples of {len(samples.classes)} classes")


@data.command()
@click.argument("name", metavar="DATASET")
@options.data
@options.protocol
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Random seed for the split.")
@options.settings("dataset|protocol")
@click.option("--out", type=options.PATH, help="Folder for audit.json, audit.md and contact sheets.")
@options.as_json
def audit(
    name: str,
    data: Path | None,
    protocol: str | None,
    seed: int,
    settings: tuple[str, ...],
    out: Path | None,
    as_json: bool,
) -> None:
    """Find what train, validation and test of DATASET share: subjects, clips, exact and near duplicates."""
    registry = installed().registry
    registry.get("dataset", name)
    if protocol:
        registry.get("protocol", protocol)

    from ferbench.components import pipeline
    from ferbench.components.settings import parameters_by_component
    from ferbench.leakage import contact_sheet
    from ferbench.leakage.of_a_run import audit_dataset
    from ferbench.leakage.page import to_dict, to_markdown
    from ferbench.support.atomic import write_json, write_text
    from ferbench.support.progress import Reporter

    parameters = parameters_by_component(settings, ["dataset", "protocol"])
    source = pipeline.resolve_component("dataset", name, registry, parameters["dataset"])
    chosen = protocol or source.entry.load().default_protocol
    rule = pipeline.resolve_component("protocol", chosen, registry, parameters["protocol"])
    samples, crops, audits = audit_dataset(source, rule, data, seed, Reporter())
    report: dict[str, Any] = to_dict(name, rule.entry.name, seed, samples, audits)
    page = to_markdown(report)
    if out:
        write_json(out / "audit.json", report)
        write_text(out / "audit.md", page)
        for audit in audits:
            sheet = out / f"contact-sheet-{audit.split.name}.png"
            contact_sheet.draw(audit, samples, crops.images, sheet)
    click.echo(json.dumps(report, indent=2) if as_json else page)
    if out:
        click.echo(f"written to {out}", err=True)
