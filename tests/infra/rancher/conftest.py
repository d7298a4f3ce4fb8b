"""A cluster behind a stand-in for Rancher, a router before it, and the release svd@v1.4.0."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.rancher import patience, rollout
from tests.infra.rancher.deployments import Deployments
from tests.infra.rancher.router import Router
from tests.infra.rancher.standin import CLUSTER, StandIn, Token
from tests.infra.rancher.world import NEW, OLD, TAG, TOKEN, World
from tests.infra.registry.certificates import Certified, certify


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    """By a private authority, as Rancher makes one for itself."""
    return certify(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whose only commit is svd@v1.4.0 and svdpp@v1.4.0."""
    folder = tmp_path_factory.mktemp("tagged")
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost"]
    subprocess.run([*git, "init", "--quiet"], cwd=folder, check=True)
    command = [*git, "commit", "--quiet", "--allow-empty", "--message", "first"]
    subprocess.run(command, cwd=folder, check=True)
    for name in (TAG, "svdpp@v1.4.0"):
        subprocess.run([*git, "tag", name], cwd=folder, check=True)
    return folder


@pytest.fixture
def soon_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """For what never comes: it is waited for no longer than a second."""
    for name in ("SMOKE", "PATIENCE"):
        monkeypatch.setenv(f"DEPLOY_{name}_SECONDS", "1")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for seconds between two looks waits for less."""
    monkeypatch.setattr(patience, "FIRST", 0.01)
    monkeypatch.setattr(rollout, "POLL_SECONDS", 0.001)


@pytest.fixture
def world(
    certified: Certified, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """As it is before a release, and the environment that a release finds it by."""
    behind = Deployments(OLD)
    tokens = {TOKEN: Token(), "kubeconfig-u-ci:of-the-cluster": Token(scope=CLUSTER)}
    standin = StandIn(behind, certified, tokens)
    router = Router(behind, {OLD: "svd@v1.3.0", NEW: TAG})
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with standin, router:
        given = {
            "URL": standin.url,
            "TOKEN": TOKEN,
            "CA": str(certified.ca),
            "ROUTER": router.url,
            "USERS": "1,2,3",
        }
        for name, value in given.items():
            monkeypatch.setenv(f"DEPLOY_{name}", value)
        yield World(behind, standin, router, repository)
