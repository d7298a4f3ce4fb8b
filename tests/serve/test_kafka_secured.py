"""Real Kafka behind TLS and a password: every program gets in by the same variables."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from prometheus_client import CollectorRegistry

from infra.processes import free_port
from infra.simulator.replay import TAIL_LINES
from infra.simulator.topics import create_topic, delete_topic
from serve.kafka import KafkaSettings
from serve.metrics import ServiceMetrics
from serve.service.brokers import Brokers
from serve.service.served_log import KafkaServedLog
from tests.brokers.kafka import Broker
from tests.inputs.models import saved_model
from tests.serve.service.test_main import running

pytestmark = pytest.mark.broker

LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"
PROPERTIES = """
listeners=SASL_SSL://{address},CONTROLLER://{controller}
advertised.listeners=SASL_SSL://{address}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=SASL_SSL
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.sasl_ssl.plain.sasl.jaas.config={login} username="b" password="s" \
user_b="s" user_movierec="hunter2";
ssl.keystore.type=PEM
ssl.keystore.location={folder}/both.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/certificate.pem
"""


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables of a program that may talk to a broker with a certificate of its own."""
    folder = tmp_path_factory.mktemp("secured")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=broker.example", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    (folder / "both.pem").write_text(key.read_text() + certificate.read_text())
    (folder / "password").write_text("hunter2\n")
    broker = Broker(folder / "broker")
    broker.folder.mkdir()
    port = free_port()
    (broker.folder / "controller_port").write_text(str(port))
    (broker.folder / "more.properties").write_text(
        PROPERTIES.format(
            address=broker.address, controller=f"127.0.0.1:{port}", login=LOGIN, folder=folder
        )
    )
    try:
        broker.start()
        yield {
            "KAFKA_BOOTSTRAP_SERVERS": broker.address,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_USERNAME": "movierec",
            "KAFKA_SASL_PASSWORD_FILE": str(folder / "password"),
            "KAFKA_SSL_CAFILE": str(certificate),
        }
    finally:
        broker.kill()


def ended(
    status: int, environment: dict[str, str], *command: str
) -> subprocess.CompletedProcess[str]:
    """A program of ours that has ended so."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == status, done.stderr
    return done


def run(environment: dict[str, str], *command: str) -> str:
    """What a program of ours prints."""
    return ended(0, environment, *command).stdout


def test_the_replay_sends_the_collector_stores_and_the_topic_goes(
    secured: dict[str, str], tmp_path: Path
) -> None:
    ratings = tmp_path / "ratings.dat"
    ratings.write_text("1::10::4::1365029107\n2::10::5::1366576639\n")
    command = ["infra.simulator.replay", "--topic", "log", "--ratings", str(ratings)]
    command += ["--compress-days", "1", "--create-partitions", "2"]
    lines = json.loads(run(secured, *command).splitlines()[-1])["lines"]
    collector = {"COLLECTOR_TOPICS": "log", "COLLECTOR_METRICS_PORT": "0"}
    collector["COLLECTOR_EVIDENCE_LINES"] = "8"  # the file's day has no more
    store = tmp_path / "store"
    command = ["serve.collector", "--until-caught-up", "--store", str(store)]
    run({**secured, **collector}, *command)
    manifest = json.loads((store / "log/days/2026-11-01/manifest.json").read_text())
    assert manifest["totals"]["stored"] == lines - TAIL_LINES  # those of the next day
    delete_topic(KafkaSettings.from_environment(secured), "log")


def test_the_simulator_and_the_check_get_in(secured: dict[str, str]) -> None:
    assert "took a message and gave it back" in run(
        secured, "infra.kafka.check", secured["KAFKA_BOOTSTRAP_SERVERS"]
    )
    command = ["infra.simulator.produce", "--topic", "made", "--first-day", "2026-11-01"]
    command += ["--seed", "1", "--users", "20", "--movies", "30", "--lines-per-day", "2000"]
    create_topic(KafkaSettings.from_environment(secured), "made", 2)
    assert json.loads(run(secured, *command))["lines"] > 1000


def ends(environment: dict[str, str], *command: str) -> str:
    """The one line with which a program of ours ends that is not let in."""
    done = ended(2, environment, *command)
    [line] = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert "hunter" not in line
    return line


WRONG = [
    ({"KAFKA_BOOTSTRAP_SERVERS": "localhost:{port}"}, "a certificate for another host"),
    ({"KAFKA_SASL_PASSWORD": "hunter3", "KAFKA_SASL_PASSWORD_FILE": ""}, "user movierec"),
    ({"KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"}, "check KAFKA_SASL_MECHANISM"),
    ({"KAFKA_SSL_CAFILE": ""}, "a certificate that we do not trust"),
    ({"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "speaks TLS: set KAFKA_SECURITY_PROTOCOL"),
    ({"KAFKA_SECURITY_PROTOCOL": "SSL"}, "asks who we are"),
]


def changed(secured: dict[str, str], wrong: dict[str, str]) -> dict[str, str]:
    """The variables of a program, some of them wrong."""
    port = secured["KAFKA_BOOTSTRAP_SERVERS"].rpartition(":")[2]
    return secured | {name: text.format(port=port) for name, text in wrong.items()}


@pytest.mark.parametrize(("wrong", "told"), WRONG)
def test_who_is_not_let_in_is_told_why(
    secured: dict[str, str], tmp_path: Path, wrong: dict[str, str], told: str
) -> None:
    environment = {**changed(secured, wrong), "COLLECTOR_METRICS_PORT": "0"}
    store = str(tmp_path / "store")
    assert told in ends(environment, "serve.collector", "--store", store)
    command = ["infra.simulator.produce", "--topic", "made", "--first-day", "2026-11-01"]
    command += ["--seed", "1", "--users", "20", "--movies", "30", "--lines-per-day", "2000"]
    assert told in ends(environment, *command)


@pytest.mark.parametrize(("wrong", "told"), WRONG)
def test_a_service_that_is_not_let_in_is_told_why_and_answers(
    secured: dict[str, str], tmp_path: Path, wrong: dict[str, str], told: str
) -> None:
    environment = changed(secured, wrong)
    environment |= {"SERVICE_MODEL_DIR": str(saved_model(tmp_path / "svd"))}
    file, deadline = tmp_path / "log", time.monotonic() + 60
    with running(file, SERVICE_HISTORY="on", **environment) as service:
        service.wait_until_ready()
        while told not in file.read_text():
            assert service.get("/recommend/3")
            assert time.monotonic() < deadline, file.read_text()
            time.sleep(0.1)
        service.process.send_signal(signal.SIGTERM)
        status, said = service.end()
    assert status == 0 and "hunter" not in said
    events = [json.loads(line) for line in said.splitlines()]  # librdkafka's words are none
    [named] = [event["cause"] for event in events if "cause" in event]
    assert told in named


def test_the_served_log_gets_in(secured: dict[str, str]) -> None:
    kafka = KafkaSettings.from_environment(secured)
    create_topic(kafka, "served", 1)
    log = KafkaServedLog(Brokers(kafka), "served", ServiceMetrics(CollectorRegistry()))
    log.send(7, b"an answer")
    log.close()
    consumer = Consumer({**kafka.for_librdkafka(), "group.id": "t"})
    consumer.assign([TopicPartition("served", 0, 0)])
    [message] = consumer.consume(1, 20)
    consumer.close()
    assert (message.key(), message.value()) == (b"7", b"an answer")
