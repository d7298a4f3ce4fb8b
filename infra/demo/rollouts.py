"""How a release comes to its users in the demo: as far as the machine has a registry, a cluster."""

from infra.demo.report import Step
from infra.demo.terminal import Terminal
from movierec.models.kinds import KINDS

RELEASE = "python -m infra.release"
BUILD_OPTIONS = "-- --network host"


class Rollouts:
    """Images and deployments of releases, by the commands for that."""

    def __init__(self, terminal: Terminal, has_registry: bool) -> None:
        self.terminal = terminal
        self.has_registry = has_registry

    def bring(self, current: Step, version: str) -> None:
        """Push the images of a version, and have the cluster run them."""
        for kind in KINDS:
            if self.has_registry:
                command = f"{RELEASE} image {kind}@{version} --push {BUILD_OPTIONS}"
                self.terminal.type(current, command)

    def back(self, current: Step, kind: str, version: str) -> None:
        """Roll a model back."""
        self.terminal.type(current, f"{RELEASE} rollback {kind} --no-deploy")

    def remove(self, current: Step) -> None:
        """Leave the cluster as it was."""
