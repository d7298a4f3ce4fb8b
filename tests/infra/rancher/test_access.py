"""The kubeconfig that Rancher hands out lets a release in; one that would not verify is refused."""

import base64
import logging
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.rancher.access import connect
from infra.rancher.settings import DeploySettings
from tests.infra.rancher.standin import CLUSTER
from tests.infra.rancher.world import NEW, World
from tests.infra.registry.certificates import Certified, certify

KEY = "kubeconfig-u-ci:of-the-cluster"
Caught = pytest.CaptureFixture[str]


def handed_out(world: World, ca: Path) -> dict[str, Any]:
    """As "Download KubeConfig" makes it."""
    data = base64.b64encode(ca.read_bytes()).decode()
    cluster = {"server": world.standin.url, "certificate-authority-data": data}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "films", "cluster": cluster}],
        "users": [{"name": "films", "user": {"token": KEY}}],
        "contexts": [{"name": "films", "context": {"user": "films", "cluster": "films"}}],
        "current-context": "films",
    }


@pytest.fixture
def kubeconfig(
    world: World, certified: Certified, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """In force, and that alone."""
    for name in ("URL", "TOKEN", "CA"):
        monkeypatch.delenv(f"DEPLOY_{name}")
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(handed_out(world, certified.ca)))
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def change(path: Path, part: str, name: str, value: object) -> None:
    document = yaml.safe_load(path.read_text())
    document[f"{part}s"][0][part][name] = value
    path.write_text(yaml.safe_dump(document))


def test_the_kubeconfig_that_rancher_hands_out(world: World, kubeconfig: Path) -> None:
    before = kubeconfig.read_text()
    assert world.deploy() == 0
    assert world.pods == [NEW, NEW]
    asked = world.standin.asked[0]
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert asked.path.startswith(f"/k8s/clusters/{CLUSTER}/apis/apps/v1/namespaces/movierec/")
    assert kubeconfig.read_text() == before


def test_another_authority_s_is_refused(
    world: World, kubeconfig: Path, tmp_path: Path, capsys: Caught
) -> None:
    other = certify(tmp_path / "other").ca
    kubeconfig.write_text(yaml.safe_dump(handed_out(world, other)))
    assert world.deploy() == 2
    assert "its certificate is none that we believe" in capsys.readouterr().err
    assert world.standin.asked == []


@pytest.mark.parametrize(
    ("part", "name", "value", "said"),
    [
        ("user", "exec", {"command": "rancher"}, "`exec:` runs a program to log in; take one with"),
        ("user", "auth-provider", {"name": "gcp"}, "`auth-provider:` runs a program to log in"),
        ("cluster", "insecure-skip-tls-verify", True, "give certificate-authority-data instead"),
        ("cluster", "server", "http://rancher.example", "its server is no https:// address"),
        ("context", "cluster", "another", "no kubeconfig: Invalid kube-config"),
    ],
)
def test_a_kubeconfig_that_will_not_do_is_refused(
    world: World, kubeconfig: Path, part: str, name: str, value: object, said: str, capsys: Caught
) -> None:
    change(kubeconfig, part, name, value)
    assert world.deploy() == 2
    line = capsys.readouterr().err
    assert said in line and line.startswith(f"error: KUBECONFIG {kubeconfig}: ")
    assert world.standin.asked == []


@pytest.mark.parametrize("text", ["token: [secret", "", "secret", "\0secret"])
def test_what_is_no_kubeconfig_is_refused_and_not_told(
    world: World, kubeconfig: Path, text: str, capsys: Caught
) -> None:
    kubeconfig.write_text(text)
    assert world.deploy() == 2
    line = capsys.readouterr().err
    assert line.startswith(f"error: KUBECONFIG {kubeconfig}: ") and line.count("\n") == 1
    assert "secret" not in line


def test_one_that_is_not_there(world: World, kubeconfig: Path, capsys: Caught) -> None:
    kubeconfig.unlink()
    assert world.deploy() == 2
    assert f"KUBECONFIG {kubeconfig}: cannot be read: No such file" in capsys.readouterr().err


def test_answers_are_not_logged(world: World) -> None:
    logging.getLogger("kubernetes.client.rest").setLevel(logging.DEBUG)
    connect(DeploySettings.from_environment()).close()
    assert logging.getLogger("kubernetes.client.rest").level == logging.WARNING
