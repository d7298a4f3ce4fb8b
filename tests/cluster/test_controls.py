"""Each safeguard taken away once: requests fail, or the tests that count none prove nothing.

Asked is an arm itself. Through the router the other arm would stand in, and hide it.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from infra.kubernetes.asking import asking, failures, summary
from infra.kubernetes.cluster import Cluster
from infra.kubernetes.install import rendered
from tests.cluster.conftest import NEW, OLD, WORKSPACE, image_of

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

UPDATES = 4
"""At most so many, until a request fails: some of these failures need an unlucky moment."""
POD = "/spec/template/spec"
WITHOUT: dict[str, list[dict[str, Any]]] = {
    "readiness": [
        {"op": "remove", "path": f"{POD}/containers/0/startupProbe"},
        {"op": "remove", "path": f"{POD}/containers/0/readinessProbe"},
    ],
    "preStop": [{"op": "remove", "path": f"{POD}/containers/0/lifecycle"}],
    "graceful stop": [
        {"op": "replace", "path": f"{POD}/terminationGracePeriodSeconds", "value": 1}
    ],
}
RATED = 100


@pytest.fixture
def restored(cluster: Cluster) -> Iterator[Cluster]:
    """The arm as it is shipped, before and after."""
    yield cluster
    shipped = [
        thing
        for thing in rendered(cluster.namespace)
        if (thing["kind"], thing["metadata"]["name"]) == ("Deployment", "svd")
    ]
    shipped[0]["spec"]["template"]["spec"]["containers"][0]["image"] = image_of("svd", OLD)
    cluster.kubectl("replace", "--filename", "-", given=json.dumps(shipped[0]))
    cluster.await_settled("svd")


@pytest.fixture
def options(users: str) -> str:
    """Answers that take a while, many at a time: something is under way when a pod ends."""
    movies = np.load(WORKSPACE / "models/svd/movies.npy")[:RATED].astype(str)
    path = "/recommend/{}?rated=" + ",".join(f"{movie}:3.5" for movie in movies)
    return f"--to svd:8080 --rate 100 --burst 25 --kept --users {users} --path '{path}'"


@pytest.mark.parametrize("safeguard", WITHOUT)
def test_without_it_requests_fail(restored: Cluster, options: str, safeguard: str) -> None:
    patch = json.dumps(WITHOUT[safeguard])
    restored.kubectl("patch", "deployment/svd", "--type=json", "--patch", patch)
    restored.await_settled("svd")
    broken: Counter[str] = Counter()
    for number in range(UPDATES):
        with asking(restored, f"without-{safeguard.split()[0]}-{number}", options) as load:
            restored.set_image("svd", image_of("svd", (NEW, OLD)[number % 2]))
            restored.await_settled("svd")
        print(f"\nwithout {safeguard}, update {number + 1}: {summary(load.asked)}")
        # A status would be an answer: one that sheds load, say.
        broken += Counter({k: n for k, n in failures(load.asked).items() if not k.isdecimal()})
        if broken:
            break
    assert broken
