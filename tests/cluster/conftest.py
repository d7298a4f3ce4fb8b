"""A namespace of a real cluster with everything in it, from images of two releases."""

import contextlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from infra.demo.releases import REPOSITORY
from infra.kubernetes.asking import Load, asking, failures, had_time, summary
from infra.kubernetes.cluster import Cluster
from infra.kubernetes.images import ROUTER, build, hand_over, image_of, make_images
from infra.kubernetes.install import install, remove

WORKSPACE = Path(__file__).resolve().parents[2] / ".demo/workspace"
OLD, NEW = "v1.0.0", "v1.1.0"
ARMS = ("svd", "svdpp")
BROKEN = "movierec:svd-broken"
USERS = 100
RATE = 100
BASELINE_SECONDS = 8
BREAK = """\
FROM movierec:svd-{}
USER 0
RUN python -c "import pathlib; p = pathlib.Path('/app/model/movie_bias.npy'); \\
    b = bytearray(p.read_bytes()); b[-1] ^= 1; p.write_bytes(b)"
USER 10001:10001
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What installs for itself comes first: a cluster without names has one address for them."""
    items.sort(key=lambda item: "installed" in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two releases of each arm, retrained; a router; and an image with a damaged model: the
    cluster has them all. Returns the repository of the releases."""
    folder = tmp_path_factory.mktemp("releases")
    names = make_images(WORKSPACE, folder, [OLD, NEW])
    build(BROKEN, "-", given=BREAK.format(OLD))
    hand_over(os.environ["HAND_IMAGES"], [*names, BROKEN])
    return folder / REPOSITORY


@pytest.fixture(scope="session")
def installed(images: Path) -> Iterator[Cluster]:
    """Everything, serving; taken away at the end."""
    cluster = Cluster(f"movierec-test-{os.getpid()}")
    try:
        install(cluster, {arm: image_of(arm, OLD) for arm in ARMS} | {"router": ROUTER})
        yield cluster
    finally:
        remove(cluster)


@pytest.fixture(scope="session")
def users() -> str:
    """Users of whom the models know something, as an option."""
    known = np.load(WORKSPACE / "models/svd/users.npy", mmap_mode="r")[:USERS]
    return ",".join(map(str, known))


@pytest.fixture(scope="session")
def carried(installed: Cluster, users: str) -> None:
    """Whether this machine carries the load while nothing is changed; else nothing can be told."""
    with asking(installed, "baseline", f"--to router:8080 --rate {RATE} --users {users}") as load:
        time.sleep(BASELINE_SECONDS)
    print(f"\nbaseline, nothing changed: {summary(load.asked)}")
    if failures(load.asked) or not had_time(load):
        pytest.skip("no verdict: this machine does not carry the load while nothing is changed")


@pytest.fixture
def cluster(installed: Cluster, carried: None) -> Cluster:
    """As it was installed: two old pods of each arm, and no others."""
    for arm in ARMS:
        installed.set_image(arm, image_of(arm, OLD))
    installed.await_settled(*ARMS, "router")
    return installed


def set_affinity(cluster: Cluster, affinity: str, *services: str) -> None:
    """`ClientIP`, as it is shipped, or `None`, as the component `spread` has it."""
    for service in services:
        patch = json.dumps({"spec": {"sessionAffinity": affinity}})
        cluster.kubectl("patch", "service", service, "--patch", patch)


@contextlib.contextmanager
def unharmed(cluster: Cluster, what: str, options: str) -> Iterator[Load]:
    """Load during the block: no request may fail. A machine that had no time for the witness
    either gives no verdict, which is told as skipped."""
    with asking(cluster, what.replace(" ", "-"), options) as load:
        yield load
    print(f"\n{what}: {summary(load.asked)}")
    if failures(load.asked) and not had_time(load):
        assert load.witness
        pytest.skip(
            f"no verdict: {summary(load.asked)}; the witness: {summary(load.witness.asked)}"
        )
    assert not failures(load.asked)
