"""Docker's commands, and a container of a service as compose bounds it."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
GET = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8080{}').read().decode())"
HARDENED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
READY_SECONDS = 300


def docker(*arguments: str) -> str:
    """What a docker command prints."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def build(what: str, context: Path, repository: str = "movierec-test") -> str:
    """The name of the work tree's image that build.sh makes from `context`."""
    done = try_to_build(what, context, repository)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[0]


def try_to_build(what: str, context: Path, repository: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "infra/docker/build.sh"
    environment = {
        "CONTEXT": str(context),
        "DOCKER_BUILD_OPTIONS": "--network host",
        "REPOSITORY": repository,
    }
    return subprocess.run(
        ["env", *(f"{k}={v}" for k, v in environment.items()), str(script), what],
        capture_output=True,
        text=True,
    )


def as_compose_runs(name: str) -> list[str]:
    """The options of `docker run` by which a container is bounded as its service of compose."""
    service = yaml.safe_load((ROOT / "infra/compose.yaml").read_text())["services"][name]
    volumes = [volume.split(":")[-1] for volume in service.get("volumes", [])]
    return [
        *(["--read-only"] if service["read_only"] else []),
        *(option for capability in service["cap_drop"] for option in ("--cap-drop", capability)),
        *(option for text in service["security_opt"] for option in ("--security-opt", text)),
        *(option for place in service["tmpfs"] for option in ("--tmpfs", place)),
        *(option for place in volumes for option in ("--volume", place)),
        *("--memory", service["mem_limit"]),
    ]


@contextmanager
def ready(image: str, options: list[str]) -> Iterator[str]:
    """A container of the service that says it is ready; gone in the end."""
    name = docker("run", "--detach", *options, image)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while subprocess.run(
            ["docker", "exec", name, "python", "-c", GET.format("/readyz")], capture_output=True
        ).returncode:
            running = docker("inspect", "--format", "{{.State.Running}}", name) == "true"
            assert running and time.monotonic() < deadline, docker("logs", name)
            time.sleep(0.5)
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], capture_output=True)


def get(container: str, path: str) -> str:
    """What the service in a container answers."""
    return docker("exec", container, "python", "-c", GET.format(path))
