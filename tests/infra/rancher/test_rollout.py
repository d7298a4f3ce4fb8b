"""A release comes to its users, finishes however often it is killed, goes back when it fails."""

import json
import multiprocessing
import os
import signal

import pytest

from infra.rancher import patience, rollout
from infra.rancher.client import Thing
from infra.rancher.rollout import CAUSE, TRYING, given_up
from infra.release import deploy
from tests.infra.rancher.standin import Fault, status
from tests.infra.rancher.world import NEW, OLD, OTHER, TAG, World

Caught = pytest.CaptureFixture[str]


def test_every_pod_is_new_and_the_deployment_says_why(world: World, capsys: Caught) -> None:
    names = {pod["name"] for pod in world.deployments.named["svd"].pods}
    assert world.deploy() == 0
    assert world.pods == [NEW, NEW]
    told = world.deployments.named["svd"].annotations
    assert told[CAUSE].startswith(f"{TAG} of ") and told[CAUSE].endswith(NEW)
    assert TRYING not in told
    assert capsys.readouterr().out.endswith("lists through the router: 3 model\n")
    assert names.isdisjoint(pod["name"] for pod in world.deployments.named["svd"].pods)
    assert world.deployments.named["svdpp"].image == OLD, "the other arm stays"


def test_the_patch_is_small_and_of_the_version_that_was_read(world: World) -> None:
    world.deploy()
    first, last = (asked for asked in world.standin.asked if asked.method == "PATCH")
    change = json.loads(first.body)
    assert change["metadata"].pop("resourceVersion") == "100"
    assert json.loads(change["metadata"]["annotations"].pop(TRYING)) == {
        "image": NEW,
        "before": OLD,
    }
    assert list(change["metadata"].pop("annotations")) == [CAUSE]
    containers = [{"name": "app", "image": NEW}]
    assert change == {
        "metadata": {},
        "spec": {"template": {"spec": {"containers": containers}}},
    }
    assert "spec" not in json.loads(last.body), "what proves the image starts no pod"


def test_a_name_without_a_digest_is_said_to_be_one(world: World, capsys: Caught) -> None:
    world.router.models["movierec:svd-v1.4.0"] = TAG
    assert world.deploy("movierec:svd-v1.4.0") == 0
    assert "movierec:svd-v1.4.0 is no image by digest" in capsys.readouterr().out


def test_again_it_changes_nothing(world: World, capsys: Caught) -> None:
    world.deploy()
    patches = world.count("PATCH")
    names = [pod["name"] for pod in world.deployments.named["svd"].pods]
    assert world.deploy() == 0
    assert world.count("PATCH") == patches
    assert [pod["name"] for pod in world.deployments.named["svd"].pods] == names


def test_what_the_controller_gives_up_is_put_back(world: World, capsys: Caught) -> None:
    world.deployments.broken.add(NEW)
    old = [pod["name"] for pod in world.deployments.named["svd"].pods]
    assert world.deploy() == 1
    assert [pod["name"] for pod in world.deployments.named["svd"].pods] == old
    assert world.image == OLD
    assert TRYING not in world.deployments.named["svd"].annotations
    assert capsys.readouterr().err == (
        f"error: {TAG} does not serve: ReplicaSet has timed out progressing.;"
        f" ErrImagePull: not found; {OLD} is put back\n"
    )


@pytest.mark.parametrize(
    ("trying", "back"),
    [
        (json.dumps({"image": OTHER, "before": OLD}), OLD),
        (json.dumps({"image": "movierec:by-hand", "before": OLD}), OTHER),
        (json.dumps({"image": OTHER}), OTHER),
        ("[]", OTHER),
        ("no JSON", OTHER),
    ],
    ids=["never proven", "set by hand since", "half", "a list", "a word"],
)
def test_what_is_put_back_was_proven_or_set_by_hand(world: World, trying: str, back: str) -> None:
    """Somebody's release of OTHER was killed before it was proven; or what it left is stale."""
    svd = world.deployments.named["svd"]
    world.deployments.set_image("svd", OTHER)
    svd.annotations[TRYING] = trying
    world.deployments.broken.add(NEW)
    assert world.deploy() == 1
    assert world.pods == [back, back]
    assert TRYING not in svd.annotations


def test_a_rollout_without_a_limit_of_its_own_has_ours(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Caught
) -> None:
    monkeypatch.setenv("DEPLOY_ROLLOUT_SECONDS", "2")
    monkeypatch.setattr("tests.infra.rancher.deployments.DEADLINE", 10**9)
    world.deployments.broken.add(NEW)
    assert world.deploy() == 1
    assert world.pods == [OLD, OLD]
    assert f"{TAG} does not serve: not out after 2 s" in capsys.readouterr().err


def test_a_failed_one_of_before_says_nothing_of_this_one(world: World) -> None:
    """The controller keeps its verdict until an update makes progress: with NEW undone by hand, OLD
    is out, and the next update begins with the verdict on NEW."""
    world.deployments.broken.add(OTHER)
    world.deployments.set_image("svd", OTHER)
    svd = world.deployments.named["svd"]
    while not svd.condition:
        world.deployments.step(svd)
    assert svd.condition["reason"] == "ProgressDeadlineExceeded"
    assert world.deploy() == 0
    assert world.pods == [NEW, NEW]


