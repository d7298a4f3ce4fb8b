"""Does what online evaluation's verdict calls for: a release that is worse goes, the arm that is
better gets more users.

    python -m infra.release act                # after the evaluation, which HEAD must have
    python -m infra.release act --no-deploy    # where no cluster runs it: git alone

Reads metrics/online.json as HEAD has it. Of each model, when the release in production is judged
"worse" than the one before it on its arm, and that is the one that `rollback` would put there, it
is rolled back, as `rollback` does it. Else nothing is done, and a line says why: another release
is in production by now, it was put back by somebody after a rollback, there is no verdict yet.

With act.follow_verdict, when one of the two arms is better by the experiment, the other keeps
act.least_share of the users: a commit of params.yaml (routing.weights, and online.since, from which
day on arms are compared by these weights) and of what is written from it for the cluster is
pushed to the branch, and the router's ConfigMap gets what stands there. Not while any release that
was evaluated is worse than the one before it: that is no fault of its arm.

Nothing is done by an evaluation that is too old, whose users were not split as planned, or whose
A/A check finds a difference. The section `act` of params.yaml says what may be done.

Why something was done stands in the tag `svd#prod#N`, or in the commit; Slack is sent that, and how
to undo it, in one message (SLACK_…: `python -m infra.slack.settings` lists them). Without a webhook
it is printed alone. A Slack that does not take it changes nothing of what was done, and is told by
the next run.

Run it again after whatever stopped it: it finishes, and goes no second step back. A message comes
twice only when this was killed, or the answer lost, between Slack's having it and the origin's
being told so (`refs/movierec/told/…`).

Exit status: 0 done, now or before, or there was nothing to do; 1 the release before does not serve
and deploy put back what was there; 2 something is to be mended, as the line says; 3 somebody else
moved the tag, or changed the routing, meanwhile.
"""

import argparse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from infra.release.acting.evaluated import decisive, steps_of
from infra.release.acting.following import bring_to_cluster, follow, tip_of
from infra.release.acting.telling import moves_of_users, rollbacks, tell
from infra.release.acting.verdict import Act, Step
from infra.release.alone import in_turn
from infra.release.documents import yaml_at
from infra.release.options import manual, shared
from infra.release.origin import Origin, Overtaken
from infra.release.register import branch_of
from infra.release.rollback import go_back
from infra.release.tag import check_repository, resolve
from movierec.cli import refuse, run
from movierec.errors import UserError
from movierec.fields import checked
from movierec.times import day_argument


def main(arguments: list[str]) -> int:
    """Do what is called for, then tell of it; the exit status."""
    options = parse(arguments)
    check_repository(options.repo)
    params = yaml_at(options.repo, "HEAD", "HEAD", "params.yaml", "commit it")
    act = checked(Act, params.get("act"), "params.yaml: act")
    origin = Origin(options.repo, options.origin, options.branch or branch_of(options.repo))
    with in_turn(options.repo):
        origin.fetch()
    statuses = [*done(origin, act, options), told(origin, act)]
    return next((status for status in statuses if status), 0)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line's options."""
    parser = manual("act", __doc__)
    parser.add_argument("--no-deploy", action="store_true", help="change git and no cluster")
    shared(parser, "repo", "origin", "branch")
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    parser.add_argument("--today", type=day_argument, default=today, metavar="DAY", help="(UTC's)")
    return parser.parse_args(arguments)


def done(origin: Origin, act: Act, options: argparse.Namespace) -> Iterator[int]:
    """Do each thing that is called for; the exit status of each. What stops one stops no other."""
    try:
        document = decisive(origin.repository, act, options.today)
        steps = steps_of(origin.repository, act, document) if document else []
    except UserError as error:
        yield refuse(error)
        document, steps = None, []
    for step in steps:
        print(f"{step.present}: back to {step.target}, since {step.because}", flush=True)
        yield attempted(partial(take, origin, step, not options.no_deploy))
    if act.follow_verdict:
        if document:
            yield attempted(partial(follow, origin, document, act, options.today))
        if not options.no_deploy:
            yield attempted(partial(bring_to_cluster, origin))


def attempted(call: Callable[[], int | None]) -> int:
    """The exit status of something that is done."""
    try:
        return call() or 0
    except Overtaken as error:
        refuse(error)
        return 3
    except UserError as error:
        return refuse(error)


def take(origin: Origin, step: Step, deploys: bool) -> int:
    """Roll a release back; the exit status."""
    resolve(origin.repository, step.target)
    return go_back(origin, step.present, step.target, deploys, because=step.because)


def told(origin: Origin, act: Act) -> int:
    """Tell Slack of all that was done of late, by this run or one before; the exit status."""
    repository, days = origin.repository, act.max_age_days
    with in_turn(repository):
        origin.fetch()
        deeds = [*rollbacks(repository), *moves_of_users(repository, tip_of(origin), days)]
        return tell(origin, deeds, days)


if __name__ == "__main__":
    run(main)
