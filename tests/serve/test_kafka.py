"""One set of settings, two clients' dialects, one way in for every program."""

import argparse
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Producer
from kafka import KafkaConsumer

from infra.simulator.sender import add_kafka_options, kafka_of
from movierec.errors import BadParams
from serve.kafka import KafkaSettings
from tests.serve.certificates import certificate

ROOT = Path(__file__).parents[2]
BROKERS = {"KAFKA_BOOTSTRAP_SERVERS": "a:9092, [::1]:9093"}
SASL = {
    **BROKERS,
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "KAFKA_SASL_USERNAME": "someone",
    "KAFKA_SASL_PASSWORD": "hunter2",
}


@pytest.fixture
def everything(tmp_path: Path) -> dict[str, str]:
    """Every variable that there is."""
    files = {}
    pem = certificate(tmp_path, "pem", "a", 2).read_text()
    for name in ("CAFILE", "CERTFILE", "KEYFILE"):
        (tmp_path / name).write_text(pem)
        files[f"KAFKA_SSL_{name}"] = str(tmp_path / name)
    return {**SASL, **files, "KAFKA_API_VERSION": "2.1"}


def test_plaintext_needs_an_address_only() -> None:
    kafka = KafkaSettings.from_environment(BROKERS)
    assert kafka == KafkaSettings(("a:9092", "[::1]:9093"))
    assert kafka.for_kafka_python() == {
        "bootstrap_servers": ["a:9092", "[::1]:9093"],
        "security_protocol": "PLAINTEXT",
    }
    assert kafka.for_librdkafka() == {
        "bootstrap.servers": "a:9092,[::1]:9093",
        "security.protocol": "PLAINTEXT",
    }


def test_every_setting_reaches_both_clients_under_their_names(everything: dict[str, str]) -> None:
    kafka = KafkaSettings.from_environment(everything)
    folder = Path(everything["KAFKA_SSL_CAFILE"]).parent
    assert kafka.for_kafka_python() == {
        "bootstrap_servers": ["a:9092", "[::1]:9093"],
        "api_version": (2, 1),
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "someone",
        "sasl_plain_password": "hunter2",
        "ssl_cafile": str(folder / "CAFILE"),
        "ssl_certfile": str(folder / "CERTFILE"),
        "ssl_keyfile": str(folder / "KEYFILE"),
    }
    assert kafka.for_librdkafka() == {
        "bootstrap.servers": "a:9092,[::1]:9093",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "someone",
        "sasl.password": "hunter2",
        "ssl.ca.location": str(folder / "CAFILE"),
        "ssl.certificate.location": str(folder / "CERTFILE"),
        "ssl.key.location": str(folder / "KEYFILE"),
    }


def test_the_names_are_the_clients_own() -> None:
    for place in fields(KafkaSettings):
        assert place.metadata["kafka_python"] in KafkaConsumer.DEFAULT_CONFIG
        if "librdkafka" in place.metadata:
            assert librdkafka_knows(place.metadata["librdkafka"])
    assert not librdkafka_knows("ssl.ca.loc")


def librdkafka_knows(name: str) -> bool:
    """Whether it is a setting of librdkafka's, whatever its value may be."""
    try:
        Producer({name: "x"})
    except KafkaException as error:
        return "No such configuration property" not in str(error)
    return True


def test_a_user_and_a_password_go_to_brokers_that_ask_for_them_only() -> None:
    kafka = KafkaSettings.from_environment({**SASL, "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"})
    assert "hunter2" not in str([kafka.for_kafka_python(), kafka.for_librdkafka()])


