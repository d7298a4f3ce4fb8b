"""Releases by `deploy`: through a stand-in for Rancher, to the real API server, in the name of a
user who has the rights of namespace/deployer.yaml and no others."""

import base64
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from infra.kubernetes.asking import versions_by_user
from infra.kubernetes.cluster import Cluster, wait_until
from infra.kubernetes.images import BUILD_OPTIONS, image_of
from infra.rancher.rollout import CAUSE, TRYING
from infra.release import deploy, image
from movierec.cli import refuse
from movierec.errors import UserError
from tests.cluster.behind import ApiServer
from tests.cluster.conftest import NEW, OLD, RATE, USERS, unharmed
from tests.cluster.here import node_here
from tests.cluster.registry import serving
from tests.infra.rancher.standin import Fault, Reply, StandIn, Token, status
from tests.infra.registry.certificates import Certified, certify

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

KEY = "kubeconfig-u-ci:s3cr3t-s3cr3t-s3cr3t"
BUSY = Reply(429, {"Retry-After": "1"}, b"too many requests")
BROKEN_TUNNEL = Reply(500, {"Content-Type": "text/plain"}, b"cluster agent disconnected")
Caught = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certify(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def options(users: str) -> str:
    return f"--to router:8080 --rate {RATE} --users {users}"


@pytest.fixture
def rancher(
    cluster: Cluster, users: str, certified: Certified, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StandIn]:
    """The stand-in before the cluster, and an environment that names it and the router."""
    behind = ApiServer(os.environ["KUBECONFIG"])
    with StandIn(behind, certified, {KEY: Token()}) as standin, router_of(cluster) as router:
        told = {
            "URL": standin.url,
            "TOKEN": KEY,
            "CA": str(certified.ca),
            "NAMESPACE": cluster.namespace,
            "ROUTER": router,
            "USERS": ",".join(users.split(",")[:10]),
        }
        for name, value in told.items():
            monkeypatch.setenv(f"DEPLOY_{name}", value)
        yield standin


@contextmanager
def router_of(cluster: Cluster) -> Iterator[str]:
    """Where the router is reached from here: an Ingress does it on a cluster that has one."""
    command = [
        "kubectl",
        "--namespace",
        cluster.namespace,
        "port-forward",
        "service/router",
        ":8080",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            said = process.stdout.readline()
            found = re.search(r"127\.0\.0\.1:[0-9]+", said)
            assert found, said
            yield f"http://{found[0]}"
        finally:
            process.terminate()


def release(repository: Path, version: str, *options: str) -> int:
    """Deploy svd; the exit status, as its program has it."""
    try:
        return deploy.main([f"svd@{version}", "--repo", str(repository), *options])
    except UserError as error:
        return refuse(error)


def by_name(repository: Path, version: str) -> int:
    """Deploy an image that the cluster's machines were given."""
    return release(repository, version, "--image", image_of("svd", version))


def test_a_retrained_model_comes_by_digest_and_no_request_fails(
    cluster: Cluster,
    rancher: StandIn,
    images: Path,
    options: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Tag, image, registry, digest, rollout, and what the answers say of it."""
    node_here(cluster)  # which pulls from loopback
    with serving(tmp_path) as host:
        monkeypatch.setenv("IMAGES_REGISTRY", host)
        monkeypatch.setenv("IMAGES_TLS", "off")
        pushed = [f"svd@{NEW}", "--push", "--repo", str(images), "--", *BUILD_OPTIONS]
        assert image.main(pushed) == 0
        with unharmed(cluster, "a release by digest", options) as load:
            assert release(images, NEW) == 0
            asked = len(load.so_far())
            # In turn, so that each is asked once more after those that were out by then.
            since = asked + 2 * USERS
            wait_until("each user is asked again", lambda: len(load.so_far()) >= since)
    new = cluster.get("deployment/svd")
    by_digest = new["spec"]["template"]["spec"]["containers"][0]["image"]
    assert re.fullmatch(rf"{host}/movierec@sha256:[0-9a-f]{{64}}", by_digest)
    notes = new["metadata"]["annotations"]
    assert re.fullmatch(rf"svd@{NEW} of [0-9a-f]{{40}}: {by_digest}", notes[CAUSE])
    assert TRYING not in notes
    late = {one.model for one in load.asked[asked + USERS :]}
    assert late <= {f"svd@{NEW}", f"svdpp@{OLD}"}
    assert all(
        met == [f"svd@{OLD}", f"svd@{NEW}"] for met in versions_by_user(load.asked, "svd").values()
    )
    assert all(asked.path.startswith("/k8s/clusters/") for asked in rancher.asked)


def test_what_passes_is_tried_again(
    cluster: Cluster, rancher: StandIn, images: Path, capsys: Caught
) -> None:
    rancher.faults = [
        Fault("GET", 2, BUSY),
        Fault("PATCH", 3, status(503, "ServiceUnavailable", "the server is starting")),
        Fault("PATCH", carried_out=True),
    ]
    assert by_name(images, NEW) == 0
    again = re.findall(r"^(\w+ svd: .*?)[;:,]? .*; again in", capsys.readouterr().out, re.M)
    assert len(again) == 6 and rancher.faults == []

    def meanwhile() -> None:
        cluster.kubectl("annotate", "deployment/svd", "--overwrite", "example.org/looked=at")

    rancher.asked.clear()
    rancher.faults = [
        Fault("GET", reply=BROKEN_TUNNEL),
        Fault("PATCH", before=meanwhile),
        Fault("GET", 2),
        Fault("GET", cut_short=True),
    ]
    assert by_name(images, OLD) == 0
    out = capsys.readouterr().out
    assert out.count("; again in") == 5 and rancher.faults == []
    assert "PATCH svd: 409, it was changed meanwhile; again in" in out
    patches = [asked.body for asked in rancher.asked if asked.method == "PATCH"]
    assert len(patches) == 3, "refused, carried out, proven"


def test_an_image_that_is_not_there_is_put_back(
    cluster: Cluster, rancher: StandIn, images: Path, options: str, capsys: Caught
) -> None:
    before = {pod["metadata"]["name"] for pod in cluster.pods("svd")}
    shipped = cluster.get("deployment/svd")["spec"]["progressDeadlineSeconds"]
    deadline = '{{"spec": {{"progressDeadlineSeconds": {}}}}}'
    cluster.kubectl("patch", "deployment/svd", "--patch", deadline.format(10))
    try:
        with unharmed(cluster, "a release that is not there", options) as load:
            missing = f"127.0.0.1:9/movierec@sha256:{'0' * 64}"
            assert release(images, NEW, "--image", missing) == 1
    finally:
        cluster.kubectl("patch", "deployment/svd", "--patch", deadline.format(shipped))
    said = capsys.readouterr().err
    assert f"svd@{NEW} does not serve: ReplicaSet" in said and "has timed out progressing" in said
    assert "ErrImagePull" in said or "ImagePullBackOff" in said
    assert said.endswith(f"{image_of('svd', OLD)} is put back\n")
    cluster.await_settled("svd")
    assert {pod["metadata"]["name"] for pod in cluster.pods("svd")} == before
    assert {one.model for one in load.asked} == {f"svd@{OLD}", f"svdpp@{OLD}"}


def test_the_kubeconfig_that_rancher_hands_out_does_it(
    cluster: Cluster,
    rancher: StandIn,
    images: Path,
    certified: Certified,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the image that is there: nothing is changed."""
    data = base64.b64encode(certified.ca.read_bytes()).decode()
    own = {"server": rancher.url, "certificate-authority-data": data}
    document = {
        "clusters": [{"name": "films", "cluster": own}],
        "users": [{"name": "films", "user": {"token": KEY}}],
        "contexts": [{"name": "films", "context": {"user": "films", "cluster": "films"}}],
        "current-context": "films",
    }
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(document))
    for name in ("URL", "TOKEN", "CA"):
        monkeypatch.delenv(f"DEPLOY_{name}")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    assert by_name(images, OLD) == 0
    assert {asked.method for asked in rancher.asked} == {"GET"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TOKEN", "kubeconfig-u-ci:wrong", "401 'Unauthorized 401: must authenticate': the token"),
        (
            "NAMESPACE",
            "default",
            '403 \'deployments.apps "svd" is forbidden: User "u-ci" cannot get',
        ),
        ("CA", "", "its certificate is none that we believe"),
    ],
    ids=["a wrong token", "outside the role", "an untrusted authority"],
)
def test_what_is_final_changes_nothing(
    cluster: Cluster,
    rancher: StandIn,
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Caught,
    name: str,
    value: str,
    said: str,
) -> None:
    before = cluster.get("deployment/svd")["metadata"]["generation"]
    monkeypatch.setenv(f"DEPLOY_{name}", value or str(certify(tmp_path).ca))
    assert by_name(images, NEW) == 2
    line = capsys.readouterr().err
    assert said in line and line.count("\n") == 1
    assert cluster.get("deployment/svd")["metadata"]["generation"] == before
