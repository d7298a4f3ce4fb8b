"""What the batch side is told of monitoring.

python -m infra.prometheus.settings     the table of it, as it stands in infra/prometheus/README.md
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from serve.settings import section
from serve.variables import FOLDER, Environment, read, setting


@dataclass(frozen=True)
class MetricsSettings:
    """Where node-exporter's textfile collector reads."""

    PREFIX: ClassVar[str] = "METRICS_"
    LISTED: ClassVar[str] = "infra.prometheus.settings"

    textfile_dir: Path | None = setting(  # noqa: RUF009
        FOLDER,
        "Where `movierec.prom` is written: the folder that node-exporter on this machine has as "
        "`--collector.textfile.directory`. Without it the batch side tells nobody.",
        default=None,
    )

    @classmethod
    def from_environment(cls, environment: Environment = os.environ) -> "MetricsSettings":
        """Read METRICS_*."""
        return read(cls, environment)


if __name__ == "__main__":
    print(section("METRICS_…: the batch side's hand-over", MetricsSettings))
