"""Does what online evaluation's verdict calls for: rolls back a release that is surely worse.

    python -m infra.release act                # after the evaluation, which HEAD must have
    python -m infra.release act --no-deploy    # where no cluster runs it: the tag alone

Reads metrics/online.json as HEAD has it. Of each model, when the release in production is judged
"worse" than the one before it on its arm, and that is the one that `rollback` would put there, it
is rolled back, as `rollback` does it. Else nothing is done, and a line says why: another release
is in production by now, it was put back by somebody after a rollback, there is no verdict yet.
Nothing is done, too, by an evaluation that is too old, whose users were not split as planned, or
whose A/A check finds a difference. The section `act` of params.yaml says what may be done.

Why it was rolled back stands in the tag `svd#prod#N`; Slack is sent that, and how to undo it, in
one message (SLACK_…: `python -m infra.slack.settings` lists them). Without a webhook it is printed
alone. A Slack that does not take it changes nothing of what was done, and is told by the next run.

Run it again after whatever stopped it: it finishes, and goes no second step back. A message comes
twice only when this was killed, or the answer lost, between Slack's having it and the origin's
being told so (`refs/movierec/told/…`).

Exit status: 0 done, now or before, or there was nothing to do; 1 the release before does not serve
and deploy put back what was there; 2 something is to be mended, as the line says; 3 somebody else
moved the tag meanwhile.
"""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.release.acting.telling import rollbacks, tell
from infra.release.acting.verdict import Act, Step, called_for, nothing_at_all
from infra.release.alone import in_turn
from infra.release.documents import yaml_at
from infra.release.origin import Origin
from infra.release.production import Production
from infra.release.rollback import go_back
from infra.release.tag import check_repository, resolve
from infra.repository import attempt
from movierec.cli import refuse, run
from movierec.errors import BadInput, UserError
from movierec.fields import checked
from movierec.models.kinds import KINDS
from movierec.times import day_argument

ROOT = Path(__file__).resolve().parents[2]
EVALUATION = "metrics/online.json"


def main(arguments: list[str]) -> int:
    """Do what is called for, then tell of it; the exit status."""
    options = parse(arguments)
    check_repository(options.repo)
    params = yaml_at(options.repo, "HEAD", "HEAD", "params.yaml", "commit it")
    act = checked(Act, params.get("act"), "params.yaml: act")
    origin = Origin(options.repo, options.origin)
    with in_turn(options.repo):
        origin.fetch()
    statuses = roll_back(origin, act, options)
    with in_turn(options.repo):
        origin.fetch()
        statuses.append(tell(origin, rollbacks(options.repo), act.max_age_days))
    return next((status for status in statuses if status), 0)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        prog="act",
        description=(__doc__ or "").strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--no-deploy", action="store_true", help="move the tag and nothing else")
    parser.add_argument("--repo", type=Path, default=ROOT, metavar="FOLDER", help="(this one)")
    parser.add_argument("--origin", default="origin", help="the git remote to push to (origin)")
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    parser.add_argument("--today", type=day_argument, default=today, metavar="DAY", help="(UTC's)")
    return parser.parse_args(arguments)


def roll_back(origin: Origin, act: Act, options: argparse.Namespace) -> list[int]:
    """Roll back what is called for; the exit status of each. What stops one stops nothing else."""
    statuses = []
    try:
        for step in steps(origin.repository, act, options.today):
            print(f"{step.present}: back to {step.target}, since {step.because}", flush=True)
            statuses.append(take(origin, step, not options.no_deploy))
    except BadInput as error:
        statuses.append(refuse(error))
    return statuses


def steps(repository: Path, act: Act, today: str) -> Iterator[Step]:
    """The rollbacks that are called for; says of everything else why it is none.

    Raises BadInput for an evaluation of another form.
    """
    if not act.roll_back:
        print("act.roll_back is off: nothing is rolled back")
        return
    shown = attempt(repository, "show", f"HEAD:{EVALUATION}")
    if shown.returncode:
        print(f"HEAD has no {EVALUATION}: nothing is evaluated yet")
        return
    try:
        document: dict[str, Any] = json.loads(shown.stdout)
        if why := nothing_at_all(document, act.max_age_days, today):
            print(f"{EVALUATION} decides nothing: {why}")
            return
        found = [called_for(document, k, Production.read(repository, k)) for k in KINDS]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{EVALUATION} of HEAD: not as online evaluation writes it ({error!r}); run that again"
        ) from None
    for one in found:
        if isinstance(one, Step):
            yield one
        else:
            print(one)


def take(origin: Origin, step: Step, deploys: bool) -> int:
    """Roll a release back; the exit status."""
    try:
        resolve(origin.repository, step.target)
        return go_back(origin, step.present, step.target, deploys, because=step.because)
    except UserError as error:
        return refuse(error)


if __name__ == "__main__":
    run(main)
