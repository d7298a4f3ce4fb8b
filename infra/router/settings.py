"""What the router is told by the environment.

python -m infra.router.settings     the table of it, as it stands in infra/router/README.md
"""

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from movierec.errors import BadParams
from movierec.routing import ARM
from serve.settings import HOST, PORT, section
from serve.variables import FOLDER, Environment, Kind, matching, read, setting, several, whole

ADDRESS = matching(
    rf"{ARM}=(?:[A-Za-z0-9._-]{{1,253}}|\[[0-9a-fA-F:.]{{2,45}}\]):[0-9]{{1,5}}", "arm=host:port"
)
ARMS = several(ADDRESS, "arm=host:port of each arm, joined by commas")
ROUTING = Kind("the path of a file", Path)


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text))


PROXIES = several(
    Kind("an address or a network", _network),
    "addresses or networks (10.0.0.0/8), joined by commas",
)


@dataclass(frozen=True)
class RouterSettings:
    """Everything that `python -m infra.router.start` is told."""

    PREFIX: ClassVar[str] = "ROUTER_"
    LISTED: ClassVar[str] = "infra.router.settings"

    arms: tuple[str, ...] = setting(
        ARMS,
        "Arms, and where their Services are. Another arm is another entry.",
        default=("svd=svd:8080", "svdpp=svdpp:8080"),
    )
    routing: Path = setting(  # noqa: RUF009
        ROUTING,
        "Salt and weights, read anew for each request.",
        default=Path("/etc/movierec/routing.json"),
    )
    host: str = setting(HOST, "Where it listens.", default="0.0.0.0")
    port: int = setting(PORT, "Its port.", default=8080)
    status_port: int = setting(PORT, "Of /metrics and /status, for monitoring alone.", default=8081)
    deadline_ms: int = setting(
        whole(100, 60_000), "Of a site: two arms are asked in turn within it.", default=600
    )
    rate: int = setting(
        whole(1, 1_000_000), "Requests a second of one address, on average.", default=500
    )
    burst: int = setting(
        whole(1, 1_000_000), "So many more of it at once; over that they get 429.", default=1000
    )
    proxies: tuple[str, ...] | None = setting(
        PROXIES,
        "Who stands before it: from these, and nobody else, `X-Forwarded-For` is taken for the "
        "client's address.",
        default=None,
    )
    workers: int = setting(whole(1, 64), "Processes of nginx.", default=2)
    folder: Path = setting(  # noqa: RUF009
        FOLDER, "What it writes: its configuration, and pid.", default=Path("/tmp/router")
    )

    def __post_init__(self) -> None:
        names = list(self.addresses)
        if len(names) != len(self.arms):
            raise BadParams(f"ROUTER_ARMS names an arm twice: {','.join(self.arms)}")
        for path in (self.routing, self.folder):
            if not re.fullmatch(r"[A-Za-z0-9/._-]+", str(path)):
                raise BadParams(f"{path}: nginx is told paths of A-Z a-z 0-9 / . _ - alone")

    @property
    def addresses(self) -> dict[str, str]:
        """arm → host:port."""
        return dict(arm.split("=", 1) for arm in self.arms)

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> "RouterSettings":
        """Read ROUTER_*."""
        return read(cls, environment)


if __name__ == "__main__":
    print(section("ROUTER_…: the router", RouterSettings))
