"""``ferbench data``: where datasets lie, whether they are whole, and what their splits share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ferbench.components.discovery import installed

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
DATA = click.option("--data", type=click.Path(path_type=Path), help="Where its files lie; by default as added.")


@click.group()
def data() -> None:
    """Datasets on this machine: remember, list, check and audit them."""


@data.command()
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path))
def add(name: str, path: Path) -> None:
    """Remember that dataset NAME lies at PATH, so that --data can be left out."""
    from ferbench.support import data_paths

    registry = installed().registry
    scenes = any(entry.kind == "scenes" and entry.name == name for entry in registry)
    registry.get("scenes" if scenes else "dataset", name)
    click.echo(f"{name}: {data_paths.remember(name, path)}")
    click.echo(f"next:   ferbench {f'detectors --dataset {name}' if scenes else f'data check {name}'}")


@data.command("list")
@AS_JSON
def list_data(as_json: bool) -> None:
    """List every dataset and scenes with their licence, where to request them, and whether their files are known."""
    from ferbench.cli import parts

    found = parts.datasets(installed().registry, kinds=("dataset", "scenes"))
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        parts.show_datasets(found)


@data.command()
@click.argument("name")
@DATA
@AS_JSON
def check(name: str, data: Path | None, as_json: bool) -> None:
    """Load dataset NAME: images a class and part, fingerprint, and whether it is the known release."""
    from ferbench.cli import data_check
    from ferbench.components import pipeline
    from ferbench.support import data_paths
    from ferbench.support.progress import Reporter

    part = pipeline.resolve_component("dataset", name, installed().registry, {})
    reporter = Reporter()
    with reporter.stage(f"reading {name}"):
        samples = data_paths.load(part.build(), name, data)
    said = data_check.check(name, samples)
    click.echo(json.dumps(said, indent=2)) if as_json else data_check.show(said)


@data.command("manifest")
@click.argument("name")
@DATA
@click.option("--set", "settings", multiple=True, metavar="dataset.PARAMETER=VALUE", help="Of the dataset; repeat.")
@click.option("--differs", default="", metavar="TEXT", help="How this copy is not exactly the owners' release.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The CSV; its facts go beside, as .json.")
def make_manifest(name: str, data: Path | None, settings: tuple[str, ...], differs: str, out: Path) -> None:
    """Write the manifest of dataset NAME: ids, labels, groups and hashes, by which results are checked anywhere."""
    from ferbench.cli import options
    from ferbench.components import pipeline
    from ferbench.components.pipeline import settings_of
    from ferbench.support import data_paths
    from ferbench.support.atomic import write_json, write_text
    from ferbench.support.progress import Reporter
    from ferbench.verify import manifest

    options.only_of(settings, "dataset")
    given = settings_of(settings, "dataset")
    part = pipeline.resolve_component("dataset", name, installed().registry, given)
    reporter = Reporter()
    with reporter.stage(f"reading {name}"):
        samples = data_paths.load(part.build(), name, data)
    with reporter.stage("hashing"):
        facts, text = manifest.make(part, samples, differs, reporter.advance)
    write_text(out, text)
    write_json(out.with_suffix(".json"), facts.model_dump(mode="json"))
    click.echo(f"{out}: {len(samples):,} samples of {len(samples.classes)} classes")


@data.command()
@click.argument("name", metavar="DATASET")
@DATA
@click.option("--protocol", help="Name (ferbench list protocols); by default the dataset's own choice.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the split.")
@click.option(
    "--set", "settings", multiple=True, metavar="PART.PARAMETER=VALUE", help="Of dataset or protocol; repeat."
)
@click.option("--out", type=click.Path(path_type=Path), help="Write audit.json, audit.md and contact sheets there.")
@AS_JSON
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

    from ferbench.cli import options
    from ferbench.components import pipeline
    from ferbench.components.pipeline import settings_of
    from ferbench.leakage import contact_sheet
    from ferbench.leakage.of_a_run import audit_dataset
    from ferbench.leakage.page import document, markdown
    from ferbench.support.atomic import write_json, write_text
    from ferbench.support.progress import Reporter

    options.only_of(settings, "dataset", "protocol")
    source = pipeline.resolve_component("dataset", name, registry, settings_of(settings, "dataset"))
    chosen = protocol or source.entry.load().default_protocol
    rule = pipeline.resolve_component("protocol", chosen, registry, settings_of(settings, "protocol"))
    found = audit_dataset(source, rule, data, seed, Reporter())
    said: dict[str, Any] = document(name, rule.entry.name, seed, found.samples, found.audits, ids=True)
    page = markdown(said)
    if out:
        write_json(out / "audit.json", said)
        write_text(out / "audit.md", page)
        for one in found.audits:
            contact_sheet.draw(one, found.samples, found.crops.images, out / f"contact-sheet-{one.split.name}.png")
    click.echo(json.dumps(said, indent=2) if as_json else page)
    if out:
        click.echo(f"written to {out}", err=True)
