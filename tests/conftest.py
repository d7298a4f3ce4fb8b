"""What all tests share."""

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester", "tests.brokers.kafka", "tests.brokers.s3"]

# Compiled code makes first calls slow, so time says nothing of an example; and a run must not
# differ from the one before it by luck. `make fuzz` is where chance searches on.
settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Some properties hold for any number of worlds or runs; few are tried where many are not asked
    for."""
    told = "as many worlds and runs as the READMEs count"
    parser.addoption("--at-length", action="store_true", help=told)


@pytest.fixture(scope="session")
def at_length(request: pytest.FixtureRequest) -> bool:
    """Whether as many are asked for as the READMEs count."""
    return bool(request.config.getoption("--at-length"))
