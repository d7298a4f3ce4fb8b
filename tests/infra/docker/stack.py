"""What infra/compose.yaml describes, started for real, beside whatever else runs by it.

Images that the engine lacks are stand-ins, which say so by their names: Kafka of Maven Central's
jars (infra/kafka/image.sh), those who watch of the same versions' source (infra/ci/watchers.sh).
Grafana's is nowhere to be had: it is left out.
"""

import json
import subprocess
import urllib.request
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.infra.docker.containers import ROOT, build, docker
from tests.waiting import until

FILE = ROOT / "infra/compose.yaml"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
STARTED = [name for name in SERVICES if name != "grafana"]
PROJECT = "movierec-tried"
"""Not the file's own name: a stack that somebody runs here keeps its containers and volumes."""
wait = partial(until, seconds=240.0, step=0.5)
"""For as long as a busy engine may take."""


def images(context: Path) -> dict[str, str]:
    """Service → its image: ours of the work tree, the engine's, or a stand-in for one it lacks."""
    ours = {name: build(name, context) for name in ("collector", "svd", "svdpp", "router")}
    lacking = [name for name in STARTED if name not in ours and not has(SERVICES[name]["image"])]
    made: dict[str, str] = {}
    if {"kafka", "topics"} & {*lacking}:
        made |= dict.fromkeys(("kafka", "topics"), *printed("infra/kafka/image.sh"))
    if {"prometheus", "alertmanager", "node-exporter"} & {*lacking}:
        watchers = printed("infra/ci/watchers.sh")
        made |= dict(zip(("prometheus", "alertmanager", "node-exporter"), watchers, strict=True))
    return ours | {name: made[name] for name in lacking}


def has(image: str) -> bool:
    """Whether the engine has it."""
    return not subprocess.run(["docker", "image", "inspect", image], capture_output=True).returncode


def printed(script: str) -> list[str]:
    """The words that a script of the repository prints."""
    done = subprocess.run([str(ROOT / script)], check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.split()


class Stack:
    """The containers of one project."""

    def __init__(self, folder: Path, chosen: Mapping[str, str], told: Mapping[str, str]) -> None:
        """chosen: service → image, of those that run another one than the file names. told: the
        variables that the file asks for."""
        self.told = told
        self._command = printed("infra/ci/compose.sh")
        self._images = folder / "images.json"
        services = {name: {"image": image} for name, image in chosen.items()}
        self._images.write_text(json.dumps({"services": services}))

    def compose(
        self, *arguments: str, told: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """What a command of compose says, by other variables than ours if they are given."""
        variables = self.told if told is None else told
        files = ["--file", str(FILE), "--file", str(self._images)]
        # Not what whoever runs the tests has set for a stack of their own.
        unset = [option for name in self.told for option in ("--unset", name)]
        given = [f"{name}={value}" for name, value in variables.items()]
        return subprocess.run(
            ["env", *unset, *given, *self._command, "--project-name", PROJECT, *files, *arguments],
            capture_output=True,
            text=True,
        )

    def start(self) -> None:
        """Start all but Grafana, and wait until whoever says whether it is well says that it is."""
        done = self.compose("up", "--detach", *STARTED)
        assert done.returncode == 0, done.stderr + self.compose("logs", "--tail", "20").stdout
        wait(lambda: "starting" not in map(health, self.containers().values()))

    def remove(self) -> subprocess.CompletedProcess[str]:
        """Take all of it away, volumes too."""
        return self.compose("down", "--volumes")

    def containers(self) -> dict[str, dict[str, Any]]:
        """Service → what the engine knows of its container."""
        known = json.loads(docker("inspect", *found("container")))
        return {one["Config"]["Labels"]["com.docker.compose.service"]: one for one in known}

    def run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program in a service's container."""
        return self.compose("exec", "--no-TTY", name, *arguments)


def health(container: Mapping[str, Any]) -> str:
    """What a container says of itself; empty when it says nothing."""
    return str(container["State"].get("Health", {}).get("Status", ""))


def found(kind: str) -> list[str]:
    """What there is of the project's `container`s, `network`s or `volume`s."""
    every = ["--all"] if kind == "container" else []
    label = f"label=com.docker.compose.project={PROJECT}"
    return docker(kind, "ls", *every, "--quiet", "--filter", label).split()


def ask(port: int, path: str) -> Any:
    """The data in an answer of Prometheus' API."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=30) as response:
        return json.load(response)["data"]
