"""Where releases are deployed to, as the environment tells it.

python -m infra.rancher.settings     the table of it, as it stands in infra/rancher/README.md
"""

import os
import re
from dataclasses import dataclass
from typing import ClassVar

from movierec.errors import BadParams
from serve.settings import section
from serve.variables import FILE, Environment, Kind, matching, read, setting, several, whole

PLACE = r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?"
API = matching(rf"https://{PLACE}", "an address that begins with https://")
SITE = matching(rf"https?://{PLACE}", "an address that begins with https:// or http://")
NAMESPACE = matching(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", "the name of a namespace")
TOKEN = Kind("a token", str, secret=True)
USERS = several(matching(r"0|[1-9][0-9]{0,17}", "a user"), "users' numbers, joined by commas")


@dataclass(frozen=True, kw_only=True)
class DeploySettings:
    """Everything that `python -m infra.release deploy` is told. `kubeconfig` is what KUBECONFIG
    says, and counts when there is no `url`."""

    PREFIX: ClassVar[str] = "DEPLOY_"
    LISTED: ClassVar[str] = "infra.rancher.settings"

    url: str | None = setting(
        API,
        "The cluster behind Rancher: `https://RANCHER/k8s/clusters/ID`; else as KUBECONFIG says.",
        default=None,
    )
    token: str | None = setting(
        TOKEN, "A key of Rancher's; one with this cluster as its scope suffices.", default=None
    )
    ca: str | None = setting(
        FILE,
        "Certificates of the authority that signed Rancher's, and the router's, if it is private.",
        default=None,
    )
    namespace: str = setting(NAMESPACE, "Where the Deployments are.", default="movierec")
    router: str = setting(SITE, "The router, as it is reached from here.")
    users: tuple[str, ...] = setting(
        USERS,
        "Whose lists it must answer behind an update.",
        default=tuple(str(user) for user in range(1, 11)),
    )
    request_seconds: int = setting(
        whole(1, 600), "For one answer of Rancher, which may itself wait for 40 s.", default=60
    )
    patience_seconds: int = setting(
        whole(1, 3600), "A request is repeated for so long while it has no answer.", default=180
    )
    rollout_seconds: int = setting(
        whole(1, 86_400), "For all pods to be new; the Deployment has a limit, too.", default=900
    )
    smoke_seconds: int = setting(
        whole(1, 3600), "For the router to answer with the new model alone.", default=90
    )
    kubeconfig: str | None = None

    def __post_init__(self) -> None:
        if self.token and not re.fullmatch(r"[!-~]+", self.token):  # never quoting it
            raise BadParams("DEPLOY_TOKEN has a space or a letter in it that no token has")
        if self.token and self.url is None:
            raise BadParams("DEPLOY_TOKEN is for DEPLOY_URL, which is not set")
        if self.url is not None and not self.token:
            raise BadParams("DEPLOY_TOKEN is not set: set it, or DEPLOY_TOKEN_FILE, to a key")
        if self.url is None and self.kubeconfig is None:
            raise BadParams("set DEPLOY_URL and DEPLOY_TOKEN, or KUBECONFIG: where is the cluster?")

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> "DeploySettings":
        """Read DEPLOY_*, and KUBECONFIG."""
        return read(cls, environment, kubeconfig=environment.get("KUBECONFIG") or None)

    @classmethod
    def if_any(cls, environment: Environment = os.environ) -> "DeploySettings | None":
        """As `from_environment`; None where nothing names a cluster."""
        named = environment.get("DEPLOY_URL") or environment.get("KUBECONFIG")
        return cls.from_environment(environment) if named else None


if __name__ == "__main__":
    print(section("DEPLOY_…: where releases go", DeploySettings))
