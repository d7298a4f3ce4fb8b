"""Deployments in memory, with the API that a release uses and a controller that takes its time.

A stand-in for an API server and its Deployment controller; what it keeps of theirs:
- A PATCH (strategic merge) with another `resourceVersion` than the present one is a 409; any write
  raises it, and one of `spec` raises `generation` as well. An annotation of null is taken away.
- The controller sees a new generation one GET later, and only then changes anything, so a look
  right after a PATCH finds the old, finished state. From there each GET is a step: a new pod comes,
  it is ready, an old one goes, until all pods are new.
- A pod of an image in `broken` is never ready: after `DEADLINE` steps without progress the
  condition Progressing is False with the reason ProgressDeadlineExceeded. It stays until all pods
  are new, so behind an undone update it is stale.
- The ConfigMap `routing` is there as well, and a PATCH of it is as one of a Deployment.
- Names that the role does not list are 403, whether they are there or not.
"""

import json
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.infra.rancher.standin import Headers, Reply, status

APPS = "/apis/apps/v1/namespaces/movierec/deployments/"
CONFIG = "/api/v1/namespaces/movierec/configmaps/routing"
PODS = "/api/v1/namespaces/movierec/pods?labelSelector=app.kubernetes.io/name="
WEIGHTS = '{"salt": "1", "weights": {"svd": 50, "svdpp": 50}}\n'
DEADLINE = 4
WANTED = 2


@dataclass
class Deployment:
    """One of them, and its pods."""

    name: str
    image: str
    version: int = 100
    generation: int = 1
    observed: int = 1
    annotations: dict[str, str] = field(default_factory=dict)
    paused: bool = False
    pods: list[dict[str, Any]] = field(default_factory=list)
    condition: dict[str, str] = field(default_factory=dict)
    made: int = 0
    idle: int = 0

    def object(self) -> dict[str, Any]:
        """As the API server tells it."""
        ready = [pod for pod in self.pods if pod["ready"]]
        return {
            "kind": "Deployment",
            "apiVersion": "apps/v1",
            "metadata": {
                "name": self.name,
                "resourceVersion": str(self.version),
                "generation": self.generation,
                "annotations": dict(self.annotations),
            },
            "spec": {
                "replicas": WANTED,
                "progressDeadlineSeconds": 120,
                **({"paused": True} if self.paused else {}),
                "template": {"spec": {"containers": [{"name": "app", "image": self.image}]}},
            },
            "status": {
                "observedGeneration": self.observed,
                "replicas": len(self.pods),
                "updatedReplicas": sum(pod["image"] == self.image for pod in self.pods),
                "availableReplicas": len(ready),
                "conditions": [dict(self.condition)] if self.condition else [],
            },
        }

    def add(self, ready: bool) -> None:
        """A new pod of the image."""
        self.made += 1
        name = f"{self.name}-{self.made}"
        self.pods.append({"name": name, "image": self.image, "ready": ready})


@dataclass
class ConfigMap:
    """What the router mounts."""

    data: dict[str, str]
    version: int = 7

    def object(self) -> dict[str, Any]:
        """As the API server tells it."""
        meta = {"name": "routing", "resourceVersion": str(self.version)}
        return {"kind": "ConfigMap", "apiVersion": "v1", "metadata": meta, "data": dict(self.data)}


