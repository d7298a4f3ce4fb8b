"""The router's image as compose runs it: small, not root, and with nothing to write to."""

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from movierec.routing import arm
from tests.infra.docker.containers import ROOT, build, docker
from tests.infra.router.arms import arms
from tests.infra.router.routers import EVEN, PATIENT, Router, environment_of

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]

MAX_OVER_BASE_MB = 20


@pytest.fixture(scope="module")
def image() -> str:
    """The image, built from this tree."""
    return build("router", ROOT)


@pytest.fixture
def folder() -> Iterator[Path]:
    """The folder of weights, which the container's user may enter."""
    with tempfile.TemporaryDirectory(prefix="movierec-router-") as name:
        made = Path(name)
        made.chmod(0o755)
        yield made


def bounds(folder: Path) -> list[str]:
    """The options of `docker run` that compose gives its router."""
    service = yaml.safe_load((ROOT / "infra/compose.yaml").read_text())["services"]["router"]
    assert service["read_only"]
    (volume,) = service["volumes"]
    place = volume.removeprefix(volume.split(":")[0])
    return [
        "--read-only",
        *(option for capability in service["cap_drop"] for option in ("--cap-drop", capability)),
        *(option for text in service["security_opt"] for option in ("--security-opt", text)),
        *(option for at in service["tmpfs"] for option in ("--tmpfs", at)),
        *("--memory", service["mem_limit"], "--volume", f"{folder}{place}"),
    ]


@contextmanager
def running(image: str, folder: Path, told: dict[str, str]) -> Iterator[str]:
    """A container on the host's network, once it says of itself that it is healthy."""
    options = [option for pair in told.items() for option in ("--env", "=".join(pair))]
    quick = ("--health-interval", "1s", "--health-timeout", "60s")
    name = docker("run", "--detach", "--network", "host", *quick, *bounds(folder), *options, image)
    try:
        deadline = time.monotonic() + 120
        while docker("inspect", "--format", "{{.State.Health.Status}}", name) != "healthy":
            assert time.monotonic() < deadline, docker("logs", name)
            time.sleep(0.5)
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True)


def test_it_deals_users_and_ends_in_peace(image: str, folder: Path) -> None:
    with arms("svd", "svdpp") as made:
        told = {**environment_of(folder, made), **PATIENT}
        del told["ROUTER_ROUTING"], told["ROUTER_FOLDER"]
        there = Router(int(told["ROUTER_PORT"]), 0, folder / "routing.json", None)  # type: ignore[arg-type]
        there.deal(EVEN)
        with running(image, folder, told) as name:
            got = [there.get(f"/recommend/{user}").arm for user in range(200)]
            assert got == [arm(user, "1", EVEN) for user in range(200)]
            there.deal({"svd": 1.0, "svdpp": 0.0})
            assert {there.get(f"/recommend/{user}").arm for user in range(50)} == {"svd"}
            owners = docker("exec", name, "sh", "-c", "cat /proc/[0-9]*/status | grep ^Uid")
            assert set(owners.split()) == {"Uid:", "10001"}
            lines = docker("logs", name).splitlines()
            assert json.loads(lines[-1])["weights_from"] == "file"
            docker("stop", name)
            assert docker("inspect", "--format", "{{.State.ExitCode}}", name) == "0"


def test_without_weights_it_says_what_to_do(image: str, folder: Path) -> None:
    done = subprocess.run(
        ["docker", "run", "--rm", *bounds(folder), image], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: /etc/movierec/routing.json: no such file; `python -m infra.router.weights --output "
        "/etc/movierec/routing.json` writes it; ROUTER_ROUTING says where it is\n"
    )


def test_it_is_small_and_nobody_s_root(image: str) -> None:
    sizes = [
        int(docker("inspect", "--format", "{{.Size}}", x)) for x in (image, "python:3.11-slim")
    ]
    over = (sizes[0] - sizes[1]) / 2**20
    print(f"the router over its base: {over:.0f} MB")
    assert over <= MAX_OVER_BASE_MB
    config = json.loads(docker("inspect", "--format", "{{json .Config}}", image))
    assert config["User"] == "10001:10001" and config["StopSignal"] == "SIGQUIT"
