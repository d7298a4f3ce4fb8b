"""How a release comes to its users in the demo: as far as the machine has a registry, a cluster."""

from functools import partial
from types import TracebackType

import numpy as np

from infra.demo.report import Step
from infra.demo.terminal import Terminal
from infra.kubernetes.cluster import Cluster
from infra.kubernetes.images import ROUTER, build, hand_over, image_of
from infra.kubernetes.install import install, remove
from infra.processes import free_port, listens
from movierec.models.kinds import KINDS

RELEASE = "python -m infra.release"
BUILD_OPTIONS = "-- --network host"
NAMESPACE = "movierec-release-demo"


class Rollouts:
    """Images and deployments of releases, by the commands for that. `environment` is that of the
    terminal, `hands` the command that gives images to a cluster; without, there is none."""

    def __init__(
        self, terminal: Terminal, environment: dict[str, str], hands: str | None = None
    ) -> None:
        self.terminal = terminal
        self.environment = environment
        self.has_registry = "IMAGES_REGISTRY" in environment
        self.hands = hands if self.has_registry else None
        self.cluster = Cluster(NAMESPACE)
        self.is_installed = False

    def __enter__(self) -> "Rollouts":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.is_installed:
            remove(self.cluster)

    def bring(self, current: Step, version: str) -> None:
        """Push the images of a version, and have the cluster run them."""
        for kind in KINDS if self.has_registry else ():
            self.terminal.type(
                current, f"{RELEASE} image {kind}@{version} --push {BUILD_OPTIONS}", ["@sha256"]
            )
        if not self.has_registry:
            current.say("images are left out: no Docker engine, or no docker-registry")
        if self.hands is None:
            current.say("deploy is left out: no KUBECONFIG")
            return
        hand_over(self.hands, [image_of(kind, version) for kind in KINDS])
        if not self.is_installed:
            self._install(self.hands, version)
        for kind in KINDS:
            self._deploy(current, kind, version)

    def back(self, current: Step, kind: str, version: str) -> None:
        """Roll a model back: where there is a cluster, by the image that its machines have."""
        how = "--no-deploy" if self.hands is None else f"--image {image_of(kind, version)}"
        self.terminal.type(current, f"{RELEASE} rollback {kind} {how}")

    def _deploy(self, current: Step, kind: str, version: str) -> None:
        image = image_of(kind, version)
        self.terminal.type(
            current, f"{RELEASE} deploy {kind}@{version} --image {image}", [f"{kind}@{version}: "]
        )

    def _install(self, hands: str, version: str) -> None:
        """Have the namespace with a router before it, which is reached from here."""
        dockerfile = self.terminal.processes.root / "infra/docker/router.Dockerfile"
        root = str(self.terminal.processes.root)
        build(ROUTER, "--file", str(dockerfile), "--network", "host", root)
        hand_over(hands, [ROUTER])
        self.is_installed = True
        images = {kind: image_of(kind, version) for kind in KINDS}
        install(self.cluster, images | {"router": ROUTER})
        port = free_port()
        forward = ["kubectl", "--namespace", NAMESPACE, "port-forward", "service/router"]
        self.terminal.processes.start("router", [*forward, f"{port}:8080"])
        self.terminal.processes.wait_until("router", partial(listens, port))
        self.environment["DEPLOY_NAMESPACE"] = NAMESPACE
        self.environment["DEPLOY_ROUTER"] = f"http://127.0.0.1:{port}"
        known = np.load(self.terminal.processes.root / "models/svd/users.npy", mmap_mode="r")
        self.environment["DEPLOY_USERS"] = ",".join(map(str, known[:10]))