def test_the_stale_verdict_counts_when_the_time_is_over() -> None:
    condition = {"type": "Progressing", "reason": "ProgressDeadlineExceeded", "message": "over"}
    seen = {"observedGeneration": 2, "conditions": [condition]}
    spec = {"progressDeadlineSeconds": 120}
    told: Thing = {"metadata": {"generation": 2}, "spec": spec, "status": seen}
    assert given_up(told, dict(condition), 119) == ""
    assert given_up(told, dict(condition), 120) == "over"
    assert given_up(told, None, 0) == "over"
    seen["observedGeneration"] = 1
    assert given_up(told, None, 0) == "", "of the generation before"


def test_a_paused_one_is_named(world: World, capsys: Caught) -> None:
    world.deployments.named["svd"].paused = True
    assert world.deploy() == 2
    assert "svd is paused: `kubectl rollout resume` it" in capsys.readouterr().err
    assert world.count("PATCH") == 0


def test_a_conflict_is_read_again(world: World) -> None:
    """Somebody scales it between our look and our change."""

    def scale() -> None:
        world.deployments.named["svd"].version += 1

    world.standin.faults.append(Fault("PATCH", before=scale))
    assert world.deploy() == 0
    assert world.pods == [NEW, NEW]
    assert world.count("PATCH") == 3  # refused, carried out, proven


@pytest.mark.parametrize(
    ("method", "skip"), [("PATCH", 0), ("GET", 3), ("GET", 8)], ids=["before", "amid", "later"]
)
def test_who_was_first_is_not_undone(world: World, method: str, skip: int, capsys: Caught) -> None:
    def other() -> None:
        world.deployments.set_image("svd", OTHER)

    world.router.models[OTHER] = "svd@v1.5.0"
    if skip:
        world.standin.faults.append(Fault(method, times=skip, before=lambda: None))
    world.standin.faults.append(Fault(method, before=other))
    assert world.deploy() == 3
    assert world.image == OTHER
    assert "somebody was first" in capsys.readouterr().err


@pytest.mark.usefixtures("soon_enough")
def test_who_was_first_while_lists_were_asked_for_is_not_undone(world: World) -> None:
    """The lists are wrong since they are another release's."""
    world.router.models |= {OTHER: "svd@v1.5.0", NEW: "svd@v1.3.0"}

    def other(number: int, moment: str) -> None:
        if world.router.asked and world.image == NEW:
            world.deployments.set_image("svd", OTHER)

    world.standin.each = other
    assert world.deploy() == 3
    assert world.image == OTHER


@pytest.mark.usefixtures("soon_enough")
def test_a_put_back_that_nobody_answers_is_finished_by_the_next(
    world: World, capsys: Caught
) -> None:
    world.deployments.broken.add(NEW)
    world.standin.faults.append(Fault("PATCH", before=lambda: None))
    world.standin.faults.append(Fault("PATCH", 10**9, status(503, "Unavailable", "no")))
    assert world.deploy() == 2
    said = capsys.readouterr().err
    assert f"{OLD} could not be put back: PATCH svd: 503 'no'" in said
    world.standin.faults.clear()
    assert world.deploy() == 1
    assert world.pods == [OLD, OLD]


def child(world_of: dict[str, str], image: str, repository: str) -> None:
    """Deploy in a process of its own."""
    os.environ.update(world_of)
    patience.FIRST = 0.01
    rollout.POLL_SECONDS = 0.001
    deploy.main([TAG, "--image", image, "--repo", repository])


def killed_at(world: World, number: int, moment: str) -> bool:
    """Deploy in a process that is killed at a request; whether it got there."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["infra.release.deploy"])
    told = {name: text for name, text in os.environ.items() if name.startswith("DEPLOY_")}
    process = context.Process(target=child, args=(told, NEW, str(world.repository)))

    def each(at: int, when: str) -> None:
        if (at, when) == (number, moment):
            assert process.pid
            os.kill(process.pid, signal.SIGKILL)
            raise ConnectionAbortedError  # nobody is there any more

    world.standin.each = each
    process.start()
    process.join()
    world.standin.each = lambda number, moment: None
    return process.exitcode == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("broken", [False, True], ids=["good", "broken"])
def test_killed_at_any_request_it_finishes_when_run_again(
    world: World, moment: str, broken: bool
) -> None:
    """`after` a PATCH it is killed, the cluster has changed and nobody knows."""
    if broken:
        world.deployments.broken.add(NEW)
    number, ended, end = 0, False, ([OLD, OLD] if broken else [NEW, NEW])
    while not ended:
        number += 1
        fresh(world)
        ended = not killed_at(world, number, moment)
        if not ended:
            assert world.deploy() == int(broken), number
        assert world.pods == end, number
        assert TRYING not in world.deployments.named["svd"].annotations, number
    assert number > 12, "it asked more often than that"


def fresh(world: World) -> None:
    """As before any release."""
    world.deployments.set_image("svd", OLD)
    svd = world.deployments.named["svd"]
    svd.annotations, svd.condition, svd.pods = {}, {}, []
    svd.observed = svd.generation
    svd.add(True)
    svd.add(True)
    world.standin.asked.clear()
