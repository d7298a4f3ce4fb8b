"""Where images are pushed to and found: what the environment says of the registry.

python -m infra.registry.settings     the table of it, as it stands in infra/release/README.md
"""

import os
import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import ClassVar

from movierec.errors import BadParams
from serve.settings import section
from serve.variables import (
    FILE,
    PASSWORD,
    SWITCH,
    Environment,
    Kind,
    matching,
    read,
    setting,
    whole,
)

PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
# Without a dot, a port or `localhost` it would be a folder on Docker Hub to `docker push`.
HOST = r"(?:localhost|(?=[^/]*[.:])(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9a-fA-F:.]{2,45}\]))"
PLACE = matching(
    rf"(?!docker\.io(?:/|$)){HOST}(?::[0-9]{{1,5}})?(?:/{PART})*",
    "host[:port][/path] of a registry, its host with a dot or a port",
)


def place(text: str) -> str:
    """Where a registry is. What may hold a password, as URLs do, is refused without quoting it."""
    if "@" in text:
        raise BadParams("IMAGES_REGISTRY has an @: who asks is told by IMAGES_USER alone")
    return str(PLACE.parse(text))


REGISTRY = Kind(PLACE.takes, place)
USER = matching(r"[^\x00-\x1f:]{1,249}", "a user's name, which has no colon")


@dataclass(frozen=True)
class ImagesSettings:
    """Everything that pushing and finding images is told."""

    PREFIX: ClassVar[str] = "IMAGES_"
    LISTED: ClassVar[str] = "infra.registry.settings"

    registry: str = setting(REGISTRY, "The registry, and what stands before an image's name there.")
    user: str | None = setting(USER, "Who pushes and asks; nobody: without a name.", default=None)
    password: str | None = setting(PASSWORD, "The user's, or a token.", default=None)
    ca: str | None = setting(
        FILE, "PEM of whoever signed its certificate; the system's when not set.", default=None
    )
    tls: bool = setting(SWITCH, "HTTPS. Off: HTTP, on loopback alone.", default=True)
    seconds: int = setting(whole(1, 600), "An answer of it that takes longer is none.", default=30)

    def __post_init__(self) -> None:
        if (self.user is None) != (self.password is None):
            raise BadParams("set IMAGES_USER and IMAGES_PASSWORD, or neither of them")
        if not self.tls and not is_loopback(self.host):
            raise BadParams(f"IMAGES_TLS is off and {self.host} not loopback: turn it on")

    @property
    def host(self) -> str:
        """`host[:port]`: what a URL has, and what Docker keeps credentials by."""
        return self.registry.partition("/")[0]

    @property
    def url(self) -> str:
        """The root of the registry's API."""
        return f"{'https' if self.tls else 'http'}://{self.host}/v2/"

    def repository(self, name: str) -> str:
        """The path of the image `name` in the registry's API."""
        path = self.registry.partition("/")[2]
        return f"{path}/{name}" if path else name

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> "ImagesSettings":
        """Read IMAGES_*."""
        return read(cls, environment)


def is_loopback(host: str) -> bool:
    """Whether `host[:port]` can be nothing but this machine.

    >>> [is_loopback(host) for host in ("127.0.0.2:5000", "[::1]:80", "localhost", "10.0.0.1:80")]
    [True, True, True, False]
    """
    name = re.sub(r":[0-9]+$", "", host).strip("[]")
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


if __name__ == "__main__":
    print(section("IMAGES_…: the registry of images", ImagesSettings))
