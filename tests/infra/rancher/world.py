"""What a release is tried in: a cluster, Rancher's stand-in before it, a router, a repository."""

from dataclasses import dataclass
from pathlib import Path

from infra.release import deploy
from movierec.cli import refuse
from movierec.errors import UserError
from tests.infra.rancher.deployments import Deployments
from tests.infra.rancher.router import Router
from tests.infra.rancher.standin import StandIn

TAG = "svd@v1.4.0"
TOKEN = "kubeconfig-u-ci:s3cr3t-s3cr3t-s3cr3t"
OLD = f"registry.example/movierec@sha256:{'0' * 64}"
NEW = f"registry.example/movierec@sha256:{'1' * 64}"
OTHER = f"registry.example/movierec@sha256:{'2' * 64}"


@dataclass
class World:
    """See above."""

    deployments: Deployments
    standin: StandIn
    router: Router
    repository: Path

    def deploy(self, image: str = NEW, tag: str = TAG) -> int:
        """Deploy the release; the exit status, as its program has it."""
        try:
            return deploy.main([tag, "--image", image, "--repo", str(self.repository)])
        except UserError as error:
            return refuse(error)

    @property
    def image(self) -> str:
        """What svd is to have."""
        return self.deployments.named["svd"].image

    @property
    def pods(self) -> list[str]:
        """The images of svd's pods, and `…` behind one that is not ready."""
        pods = self.deployments.named["svd"].pods
        return [pod["image"] + ("" if pod["ready"] else "…") for pod in pods]

    def count(self, method: str) -> int:
        """How many requests of a method came."""
        return sum(asked.method == method for asked in self.standin.asked)
