"""Variables of Kubernetes and Docker are told from settings, and from misspelt ones."""

import re
from typing import Any

import pytest

from movierec.errors import BadParams
from serve.links import is_link
from serve.settings import CollectorSettings, ServiceSettings

GIVEN = {"KAFKA_BOOTSTRAP_SERVERS": "a:9092", "SERVICE_MODEL_DIR": "models/svd"}
PROGRAMS: list[Any] = [CollectorSettings, ServiceSettings]


def kubernetes(service: str, port: int = 9092) -> dict[str, str]:
    """What every pod beside a Service of that name finds."""
    name = service.upper().replace("-", "_")
    address = f"tcp://10.0.0.1:{port}"
    return {
        f"{name}_SERVICE_HOST": "10.0.0.1",
        f"{name}_SERVICE_PORT": f"{port}",
        f"{name}_SERVICE_PORT_TCP_CLIENTS": f"{port}",
        f"{name}_PORT": address,
        f"{name}_PORT_{port}_TCP": address,
        f"{name}_PORT_{port}_TCP_PROTO": "tcp",
        f"{name}_PORT_{port}_TCP_PORT": f"{port}",
        f"{name}_PORT_{port}_TCP_ADDR": "10.0.0.1",
    }


def docker(alias: str, port: int = 9092) -> dict[str, str]:
    """What a container that is linked to another finds, of ports side by side too."""
    name, address = alias.upper().replace("-", "_"), f"tcp://172.17.0.2:{port}"
    return {
        f"{name}_NAME": f"/demo/{alias}",
        f"{name}_PORT": address,
        f"{name}_PORT_{port}_TCP": address,
        f"{name}_PORT_{port}_TCP_ADDR": "172.17.0.2",
        f"{name}_PORT_{port}_TCP_PORT": f"{port}",
        f"{name}_PORT_{port}_TCP_PROTO": "tcp",
        f"{name}_PORT_{port}_TCP_START": address,
        f"{name}_PORT_{port}_TCP_END": f"tcp://172.17.0.2:{port + 2}",
        f"{name}_PORT_{port}_TCP_PORT_START": f"{port}",
        f"{name}_PORT_{port}_TCP_PORT_END": f"{port + 2}",
        f"{name}_ENV_KAFKA_HEAP_OPTS": "-Xmx1g",
        f"{name}_ENV_SASL_PASSWORD": "another's",
        f"{name}_ENV_lower.case": "",
    }


NAMES = ["kafka", "collector", "service", "kafka-ssl", "collector-metrics", "service-env-model"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("of", [kubernetes, docker])
def test_programs_start_beside_a_service_or_a_link_of_any_name(of, name: str) -> None:
    there = of(name)
    assert all(is_link(variable, there) for variable in there)
    for settings in PROGRAMS:
        assert settings.from_environment({**GIVEN, **there}) == settings.from_environment(GIVEN)
    alone = ServiceSettings.from_environment({"SERVICE_MODEL_DIR": "models/svd", **there})
    assert alone.kafka is None


@pytest.mark.parametrize("of", [kubernetes, docker])
def test_what_is_misspelt_is_refused_beside_them(of) -> None:
    there = {name: text for alias in NAMES for name, text in of(alias).items()}
    collector, service = PROGRAMS
    for settings, wrong in [
        (collector, "KAFKA_BOOTSTRAP_SERVER"),
        (collector, "COLLECTOR_METRIC_PORT"),
        (collector, "KAFKA_SASL_NAME"),
        (service, "KAFKA_SSL_CA_FILE"),
        (service, "SERVICE_PRT"),
    ]:
        with pytest.raises(BadParams, match=rf"^{re.escape(wrong)} is no setting: did you mean"):
            settings.from_environment({**GIVEN, **there, wrong: "1"})


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ("KAFKA_NAME", "kafka"),
        ("KAFKA_ENV_PASSWORD", "x"),  # without the link that it would be of
        ("KAFKA_ENV_", "x"),
        ("KAFKA_PORT", "9092"),
        ("KAFKA_PORT_9092", "tcp://10.0.0.1:9092"),
        ("KAFKA_PORT_9092_TCP_AD", "10.0.0.1"),
    ],
)
def test_what_only_resembles_one_is_refused(wrong: str, text: str) -> None:
    for settings in PROGRAMS:
        with pytest.raises(BadParams, match=f"^{wrong} is no setting"):
            settings.from_environment({**GIVEN, wrong: text})


def test_a_port_of_ours_is_read_although_a_service_has_its_name() -> None:
    """What a pod sets goes before what Kubernetes puts there."""
    ours = {**GIVEN, **kubernetes("service"), "SERVICE_PORT": "8081"}
    assert ServiceSettings.from_environment(ours).port == 8081
    with pytest.raises(BadParams, match=r"^SERVICE_PORT must be a whole number"):
        ServiceSettings.from_environment({**GIVEN, "SERVICE_PORT": "10.0.0.1:8080"})
