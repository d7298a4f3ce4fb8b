"""Weights change in a ConfigMap: users move, no pod is started anew, no request fails."""

import json

import pytest

from infra.kubernetes.asking import arm_of_each, failures
from infra.kubernetes.cluster import Cluster, wait_until
from movierec.routing import arm
from tests.cluster.conftest import RATE, unharmed

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

FEWER = {"svd": 10, "svdpp": 50}


def test_weights_change_without_a_restart(cluster: Cluster, users: str) -> None:
    shipped = cluster.get("configmap/routing")["data"]["routing.json"]
    routing = json.loads(shipped)
    before = {int(user): arm(int(user), **routing) for user in users.split(",")}
    after = {user: arm(user, routing["salt"], FEWER) for user in before}
    pods = {pod["metadata"]["name"]: pod for pod in cluster.pods("router")}
    options = f"--to router:8080 --rate {RATE} --users {users}"
    try:
        with unharmed(cluster, "weights changed", options) as load:
            wait_until("users have their arms", lambda: arm_of_each(load.so_far()) == before)
            tell(cluster, json.dumps(routing | {"weights": FEWER}), list(pods))
            wait_until(
                "users have moved", lambda: arm_of_each(load.so_far()[-2 * len(after) :]) == after
            )
    finally:
        tell(cluster, shipped, list(pods))
    assert not failures(load.asked)
    moved = {user for user in before if before[user] != after[user]}
    print(f"{len(moved)} of {len(before)} users moved")
    assert {before[user] for user in moved} == {"svd"}
    now = {pod["metadata"]["name"]: pod for pod in cluster.pods("router")}
    assert set(now) == set(pods)
    assert {p["status"]["containerStatuses"][0]["restartCount"] for p in now.values()} == {0}


def tell(cluster: Cluster, routing: str, pods: list[str]) -> None:
    """Write the ConfigMap; a pod whose annotation changes is looked at now, not within a minute."""
    patch = json.dumps({"data": {"routing.json": routing}})
    cluster.kubectl("patch", "configmap/routing", "--patch", patch)
    version = cluster.get("configmap/routing")["metadata"]["resourceVersion"]
    cluster.kubectl("annotate", "--overwrite", "pod", *pods, f"movierec/weights={version}")
