"""In which order pods became ready and ended, by the API server's own record of them."""

import json
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple

from infra.kubernetes.cluster import Cluster, Thing

NAME = "app.kubernetes.io/name"


class Step(NamedTuple):
    """A pod became `ready` for the first time, was told that it is `ending`, or has `changed`."""

    what: str
    image: str
    serving: int
    """So many pods of the Deployment are ready after it, and not ending."""


@dataclass
class Watch:
    """Follows the pods of a namespace between enter and exit."""

    cluster: Cluster
    told: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __enter__(self) -> "Watch":
        pods = self.cluster.get("pods")["items"]
        self.told = "".join(json.dumps({"type": "ADDED", "object": pod}) for pod in pods)
        self.since = max(map(version, pods))
        command = ["kubectl", "--namespace", self.cluster.namespace, "get", "pods", "--watch"]
        # Into a file: it would stop at a pipe that nobody empties.
        self.output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [*command, "--output-watch-events", "--output", "json"], stdout=self.output
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.process
        self.process.terminate()
        self.process.wait()
        with self.output:
            self.output.seek(0)
            self.told += self.output.read()

    def steps(self, name: str) -> list[Step]:
        """What happened to the pods of a Deployment, in order."""
        return list(steps(documents(self.told), name, self.since))


def documents(text: str) -> Iterator[Thing]:
    """The JSON objects of a text, one behind the other; a last one that was cut off is left out."""
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        try:
            found, at = decoder.raw_decode(text, at)
        except ValueError:
            return
        yield found


def steps(events: Iterator[Thing], name: str, since: int) -> Iterator[Step]:
    """The steps of a Deployment's pods after the version `since` of the record."""
    serving: set[str] = set()
    seen: dict[str, set[str]] = {}
    ours = [e["object"] | {"gone": e["type"] == "DELETED"} for e in events]
    ours = [pod for pod in ours if pod["metadata"].get("labels", {}).get(NAME) == name]
    for pod in sorted(ours, key=version):
        identity, image = pod["metadata"]["name"], pod["spec"]["containers"][0]["image"]
        ending = "deletionTimestamp" in pod["metadata"] or pod["gone"]
        ready = not ending and is_ready(pod)
        (serving.add if ready else serving.discard)(identity)
        news = {what for what, is_so in (("ready", ready), ("ending", ending)) if is_so}
        new = news - seen.setdefault(identity, set())
        seen[identity] |= new
        if version(pod) > since:
            yield Step(new.pop() if new else "changed", image, len(serving))


def version(pod: Thing) -> int:
    """When the record of a pod was written, in the order of all writes."""
    return int(pod["metadata"]["resourceVersion"])


def is_ready(pod: Thing) -> bool:
    """Whether its Services send it requests."""
    conditions = pod["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
