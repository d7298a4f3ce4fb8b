"""Where messages go, as the environment tells it.

python -m infra.slack.settings     the table of it, as it stands in infra/release/README.md
"""

import os
import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from infra.registry.settings import is_loopback
from movierec.errors import BadParams
from serve.settings import section
from serve.variables import Environment, Kind, read, setting, whole

WEBHOOK = Kind("the https:// address of an incoming webhook", str, secret=True)


@dataclass(frozen=True)
class SlackSettings:
    """Everything that sending a message is told."""

    PREFIX: ClassVar[str] = "SLACK_"
    LISTED: ClassVar[str] = "infra.slack.settings"

    webhook: str | None = setting(
        WEBHOOK, "Of Slack, or of what takes the same; none: messages are printed.", default=None
    )
    seconds: int = setting(whole(1, 600), "An answer that takes longer is none.", default=15)

    def __post_init__(self) -> None:
        if self.webhook is not None and not is_address(self.webhook):  # never quoting it
            raise BadParams(f"SLACK_WEBHOOK must be {WEBHOOK.takes}, or http:// on loopback")

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> "SlackSettings":
        """Read SLACK_*."""
        return read(cls, environment)


def is_address(text: str) -> bool:
    """Whether a message may be sent there: whoever reads the address may send, too.

    >>> is_address("https://hooks.slack.com/services/T0/B0/secret")
    True
    >>> is_address("http://127.0.0.1:9000/"), is_address("http://hooks.slack.com/services/T0/B0/s")
    (True, False)
    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or not re.fullmatch(r"[!-~]+", text) or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.netloc))


if __name__ == "__main__":
    print(section("SLACK_…: messages", SlackSettings))
