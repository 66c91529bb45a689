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
    from ferbench.running.run import Unfinished

BUNDLE = click.argument("folder", metavar="BUNDLE", type=options.PATH)


@click.command()
@click.argument("bundles", nargs=-1, required=True, type=options.PATH)
@options.as_json
def verify(bundles: tuple[Path, ...], as_json: bool) -> None:
    """Check each BUNDLE (or all below a folder): scores recomputed, ids, labels and splits against manifests."""
    answers = [answer for path in bundles for answer in _answers(path)]
    if as_json:
        click.echo(json.dumps(answers, indent=2))
    else:
        for answer in answers:
            _show(answer)
    if not all(answer["ok"] for answer in answers):
        sys.exit(1)


@click.command()
@BUNDLE
@click.option("--name", required=True, help="Who submits it: a person or a team.")
@click.option("--url", required=True, help="Address of the code, model or paper; https.")
@click.option("--licence", required=True, help="Licence of the predictions, as an SPDX identifier: CC-BY-4.0.")
@click.option("--paper", default="", help="The paper: authors, year, title, venue.")
@click.option("--to", type=options.PATH, default=Path("leaderboards/results"), show_default=True)
def submit(folder: Path, to: Path, **submitter: str) -> None:
    """Check a BUNDLE, record who submits it, and copy it into place for a pull request."""
    from ferbench.verify import submit as verify_submit

    target, verdict = verify_submit.submit(folder, to, **submitter)
    click.echo(f"submitted: {target}")
    click.echo(f"checked:   scores recomputed; {verdict.manifest_check}")
    click.echo(f"next:      git add {target} && ferbench leaderboard && git add {to.parent}; then open a pull request")


@click.command()
@BUNDLE
@options.data
@click.option("--init", type=options.PATH, help="The weights that the bundle's run started from, if it did.")
@options.workers
@options.out
@options.resume
@options.restart
def rerun(folder: Path, unfinished: Unfinished, **choices: Any) -> None:
    """Run a BUNDLE again with the components installed here; if the scores agree, mark it as reproduced."""
    from ferbench.running import rerun as running_rerun
    from ferbench.support.progress import Reporter

    result, again = running_rerun.plan_rerun(folder, **choices)
    done = running_rerun.rerun(folder, result, again, Reporter(), unfinished=unfinished)
    _show_rerun(done)
    if not done.holds:
        click.echo(f"NOT reproduced: {folder} is left as it was; the run is in {done.folder}")
        sys.exit(1)
    running_rerun.promote(folder, result, done)
    click.echo(f"reproduced: {folder}")


def _answers(path: Path) -> list[dict[str, Any]]:
    """What verifying a bundle gives, or all bundles below a folder and what is next to them."""
    from ferbench.bundles import files
    from ferbench.verify.verify import judge

    try:
        survey = files.survey(path)
    except FerbenchError as error:
        return [_refused(path, [error.what])]
    answers = [
        *(_refused(link, [f"{link} is a link"]) for link in survey.links),
        *(_refused(stray, [f"{stray} belongs to no bundle"]) for stray in survey.strays),
    ]
    for folder in survey.bundles or ([] if answers else [path]):
        verdict = judge(folder)
        if verdict.reasons or verdict.result is None:
            answers.append(_refused(folder, verdict.reasons))
        else:
            scores = verdict.result.scores[verdict.result.main_classifier]
            score = {"accuracy": scores.accuracy, "count": scores.count}
            manifest = {"matches_manifest": verdict.matches_manifest, "manifest_check": verdict.manifest_check}
            answers.append({"bundle": str(folder), "ok": True, **score, **manifest})
    return answers


def _refused(path: Path, reasons: list[str]) -> dict[str, Any]:
    return {"bundle": printable(str(path)), "ok": False, "reasons": [printable(reason) for reason in reasons]}


def _show(answer: dict[str, Any]) -> None:
    if answer["ok"]:
        note = "" if answer["matches_manifest"] else f"; {answer['manifest_check']}"
        accuracy = f"accuracy {answer['accuracy']:.2%} of {answer['count']:,} images"
        click.echo(f"verified  {answer['bundle']}  {accuracy}{note}")
    else:
        click.echo(f"REFUSED   {answer['bundle']}")
        for reason in answer["reasons"]:
            click.echo(f"          {reason}")


def _show_rerun(done: Rerun) -> None:
    for agreement in done.agreements:
        there, here = agreement.accuracy
        low, high = agreement.interval
        click.echo(
            f"{agreement.label}: {there:.2%} in the bundle, {here:.2%} here (95% interval of the difference {low:+.2%} "
            f"to {high:+.2%}); {agreement.same:.2%} of the predictions are the same"
        )
    for agreement in done.agreements:
        if not agreement.holds:
            for difference in agreement.differences():
                click.echo(f"  {difference}")
