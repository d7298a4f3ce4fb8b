"""A namespace of a Kubernetes cluster, through `kubectl` and whatever KUBECONFIG says."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from movierec.errors import Unavailable

WAIT_SECONDS = 300.0
POLL_SECONDS = 0.5
Thing = dict[str, Any]


@dataclass(frozen=True)
class Cluster:
    """What we have in the namespace `namespace`."""

    namespace: str

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        """What a command prints that is given `given` to read; Unavailable with its complaint."""
        done = self.attempt(*arguments, given=given)
        if done.returncode:
            raise Unavailable(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def attempt(
        self, *arguments: str, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail."""
        command = ["kubectl", "--namespace", self.namespace, *arguments]
        return subprocess.run(command, input=given, capture_output=True, text=True)

    def get(self, *arguments: str) -> Thing:
        """An object, or a list of them, as the API server tells it."""
        told: Thing = json.loads(self.kubectl("get", *arguments, "--output", "json"))
        return told

    def apply(self, things: list[Thing]) -> None:
        """Have things as they are given."""
        self.kubectl("apply", "--filename", "-", given=as_list(things))

    def pods(self, name: str) -> list[Thing]:
        """The pods of a Deployment, those that are ending among them."""
        label = f"app.kubernetes.io/name={name}"
        return list(self.get("pods", "--selector", label)["items"])

    def set_image(self, name: str, image: str) -> None:
        """Begin the update of a Deployment."""
        self.kubectl("set", "image", f"deployment/{name}", f"app={image}")

    def await_settled(self, *names: str) -> None:
        """Wait until the Deployments have what they should, and no pod beyond it."""
        wait_until(f"{', '.join(names)} rolled out", lambda: all(map(self._is_settled, names)))

    def _is_settled(self, name: str) -> bool:
        try:
            deployment, pods = self.get(f"deployment/{name}"), self.pods(name)
        except Unavailable:  # the API server may be away for a moment
            return False
        return is_rolled_out(deployment) and len(pods) == deployment["spec"]["replicas"]


def is_rolled_out(deployment: Thing) -> bool:
    """Whether its controller has seen it as it is now and all its pods are new and available."""
    wanted, status = deployment["spec"]["replicas"], deployment["status"]
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    return seen and counts == [wanted] * 3


def as_list(things: list[Thing]) -> str:
    """Things as one text for `kubectl apply`."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": things})


def wait_until(what: str, happened: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Wait for something; Unavailable when it has not happened after `seconds`."""
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            raise Unavailable(f"{what}: not within {seconds:.0f} s")
        time.sleep(POLL_SECONDS)


def images_of(things: list[Thing]) -> Iterator[tuple[str, Thing]]:
    """The name of each thing that runs pods, or is one, and its container."""
    for thing in things:
        if thing["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Pod"):
            spec = thing["spec"] if thing["kind"] == "Pod" else thing["spec"]["template"]["spec"]
            yield thing["metadata"]["name"], spec["containers"][0]


def with_images(things: list[Thing], images: Mapping[str, str]) -> list[Thing]:
    """Things with the images that `images` names by the thing that runs them; the rest as it
    stands."""
    copied: list[Thing] = json.loads(json.dumps(things))
    for name, container in images_of(copied):
        container["image"] = images.get(name, container["image"])
    return copied
