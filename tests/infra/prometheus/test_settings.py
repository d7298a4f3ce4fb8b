"""What the hand-over is told, and that the README says what the code does."""

from pathlib import Path

import pytest

from infra.prometheus.settings import MetricsSettings
from movierec.errors import BadParams
from serve.settings import section

README = Path(__file__).parents[3] / "infra/prometheus/README.md"


def test_the_variable_reaches_its_field_and_another_one_is_refused() -> None:
    assert MetricsSettings.from_environment({}).textfile_dir is None
    told = MetricsSettings.from_environment({"METRICS_TEXTFILE_DIR": "/run/metrics"})
    assert told.textfile_dir == Path("/run/metrics")
    with pytest.raises(BadParams, match=r"METRICS_TEXTFILE_DIR\? `python -m infra.prometheus"):
        MetricsSettings.from_environment({"METRICS_TEXTFILES": "/run/metrics"})


def test_the_readme_has_the_table() -> None:
    assert section("METRICS_…: the batch side's hand-over", MetricsSettings) in README.read_text()
