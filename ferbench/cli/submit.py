"""``ferbench verify``, ``ferbench submit`` and ``ferbench rerun``: others' results checked, submitted, run again."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ferbench.cli import options
from ferbench.errors import FerbenchError, printable

if TYPE_CHECKING:
    from ferbench.running.rerun import Rerun

BUNDLE = click.argument("folder", metavar="BUNDLE", type=options.PATH)


@click.command()
@click.argument("bundles", nargs=-1, required=True, type=options.PATH)
@options.as_json
def verify(bundles: tuple[Path, ...], as_json: bool) -> None:
    """Check each BUNDLE (or all below a folder): scores recomputed, ids, labels and splits against manifests."""
    answers = [answer for given in bundles for answer in _answers(given)]
    if as_json:
        click.echo(json.dumps(answers, indent=2))
    else:
        for one in answers:
            _show(one)
    if not all(one["ok"] for one in answers):
        sys.exit(1)


@click.command()
@BUNDLE
@click.option("--name", required=True, help="Who submits it: a person or a team.")
@click.option("--url", required=True, help="Address of the code, model or paper; https.")
@click.option("--licence", required=True, help="Licence of the predictions, as an SPDX identifier: CC-BY-4.0.")
@click.option("--paper", default="", help="The paper: authors, year, title, venue.")
@click.option("--to", type=options.PATH, default=Path("leaderboards/results"), show_default=True)
def submit(folder: Path, name: str, url: str, licence: str, paper: str, to: Path) -> None:
    """Check a BUNDLE, record who submits it, and copy it into place for a pull request."""
    from ferbench.verify import submit as verify_submit

    place, verdict = verify_submit.submit(folder, to, name=name, url=url, licence=licence, paper=paper)
    click.echo(f"submitted: {place}")
    click.echo(f"checked:   scores recomputed; {verdict.manifest_check}")
    click.echo(f"next:      git add {place} && ferbench leaderboard && git add {to.parent}; then open a pull request")


@click.command()
@BUNDLE
@options.data
@click.option("--init", type=options.PATH, help="The weights that the bundle's run started from, if it did.")
@options.workers
@options.out
@options.resume
@options.restart
def rerun(
    folder: Path, data: Path | None, init: Path | None, workers: int | None, out: Path, resume: bool, restart: bool
) -> None:
    """Run a BUNDLE again with the components installed here; if the scores agree, mark it as reproduced."""
    from ferbench.running import rerun as running_rerun
    from ferbench.support.progress import Reporter

    result, again = running_rerun.plan_rerun(folder, data=data, out=out, init=init, workers=workers)
    done = running_rerun.rerun(
        folder, result, again, Reporter(), unfinished=options.unfinished(resume, restart=restart)
    )
    _show_rerun(done)
    if not done.holds:
        click.echo(f"NOT reproduced: {folder} is left as it was; the run is in {done.folder}")
        sys.exit(1)
    running_rerun.promote(folder, result, done)
    click.echo(f"reproduced: {folder}")


def _answers(given: Path) -> list[dict[str, Any]]:
    """What is found in a bundle, or in all bundles below a folder and beside them."""
    from ferbench.bundles import files
    from ferbench.verify.verify import judge

    try:
        found = files.survey(given)
    except FerbenchError as error:
        return [_refused(given, [error.what])]
    answers = [
        *(_refused(path, [f"{path} is a link"]) for path in found.links),
        *(_refused(path, [f"{path} belongs to no bundle"]) for path in found.strays),
    ]
    for folder in found.bundles or ([] if answers else [given]):
        verdict = judge(folder)
        if verdict.reasons or verdict.result is None:
            answers.append(_refused(folder, verdict.reasons))
        else:
            scores = verdict.result.scores[verdict.result.main_classifier]
            said = {"accuracy": scores.accuracy, "count": scores.count}
            checked = {"matches_manifest": verdict.matches_manifest, "manifest_check": verdict.manifest_check}
            answers.append({"bundle": str(folder), "ok": True, **said, **checked})
    return answers


def _refused(path: Path, reasons: list[str]) -> dict[str, Any]:
    return {"bundle": printable(str(path)), "ok": False, "reasons": [printable(one) for one in reasons]}


def _show(one: dict[str, Any]) -> None:
    if one["ok"]:
        mark = "" if one["matches_manifest"] else f"; {one['manifest_check']}"
        click.echo(f"verified  {one['bundle']}  accuracy {one['accuracy']:.2%} of {one['count']:,} images{mark}")
    else:
        click.echo(f"REFUSED   {one['bundle']}")
        for reason in one["reasons"]:
            click.echo(f"          {reason}")


def _show_rerun(done: Rerun) -> None:
    for one in done.agreements:
        (there, here), (low, high) = one.accuracy, one.interval
        click.echo(
            f"{one.label}: {there:.2%} in the bundle, {here:.2%} here (difference's 95% interval {low:+.2%} to "
            f"{high:+.2%}); {one.same:.2%} of the predictions are the same"
        )
    for one in done.agreements:
        if not one.holds:
            for said in one.differences():
                click.echo(f"  {said}")
