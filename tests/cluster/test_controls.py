"""Each safeguard taken away once: requests fail, or the tests that count none prove nothing.

Asked is an arm itself, as through the router the other arm would stand in; and without affinity, by
which a client meets one pod alone: both hide what these are to show.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from infra.kubernetes.asking import asking, failures, summary
from infra.kubernetes.cluster import Cluster, with_images
from infra.kubernetes.images import image_of
from infra.kubernetes.install import rendered
from tests.cluster.conftest import NEW, OLD, WORKSPACE, set_affinity

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

UPDATES = 4
"""At most so many, until a request fails: some of these failures need an unlucky moment."""
AT_ONCE = 'python -m serve.service & trap "kill -9 $!" TERM; wait'
"""At SIGTERM it is gone, whatever it was about to answer."""
BROKEN_OFF = (
    *("ConnectionRefusedError", "ConnectionResetError", "BrokenPipeError"),
    "IncompleteReadError",
)
"""Not a status, which is an answer, nor an answer that is late."""
POD = "/spec/template/spec"
COMMAND = f"{POD}/containers/0/command"
AFTER_A_WHILE = "sleep 5; exec python -m serve.service"
"""A model that takes its time to load: the demo's is there before the nodes know of its pod."""
WITHOUT: dict[str, list[dict[str, Any]]] = {
    "readiness": [
        {"op": "remove", "path": f"{POD}/containers/0/startupProbe"},
        {"op": "remove", "path": f"{POD}/containers/0/readinessProbe"},
        {"op": "add", "path": COMMAND, "value": ["sh", "-c", AFTER_A_WHILE]},
    ],
    "preStop": [{"op": "remove", "path": f"{POD}/containers/0/lifecycle"}],
    "graceful stop": [{"op": "add", "path": COMMAND, "value": ["sh", "-c", AT_ONCE]}],
}
RATED = 100


@pytest.fixture
def restored(cluster: Cluster) -> Iterator[Cluster]:
    """The arm as it is shipped, before and after."""
    set_affinity(cluster, "None", "svd")
    yield cluster
    set_affinity(cluster, "ClientIP", "svd")
    things = with_images(rendered(cluster.namespace), {"svd": image_of("svd", OLD)})
    names = [(thing["kind"], thing["metadata"]["name"]) for thing in things]
    shipped = things[names.index(("Deployment", "svd"))]
    cluster.kubectl("replace", "--filename", "-", given=json.dumps(shipped))
    cluster.await_settled("svd")


def options(users: str, safeguard: str) -> str:
    """Connections come all the time; or, where what is under way is to be lost, so many answers
    that take a while that there always are some, on connections that stay: new ones would go to
    the pods that stay."""
    if safeguard != "graceful stop":
        return f"--to svd:8080 --rate 400 --users {users}"
    movies = np.load(WORKSPACE / "models/svd/movies.npy")[:RATED].astype(str)
    path = "/recommend/{}?rated=" + ",".join(f"{movie}:3.5" for movie in movies)
    return f"--to svd:8080 --kept --rate 900 --users {users} --path '{path}'"


@pytest.mark.parametrize("safeguard", WITHOUT)
def test_without_it_requests_fail(restored: Cluster, users: str, safeguard: str) -> None:
    patch = json.dumps(WITHOUT[safeguard])
    restored.kubectl("patch", "deployment/svd", "--type=json", "--patch", patch)
    restored.await_settled("svd")
    broken: Counter[str] = Counter()
    for number in range(UPDATES):
        name = f"without-{safeguard.split()[0]}-{number}"
        with asking(restored, name, options(users, safeguard)) as load:
            restored.set_image("svd", image_of("svd", (NEW, OLD)[number % 2]))
            restored.await_settled("svd")
        print(f"\nwithout {safeguard}, update {number + 1}: {summary(load.asked)}")
        broken += Counter({k: n for k, n in failures(load.asked).items() if k in BROKEN_OFF})
        if broken:
            break
    assert broken
