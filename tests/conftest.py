"""What all tests share."""

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
