"""deploy, through the stand-in for Rancher: killed at every request, before and after the cluster
has carried it out; with a good release, and with one that does not serve."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from infra.rancher import patience, rollout
from infra.repository import git
from tests.faults.release.bed import Bed
from tests.faults.release.outcome import Outcome
from tests.infra.rancher.deployments import Deployments
from tests.infra.rancher.router import Router
from tests.infra.rancher.standin import StandIn, Token
from tests.infra.rancher.test_rollout import fresh, killed_at
from tests.infra.rancher.world import NEW, OLD, TAG, TOKEN, World
from tests.infra.registry.certificates import certify


@contextmanager
def world(bed: Bed) -> Iterator[World]:
    """A cluster behind the stand-in, a router before it, and what says where they are."""
    folder = bed.folder / f"world-{next(bed.numbers)}"
    folder.mkdir()
    git(folder, "init", "--quiet")
    who = ("-c", "user.name=T", "-c", "user.email=t@localhost")
    git(folder, *who, "commit", "--quiet", "--allow-empty", "--message", "first")
    git(folder, "tag", TAG)
    certified = certify(folder)
    behind = Deployments(OLD)
    standin = StandIn(behind, certified, {TOKEN: Token()})
    router = Router(behind, {OLD: "svd@v1.3.0", NEW: TAG})
    with standin, router:
        given = {
            "DEPLOY_URL": standin.url,
            "DEPLOY_TOKEN": TOKEN,
            "DEPLOY_CA": str(certified.ca),
            "DEPLOY_ROUTER": router.url,
            "DEPLOY_USERS": "1,2,3",
            "DEPLOY_SMOKE_SECONDS": "1",
        }
        with (
            mock.patch.dict(os.environ, given),
            mock.patch.object(patience, "FIRST", 0.01),
            mock.patch.object(rollout, "POLL_SECONDS", 0.001),
        ):
            yield World(behind, standin, router, folder)


@contextmanager
def quiet(bed: Bed) -> Iterator[None]:
    """What deploys, here and in processes of its own, says it to a file."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    kept = [os.dup(number) for number in (1, 2)]
    with (bed.folder / f"deploy-{next(bed.numbers)}").open("w") as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number, own in zip((1, 2), kept, strict=True):
            os.dup2(own, number)
            os.close(own)


def killed(bed: Bed) -> Outcome:
    """Killed at a request, run again: all pods have the new image, or all the old one where the new
    does not serve; never some of each at the end, never one that nobody proved."""
    outcome = Outcome("deploy killed at every request to Rancher")
    with quiet(bed), world(bed) as tried:
        for broken in (False, True):
            tried.deployments.broken.clear()
            if broken:
                tried.deployments.broken.add(NEW)
            for moment in ("before", "after"):
                number = 1
                while at(tried, outcome, number, moment, broken):
                    number += bed.pick(7, 1)
    return outcome


def at(tried: World, outcome: Outcome, number: int, moment: str, broken: bool) -> bool:
    """One try; whether it asked that often."""
    fresh(tried)
    if not killed_at(tried, number, moment):
        return False
    outcome.tried += 1
    status = tried.deploy()
    wanted = OLD if broken else NEW
    outcome.half += len(set(tried.pods)) != 1
    outcome.wrong += any(pod != wanted for pod in tried.pods)
    if status == int(broken) and tried.pods == [wanted] * 2:
        outcome.recovered += 1
    else:
        what = "a broken release" if broken else "a release"
        outcome.note(f"{what}, killed {moment} request {number}: {status}, {tried.pods}")
    return True
