"""Both arms replaced five times under load: no request fails, and a user's version changes once."""

import time
from collections import Counter

import pytest

from infra.kubernetes.asking import Load, failures, stand_ins, versions_by_user
from infra.kubernetes.cluster import Cluster
from infra.kubernetes.images import image_of
from infra.kubernetes.order import Step, Watch
from tests.cluster.conftest import ARMS, NEW, OLD, RATE, set_affinity, unharmed

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1200)]

UPDATES = [NEW, OLD, NEW, OLD, NEW]
LEAST = 10_000


def update_both(cluster: Cluster, version: str) -> None:
    """Begin with both arms at once, so that neither can stand in for the other."""
    for arm in ARMS:
        cluster.set_image(arm, image_of(arm, version))
    cluster.await_settled(*ARMS)


@pytest.mark.parametrize("kept", ["", "--kept"], ids=["a connection a request", "kept connections"])
def test_five_updates_of_both_arms_lose_no_request(cluster: Cluster, users: str, kept: str) -> None:
    what = f"five updates, {'kept connections' if kept else 'a connection a request'}"
    options = f"--to router:8080 --rate {RATE} --users {users} {kept}"
    began = time.monotonic()
    with unharmed(cluster, what, options) as load:
        with Watch(cluster) as watch:
            for version in UPDATES:
                update_both(cluster, version)
        for arm in ARMS:
            replaced_one_by_one(watch.steps(arm), arm)
        while (time.monotonic() - began) * RATE < LEAST * 1.05:
            time.sleep(1)
    assert len(load.asked) >= LEAST
    assert any(one.reused for one in load.asked) == bool(kept)
    each_user_met_each_version_once(load)


def replaced_one_by_one(steps: list[Step], arm: str) -> None:
    """A new pod is ready, then an old one ends; again; and never fewer than two are ready."""
    wanted, before = [], OLD
    for version in UPDATES:
        wanted += [("ready", image_of(arm, version)), ("ending", image_of(arm, before))] * 2
        before = version
    assert [step[:2] for step in steps if step.what != "changed"] == wanted
    assert min(step.serving for step in steps) >= 2


def each_user_met_each_version_once(load: Load) -> None:
    """Every answer names the version before or behind an update; a user never goes back."""
    for arm in ARMS:
        wanted = [f"{arm}@{version}" for version in [OLD, *UPDATES]]
        met = Counter(map(tuple, versions_by_user(load.asked, arm).values()))
        print(f"{arm}: {met[tuple(wanted)]} of {met.total()} users met the versions in order")
        assert set(met) == {tuple(wanted)}
    print(f"{stand_ins(load.asked)} answers by the other arm")


def test_without_affinity_users_go_back_and_still_no_request_fails(
    cluster: Cluster, users: str
) -> None:
    """The control of the test above: requests that go to any pod meet old and new by turns."""
    set_affinity(cluster, "None", *ARMS, "router")
    try:
        options = f"--to router:8080 --rate {RATE} --users {users}"
        with unharmed(cluster, "an update, any pod answers", options) as load:
            update_both(cluster, NEW)
    finally:
        set_affinity(cluster, "ClientIP", *ARMS, "router")
    assert not failures(load.asked)
    back = sum(len(met) > 2 for met in versions_by_user(load.asked, "svd").values())
    print(f"without affinity {back} users went back to a version that they had left")
    assert back