@dataclass
class Deployments:
    """svd and svdpp in the namespace movierec, and the router's weights."""

    image: str
    routing: ConfigMap = field(default_factory=lambda: ConfigMap({"routing.json": WEIGHTS}))
    broken: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.named = {name: Deployment(name, self.image) for name in ("svd", "svdpp")}
        for deployment in self.named.values():
            deployment.add(True)
            deployment.add(True)

    def answer(self, method: str, path: str, headers: Headers, body: bytes) -> Reply:
        """An API server's answer to a request of the impersonated user."""
        path = unquote(path)
        with self.lock:
            if "movierec:deployers" not in headers["Impersonate-Group"].split(","):
                return forbidden(headers, path)
            if path.startswith(PODS):
                return given(self.pod_list(path.removeprefix(PODS)))
            if path == CONFIG:
                if method == "PATCH":
                    return patch_config(self.routing, headers, json.loads(body))
                return given(self.routing.object())
            if not path.startswith(APPS) or path.removeprefix(APPS) not in self.named:
                return forbidden(headers, path)
            deployment = self.named[path.removeprefix(APPS)]
            if method == "PATCH":
                return patch(deployment, headers, json.loads(body))
            told = deployment.object()
            self.step(deployment)
            return given(told)

    def set_image(self, name: str, image: str) -> None:
        """Somebody else does."""
        with self.lock:
            write(self.named[name], {"template": {"spec": {"containers": [{"image": image}]}}})

    def pod_list(self, name: str) -> dict[str, Any]:
        """The pods of a Deployment, as the API server tells them."""
        return {"kind": "PodList", "items": [pod_object(p) for p in self.named[name].pods]}

    def step(self, deployment: Deployment) -> None:
        """What the controller does next."""
        if deployment.observed < deployment.generation:
            deployment.observed, deployment.idle = deployment.generation, 0
            return
        new = [pod for pod in deployment.pods if pod["image"] == deployment.image]
        old = [pod for pod in deployment.pods if pod not in new]
        if any(not pod["ready"] for pod in old):
            deployment.pods = [pod for pod in deployment.pods if pod in new or pod["ready"]]
        elif any(not pod["ready"] for pod in new) and deployment.image in self.broken:
            deployment.idle += 1
            if deployment.idle < DEADLINE:
                return
            said = "ReplicaSet has timed out progressing."
            reason = "ProgressDeadlineExceeded"
            deployment.condition = progressing("False", reason, said, deployment.observed)
            return
        elif waits := [pod for pod in new if not pod["ready"]]:
            waits[0]["ready"] = True
        elif len(deployment.pods) > WANTED:
            deployment.pods.remove(old[0])
        elif len(new) < WANTED:
            deployment.add(False)
        else:
            return
        deployment.version += 1
        if {pod["image"] for pod in deployment.pods if pod["ready"]} == {deployment.image}:
            told = "NewReplicaSetAvailable"
            deployment.condition = progressing("True", told, "all out", deployment.observed)


def progressing(is_so: str, reason: str, message: str, number: int) -> dict[str, str]:
    """The condition of a rollout; `number` stands for its time."""
    told = {"type": "Progressing", "status": is_so, "reason": reason, "message": message}
    return told | {"lastUpdateTime": f"2026-11-27T12:00:{number:02}Z"}


def pod_object(pod: dict[str, Any]) -> dict[str, Any]:
    """A pod as the API server tells it."""
    waits = {"state": {"waiting": {"reason": "ErrImagePull", "message": "not found"}}}
    return {
        "metadata": {"name": pod["name"]},
        "spec": {"containers": [{"name": "app", "image": pod["image"]}]},
        "status": {
            "conditions": [{"type": "Ready", "status": str(pod["ready"])}],
            "containerStatuses": [{} if pod["ready"] else waits],
        },
    }


def patch(deployment: Deployment, headers: Headers, change: dict[str, Any]) -> Reply:
    """Carry out a strategic merge patch, of what a release changes."""
    if headers["Content-Type"] != "application/strategic-merge-patch+json":
        return status(415, "UnsupportedMediaType", "no strategic merge patch")
    if change["metadata"]["resourceVersion"] != str(deployment.version):
        return status(409, "Conflict", "the object has been modified; please apply your changes")
    for name, text in change["metadata"].get("annotations", {}).items():
        if text is None:
            deployment.annotations.pop(name, None)
        else:
            deployment.annotations[name] = text
    write(deployment, change.get("spec", {}))
    return given(deployment.object())


def patch_config(config: ConfigMap, headers: Headers, change: dict[str, Any]) -> Reply:
    """The same of a ConfigMap."""
    if headers["Content-Type"] != "application/strategic-merge-patch+json":
        return status(415, "UnsupportedMediaType", "no strategic merge patch")
    if change["metadata"]["resourceVersion"] != str(config.version):
        return status(409, "Conflict", "the object has been modified; please apply your changes")
    config.data |= change["data"]
    config.version += 1
    return given(config.object())


def write(deployment: Deployment, spec: dict[str, Any]) -> None:
    """A write, and what it raises."""
    deployment.version += 1
    if spec:
        deployment.image = spec["template"]["spec"]["containers"][0]["image"]
        deployment.generation += 1


def given(told: dict[str, Any]) -> Reply:
    """An object."""
    return Reply(200, {"Content-Type": "application/json"}, json.dumps(told).encode())


def forbidden(headers: Headers, path: str) -> Reply:
    """What role-based access control says."""
    user = headers["Impersonate-User"]
    return status(403, "Forbidden", f'User "{user}" cannot get or patch {path}')
