"""What may happen to a cluster in service: no request fails, and what cannot serve never does."""

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kubernetes.asking import stand_ins
from infra.kubernetes.cluster import Cluster, Thing, wait_until
from infra.kubernetes.images import image_of
from infra.kubernetes.order import is_ready
from tests.cluster.conftest import BROKEN, NEW, OLD, unharmed

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.fixture
def options(users: str) -> str:
    return f"--to router:8080 --rate 100 --users {users}"


def test_a_pod_is_deleted(cluster: Cluster, options: str) -> None:
    before = names_of(cluster, "svd")
    with unharmed(cluster, "a pod deleted", options):
        cluster.kubectl("delete", "pod", min(before))
        cluster.await_settled("svd")
    assert len(names_of(cluster, "svd") - before) == 1


def test_a_service_is_killed(cluster: Cluster, options: str) -> None:
    """SIGKILL to its main process, as the kernel does when memory runs out."""
    pod = cluster.pods("svd")[0]
    with unharmed(cluster, "a service killed", options) as load:
        os.kill(main_process(pod), signal.SIGKILL)
        wait_until("it is started again", lambda: restarts(cluster, pod) == 1)
        cluster.await_settled("svd")
    print(f"{stand_ins(load.asked)} answers by the other arm")


def test_the_api_server_is_killed_amid_an_update(cluster: Cluster, options: str) -> None:
    with unharmed(cluster, "the API server killed amid an update", options) as load:
        cluster.set_image("svd", image_of("svd", NEW))
        wait_until("a new pod is there", lambda: len(names_of(cluster, "svd")) == 3)
        with gone("apiserver"):
            assert cluster.attempt("get", "pods").returncode
            time.sleep(5)  # of the fault itself: nobody can ask the API for that long
        cluster.await_settled("svd")
    assert {one.model for one in load.asked[-50:] if one.model.startswith("svd@")} == {f"svd@{NEW}"}


@pytest.mark.parametrize(
    ("what", "image"),
    [
        ("an image that does not exist", "movierec:svd-v0.0.0"),
        ("a model that does not verify", BROKEN),
    ],
)
def test_what_cannot_serve_never_does_and_is_undone(
    cluster: Cluster, options: str, what: str, image: str
) -> None:
    before = names_of(cluster, "svd")
    with unharmed(cluster, what, options) as load:
        cluster.set_image("svd", image)
        wait_until("the new pod has failed", lambda: has_failed(cluster, before))
        assert sum(is_ready(pod) for pod in cluster.pods("svd")) == 2
        cluster.kubectl("rollout", "undo", "deployment/svd")
        cluster.await_settled("svd")
    assert names_of(cluster, "svd") == before, "the old pods served on"
    assert {one.model for one in load.asked} == {f"svd@{OLD}", f"svdpp@{OLD}"}


def test_a_whole_arm_is_gone(cluster: Cluster, options: str) -> None:
    with unharmed(cluster, "a whole arm gone", options) as load:
        cluster.kubectl("scale", "deployment/svd", "--replicas=0")
        wait_until("its pods are gone", lambda: not cluster.pods("svd"))
        time.sleep(3)  # of the fault itself: the other arm answers everybody
        cluster.kubectl("scale", "deployment/svd", "--replicas=2")
        cluster.await_settled("svd")
    print(f"{stand_ins(load.asked)} answers by the other arm")
    assert stand_ins(load.asked)


def names_of(cluster: Cluster, arm: str) -> set[str]:
    return {pod["metadata"]["name"] for pod in cluster.pods(arm)}


def restarts(cluster: Cluster, pod: Thing) -> int:
    told = cluster.get(f"pod/{pod['metadata']['name']}")
    return int(told["status"]["containerStatuses"][0]["restartCount"])


def has_failed(cluster: Cluster, before: set[str]) -> bool:
    """Whether the new pod could not get its image, or ended by itself and said what is wrong."""
    for pod in cluster.pods("svd"):
        (status,) = pod["status"].get("containerStatuses") or [{"state": {}}]
        if pod["metadata"]["name"] not in before and status["state"]:
            waits = status["state"].get("waiting", {}).get("reason", "")
            ended = (status.get("lastState") or {}).get("terminated", {})
            return waits in ("ErrImagePull", "ImagePullBackOff") or ended.get("exitCode") == 2
    return False


def main_process(pod: Thing) -> int:
    """The pod's first process, as this machine numbers it."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
            ours = f"pod{pod['metadata']['uid']}" in (folder / "cgroup").read_text()
            served = b"serve.service" in (folder / "cmdline").read_bytes()
        except OSError:  # it has ended meanwhile
            continue
        numbers = status.partition("NSpid:")[2].split("\n")[0].split()
        if ours and served and numbers[-1] == "1":
            return int(folder.name)
    pytest.skip("no verdict: pods run on another machine, so none of their processes is killed")


@contextlib.contextmanager
def gone(program: str) -> Iterator[None]:
    """Kill a part of the cluster's control plane; start it again at the end, as it was."""
    place = Path(os.environ["KUBECONFIG"]).parent
    if not (place / "pid" / program).exists():
        pytest.skip(f"no verdict: this cluster's {program} runs elsewhere, and is not killed")
    process = Path("/proc", (place / "pid" / program).read_text().strip())
    command = (process / "cmdline").read_bytes().decode().split("\0")[:-1]
    os.kill(int(process.name), signal.SIGKILL)
    try:
        yield
    finally:
        log = place / "log" / f"{program}.log"
        script = f"setsid nohup {shlex.join(command)} >>{log} 2>&1 </dev/null & echo $!"
        started = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        (place / "pid" / program).write_text(started.stdout)
