"""A release's image, built from its tag: what it says of itself, how it runs, that it is the same
each time it is built."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.release import image
from infra.release.context import EPOCH
from infra.release.package import locked_model, md5_of_folder
from infra.release.tag import resolve
from tests.infra.docker.containers import HARDENED, docker, get, ready
from tests.infra.docker.layers import layers
from tests.infra.release.tagged import small, tag

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]

NAME = "svd@v0.0.9001"
IMAGE = "movierec:svd-v0.0.9001"
BASE = "python:3.11-slim"
MAX_OVER_BASE_MB = 120
TOOLS = "pip pip3 gcc cc g++ make ld ensurepip dvc git"
WRITABLE = "find / -xdev -writable -not -type l -not -path '/proc/*' -not -path '/dev/*'"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("released")
    repository = small(folder)
    tag(repository, NAME)
    return repository


def make(project: Path, *options: str) -> str:
    """Build the release's image; its id."""
    assert image.main([NAME, "--repo", str(project), "--", "--network", "host", *options]) == 0
    return docker("image", "inspect", "--format", "{{.Id}}", IMAGE)


@pytest.fixture(scope="module")
def built(project: Path) -> Iterator[str]:
    """The name of a release's image."""
    make(project)
    yield IMAGE
    docker("image", "rm", "--force", IMAGE)


def test_it_says_which_tag_commit_time_and_data_it_is_of(project: Path, built: str) -> None:
    config = json.loads(docker("image", "inspect", "--format", "{{json .Config}}", built))
    found = resolve(project, NAME)
    assert config["Labels"] == {
        "org.opencontainers.image.title": "movierec svd",
        "org.opencontainers.image.version": NAME,
        "org.opencontainers.image.revision": found.commit,
        "org.opencontainers.image.created": f"{found.committed:%Y-%m-%dT%H:%M:%S}Z",
        "org.opencontainers.image.licenses": "Apache-2.0",
        "movierec.data-hash": "hash",
    }
    assert config["User"] == "10001:10001"


def test_it_runs_without_any_right_or_place_to_write(project: Path, built: str) -> None:
    with ready(built, HARDENED) as container:
        version = json.loads(get(container, "/version"))
        assert version["model"] == NAME
        assert version["git_commit"] == resolve(project, NAME).commit
        assert len(set(get(container, "/recommend/1").split(","))) == 20
        assert docker("exec", container, "id", "-u") == "10001"
        assert docker("exec", container, "sh", "-c", f"{WRITABLE} 2>/dev/null || true") == ""
        status = docker("exec", container, "cat", "/proc/1/status")
        rights = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert int(rights["CapEff"], 16) == int(rights["CapBnd"], 16) == 0
        assert rights["NoNewPrivs"] == "1"
        docker("stop", container)
        assert docker("inspect", "--format", "{{.State.ExitCode}}", container) == "0"


def test_it_can_install_and_build_nothing(built: str) -> None:
    search = f"command -v {TOOLS}; for p in $(ls /usr/bin/python3 /usr/local/bin/python3 " \
        "/venv/bin/python 2>/dev/null); do for m in pip ensurepip setuptools dvc; " \
        "do $p -c \"import $m\" 2>/dev/null && echo $p $m; done; done; true"  # fmt: skip
    assert docker("run", "--rm", *HARDENED, built, "sh", "-c", search) == ""
    assert "pip" in docker("run", "--rm", BASE, "sh", "-c", search), "the base has it"


def test_it_carries_the_tags_model(project: Path, built: str, tmp_path: Path) -> None:
    container = docker("create", built)
    try:
        docker("cp", f"{container}:/app/model", str(tmp_path / "model"))
    finally:
        docker("rm", container)
    assert md5_of_folder(tmp_path / "model") == locked_model(project, resolve(project, NAME)).md5


def test_it_is_small(built: str) -> None:
    sizes = [int(docker("image", "inspect", "--format", "{{.Size}}", i)) for i in (built, BASE)]
    over = (sizes[0] - sizes[1]) / 1e6
    print(f"over its base: {over:.1f} MB")
    assert over <= MAX_OVER_BASE_MB


def layer_ids(name: str) -> list[str]:
    """SHA-256 of an image's layers, lowest first."""
    found: list[str] = json.loads(
        docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", name)
    )
    return found


def test_built_twice_it_is_the_same(project: Path, tmp_path: Path) -> None:
    """Packages, code and model to the byte, times and rights included. What Docker stamps is not:
    the times at which it took away what the base installs with, and at which it built."""
    names = []
    for number in (1, 2):
        names.append(f"movierec-test:built-{number}")
        docker("tag", make(project, "--no-cache"), names[-1])
    try:
        of_base, *ids = (layer_ids(name) for name in (BASE, *names))
        own = [found[len(of_base) :] for found in ids]
        assert own[0][1:] == own[1][1:] and len(own[0]) == 3
        first, second = (layers(name, tmp_path)[len(of_base) :] for name in names)
    finally:
        for name in names:
            docker("image", "rm", "--force", name)
    removed = first.pop(0), second.pop(0)
    assert first == second
    assert {entry["time"] for layer in first for entry in layer.values()} == {EPOCH}
    assert removed[0].keys() == removed[1].keys()
    differing = {name for name in removed[0] if removed[0][name] != removed[1][name]}
    assert all(".wh." in name for name in differing)
