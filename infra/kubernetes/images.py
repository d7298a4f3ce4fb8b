"""Images of releases of what `make demo` trained, and of the router, given to a cluster."""

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from infra.demo.releases import make_releases
from infra.release import image
from movierec.errors import Unavailable
from movierec.models.kinds import KINDS

ROOT = Path(__file__).resolve().parents[2]
ROUTER = "movierec-router:tried"
BUILD_OPTIONS = ("--network", "host")


def image_of(arm: str, version: str) -> str:
    """The name of a release's image."""
    return f"movierec:{arm}-{version}"


def make_images(trained: Path, folder: Path, versions: Sequence[str]) -> list[str]:
    """Release both models of the workspace `trained` as each of `versions`, retrained, into a
    repository in `folder`; build their images and the router's. Returns the names of all."""
    repository = make_releases(trained, folder, versions)
    for arm in KINDS:
        for version in versions:
            image.main([f"{arm}@{version}", "--repo", str(repository), "--", *BUILD_OPTIONS])
    dockerfile = ROOT / "infra/docker/router.Dockerfile"
    build(ROUTER, "--file", str(dockerfile), *BUILD_OPTIONS, str(ROOT))
    return [ROUTER, *(image_of(arm, version) for arm in KINDS for version in versions)]


def build(name: str, *arguments: str, given: str | None = None) -> None:
    """`docker build`; Unavailable with its last words when it fails."""
    run(["docker", "build", "--quiet", "--tag", name, *arguments], given)


def hand_over(command: str, names: Sequence[str]) -> None:
    """Give images to the cluster by a command that takes their names, as HAND_IMAGES says."""
    run([*shlex.split(command), *names])


def run(command: list[str], given: str | None = None) -> None:
    """Run a command; Unavailable with its last words when it fails."""
    done = subprocess.run(command, input=given, capture_output=True, text=True)
    if done.returncode:
        last = (done.stdout + done.stderr).strip().splitlines()[-3:]
        raise Unavailable(f"{shlex.join(command)}: {' | '.join(last)}")
