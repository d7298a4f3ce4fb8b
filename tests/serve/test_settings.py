"""Settings are refused by name, and secrets show up nowhere."""

from pathlib import Path

import pytest

from movierec.errors import BadParams
from serve.settings import CollectorSettings

BROKER = {"KAFKA_BOOTSTRAP_SERVERS": "a:9092,b:9093"}
SASL = {**BROKER, "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_USERNAME": "collector"}


def test_defaults_need_a_broker_only() -> None:
    settings = CollectorSettings.from_environment(BROKER)
    assert settings == CollectorSettings(settings.kafka)
    assert settings.kafka.bootstrap_servers == ("a:9092", "b:9093")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS", ""),
        ("KAFKA_BOOTSTRAP_SERVERS", "nowhere"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:70000"),
        ("KAFKA_API_VERSION", "two"),
        ("KAFKA_SECURITY_PROTOCOL", "TELNET"),
        ("KAFKA_SSL_CAFILE", "/no/such/file"),
        ("COLLECTOR_TOPICS", "a b"),
        ("COLLECTOR_TOPICS", "a,a"),
        ("COLLECTOR_SEGMENT_ROWS", "0"),
        ("COLLECTOR_SEGMENT_SECONDS", "nan"),
        ("COLLECTOR_GRACE_SECONDS", "-1"),
        ("COLLECTOR_METRICS_PORT", "65536"),
        ("SESSION_TIMEOUT_MS", "soon"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadParams, match=name):
        CollectorSettings.from_environment({**BROKER, name: value})


def test_a_password_comes_from_a_file_and_is_in_no_repr(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hunter2\n")
    settings = CollectorSettings.from_environment({**SASL, "KAFKA_SASL_PASSWORD_FILE": str(file)})
    assert settings.kafka.client_options()["sasl_plain_password"] == "hunter2"
    assert "hunter2" not in repr(settings) and "hunter2" not in str(settings.kafka)


def test_a_password_that_is_missing_or_given_twice_is_refused_unquoted(tmp_path: Path) -> None:
    with pytest.raises(BadParams, match="KAFKA_SASL_PASSWORD_FILE"):
        CollectorSettings.from_environment(SASL)
    both = {**SASL, "KAFKA_SASL_PASSWORD": "hunter2", "KAFKA_SASL_PASSWORD_FILE": "f"}
    with pytest.raises(BadParams, match="not both") as refusal:
        CollectorSettings.from_environment(both)
    assert "hunter2" not in str(refusal.value)
    with pytest.raises(BadParams, match="cannot be read"):
        CollectorSettings.from_environment({**SASL, "KAFKA_SASL_PASSWORD_FILE": "/no/file"})
