"""A third party's bundle, copied into place for a pull request: checked, marked as rescored, without its weights."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from ferbench.bundles import bundle, files
from ferbench.bundles.schema import SubmissionFacts
from ferbench.errors import BundleError, ParameterError
from ferbench.support.atomic import replacing, write_json
from ferbench.verify.verify import Verdict, require, verified

EXAMPLES = {
    "name": '--name "Vision Group, University of X" (2 to 100 characters)',
    "url": "--url https://github.com/you/your-code",
    "licence": "--licence CC-BY-4.0 (an SPDX identifier, of the predictions)",
    "paper": '--paper "Surname et al. 2026, Title, Venue"',
}


def submit(folder: Path, results: Path, *, name: str, url: str, licence: str, paper: str) -> tuple[Path, Verdict]:
    """Copies the bundle to its path under ``results``; gives that folder and the verdict on the bundle.

    The path follows from the run's settings: repeating somebody's settings and seed makes no second row, but confirms
    the first (``ferbench rerun``). Raises ``BundleError``, ``ParameterError`` or ``StorageError``.
    """
    facts = {"name": name, "url": url, "licence": licence, "paper": paper}
    for option, text in facts.items():
        if not text.isprintable():
            raise ParameterError(f"--{option} has a control or invisible character: {text!r}", fix=EXAMPLES[option])
    submitted, verdict = require(folder)
    try:
        submission = SubmissionFacts(
            name=name,
            url=url,
            licence=licence,
            paper=paper,
            date=datetime.now(UTC).date().isoformat(),
            checked=verdict.manifest_check,
        )
    except ValidationError as error:
        option = str(error.errors()[0]["loc"][0])
        raise ParameterError(f"--{option}: {error.errors()[0]['msg']}", fix=EXAMPLES[option]) from error
    result = {**submitted.model_dump(mode="json"), "tier": "rescored", "submission": submission.model_dump()}
    target = results / bundle.relative_path(result)
    if target.exists():
        raise BundleError(
            f"{target} exists already: a result of the same settings, data, versions and seed",
            fix="submit another seed, or repeat that result on your machine: ferbench rerun",
        )
    with replacing(target) as fresh:
        fresh.mkdir()
        for file in sorted(path for path in folder.rglob("*.csv") if path.relative_to(folder).parts[0] != files.MODEL):
            copy = fresh / file.relative_to(folder)
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(file, copy)
        write_json(fresh / files.RESULT, {**result, "rerun": None})
        verified(fresh)
    return target, verdict
