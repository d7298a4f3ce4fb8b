"""How long a transfer may stand still, as the environment tells it.

python -m infra.transfer.settings     the table of it, as it stands in infra/release/README.md
"""

import os
from dataclasses import dataclass
from typing import ClassVar

from serve.settings import section
from serve.variables import Environment, read, setting, whole


@dataclass(frozen=True)
class TransferSettings:
    """Everything that a transfer to or from a remote is told."""

    PREFIX: ClassVar[str] = "TRANSFER_"
    LISTED: ClassVar[str] = "infra.transfer.settings"

    seconds: int = setting(
        whole(1, 7200),
        "What moves nothing for so long is ended: DVC and its remote, git over HTTP or SSH, "
        "`docker push`.",
        default=300,
    )

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> "TransferSettings":
        """Read TRANSFER_*."""
        return read(cls, environment)


if __name__ == "__main__":
    print(section("TRANSFER_…: what stands still", TransferSettings))