@pytest.mark.parametrize("missing", ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"])
def test_with_sasl_a_user_and_a_password_must_be_set(missing: str) -> None:
    environment = {name: text for name, text in SASL.items() if name != missing}
    with pytest.raises(BadParams, match=f"PROTOCOL is SASL_SSL: set {missing}"):
        KafkaSettings.from_environment(environment)


def test_the_password_is_in_no_repr() -> None:
    kafka = KafkaSettings.from_environment(SASL)
    assert kafka.sasl_password == "hunter2"
    assert "hunter2" not in repr(kafka) + str(kafka)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("KAFKA_BOOTSTRAP_SERVERS", ""),
        ("KAFKA_BOOTSTRAP_SERVERS", "nowhere"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:70000"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:0"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:65536"),
        ("KAFKA_BOOTSTRAP_SERVERS", ":9092"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a b:9092"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1,,b:1"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:1,a:1"),
        ("KAFKA_API_VERSION", "two"),
        ("KAFKA_API_VERSION", "2"),
        ("KAFKA_SECURITY_PROTOCOL", "TELNET"),
        ("KAFKA_SASL_MECHANISM", "GSSAPI"),
        ("KAFKA_SSL_CAFILE", "/no/such/file"),
        ("KAFKA_BOOTSTRAP_SERVER", "a:1"),
        ("KAFKA_SSL_PASSWORD", "x"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(BadParams, match=name):
        KafkaSettings.from_environment({**BROKERS, name: text})


def test_versions_and_ports_at_their_limits_are_fine() -> None:
    for text, version in {"2.1": (2, 1), "10.22.99": (10, 22, 99)}.items():
        kafka = KafkaSettings.from_environment({**BROKERS, "KAFKA_API_VERSION": text})
        assert kafka.api_version == version
    for text in ("a:1", "a:65535"):
        given = {"KAFKA_BOOTSTRAP_SERVERS": text}
        assert KafkaSettings.from_environment(given).bootstrap_servers == (text,)


@pytest.mark.parametrize("text", ["", "no certificate", "-----BEGIN CERTIFICATE-----", "\xff"])
@pytest.mark.parametrize("name", ["CAFILE", "CERTFILE", "KEYFILE"])
def test_a_file_that_holds_no_certificate_is_refused_by_name(
    everything: dict[str, str], name: str, text: str
) -> None:
    file = Path(everything[f"KAFKA_SSL_{name}"])
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadParams, match=f"KAFKA_SSL_{name}.* cannot be used"):
        KafkaSettings.from_environment(everything)
    plain = {**everything, "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}
    assert KafkaSettings.from_environment(plain).is_encrypted is False


def test_a_key_with_a_password_is_refused_and_asks_nobody(everything: dict[str, str]) -> None:
    file = Path(everything["KAFKA_SSL_KEYFILE"])
    command = ["openssl", "pkcs8", "-topk8", "-passout", "pass:secret", "-in", str(file)]
    done = subprocess.run(command, capture_output=True, check=True)
    file.write_bytes(done.stdout)
    with pytest.raises(BadParams, match="KAFKA_SSL_CERTFILE or KAFKA_SSL_KEYFILE"):
        KafkaSettings.from_environment(everything)


def test_what_kafka_s_own_scripts_and_kubernetes_read_is_no_misspelling() -> None:
    others = {
        "KAFKA_HEAP_OPTS": "-Xmx1g",
        "KAFKA_OPTS": "",
        "KAFKA_JMX_OPTS": "",
        "KAFKA_HOME": "/opt/kafka",
        "KAFKA_JVM": "-Xmx1g",
        "KAFKA_PORT": "tcp://10.0.0.9:9092",
        "KAFKA_SERVICE_HOST": "10.0.0.9",
    }
    assert KafkaSettings.from_environment({**BROKERS, **others}).address == "a:9092,[::1]:9093"


def test_without_brokers_there_are_no_settings_but_a_misspelt_address_is_not_silent() -> None:
    assert KafkaSettings.if_set({}) is None
    assert KafkaSettings.if_set({"KAFKA_BOOTSTRAP_SERVERS": " "}) is None
    assert KafkaSettings.if_set(BROKERS) == KafkaSettings.from_environment(BROKERS)
    with pytest.raises(BadParams, match="did you mean KAFKA_BOOTSTRAP_SERVERS"):
        KafkaSettings.if_set({"KAFKA_BOOTSTRAP_SERVER": "a:9092"})


def test_the_simulator_s_option_replaces_the_address_and_nothing_else(monkeypatch) -> None:
    for name, text in SASL.items():
        monkeypatch.setenv(name, text)
    parser = argparse.ArgumentParser()
    add_kafka_options(parser)
    for arguments, servers in [([], ("a:9092", "[::1]:9093")), (["--bootstrap", "c:1"], ("c:1",))]:
        kafka = kafka_of(parser.parse_args(arguments))
        assert kafka.bootstrap_servers == servers
        assert (kafka.security_protocol, kafka.sasl_password) == ("SASL_SSL", "hunter2")


@pytest.mark.parametrize(
    "command",
    [
        ["infra.kafka.check", "localhost:1"],
        ["infra.simulator.produce", "--bootstrap", "localhost:1", "--first-day", "2026-11-01"],
        ["infra.simulator.live", "--bootstrap", "localhost:1", "--service", "a=http://b:1"],
        ["infra.simulator.replay", "--bootstrap", "localhost:1", "--ratings", "r.dat"],
        ["infra.demo.replay", "--ratings", "r.dat"],
        ["serve.collector"],
    ],
    ids=lambda command: command[0],
)
def test_every_program_asks_the_same_settings(command: list[str], tmp_path: Path) -> None:
    ratings = [f"1::{movie}::{movie % 5 + 1}::1365029107\n" for movie in range(50)]
    (tmp_path / "r.dat").write_text("".join(ratings))
    environment = {
        "PYTHONPATH": f"{ROOT}/stages:{ROOT}",
        **BROKERS,
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    }
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    message = "error: KAFKA_SECURITY_PROTOCOL is SASL_SSL: set KAFKA_SASL_USERNAME\n"
    assert (done.returncode, done.stderr) == (2, message)
