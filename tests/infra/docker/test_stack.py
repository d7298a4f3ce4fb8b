"""infra/compose.yaml, started: lines go in, answers come out, somebody watches and is heard, and
nothing is left."""

import json
import tempfile
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from confluent_kafka import KafkaError, Message, Producer

from infra.monitoring.webhook import WATCHDOG, Webhook
from movierec.routing import arm
from tests.infra.docker.containers import ROOT, docker
from tests.infra.docker.stack import (
    PROJECT,
    SERVICES,
    STARTED,
    Stack,
    ask,
    found,
    health,
    images,
    wait,
)

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1200)]

BYTES = {"m": 2**20, "g": 2**30}
WITH_HEALTH = {"kafka", "collector", "svd", "svdpp", "router"}
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
ROUTING = json.loads((ROOT / "infra/kubernetes/router/routing.json").read_text())
RULES = yaml.safe_load((ROOT / "infra/prometheus/alerts.yml").read_text())["groups"]
STORED = """
import pathlib, pyarrow.parquet as pq
for path in pathlib.Path("/data/{topic}/segments").rglob("*.parquet"):
    print(*pq.read_table(path, columns=["{column}"])["{column}"].to_pylist(), sep="\\n")
"""


@pytest.fixture(scope="module")
def webhook() -> Iterator[Webhook]:
    """Slack, and who waits for the watchdog, where containers reach this machine."""
    [network] = json.loads(docker("network", "inspect", "bridge"))
    with Webhook(host=network["IPAM"]["Config"][0]["Gateway"]) as heard:
        yield heard


@pytest.fixture(scope="module")
def told(webhook: Webhook, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the file asks for. The secrets lie where nobody else on this machine comes; what the
    night hands over is for everybody."""
    secrets = tmp_path_factory.mktemp("secrets")
    secrets.chmod(0o700)
    for name, url in (("slack", webhook.url()), ("watchdog", webhook.url(WATCHDOG))):
        (secrets / name).write_text(url)
        (secrets / name).chmod(0o444)
    with tempfile.TemporaryDirectory(prefix="movierec-handed-") as handed:
        Path(handed).chmod(0o755)
        (Path(handed) / "movierec.prom").write_text("movierec_offline_rmse 0.875\n")
        yield {
            "SLACK_WEBHOOK_FILE": str(secrets / "slack"),
            "WATCHDOG_URL_FILE": str(secrets / "watchdog"),
            "GRAFANA_PASSWORD": "none-is-started",
            "METRICS_TEXTFILE_DIR": handed,
        }


@pytest.fixture(scope="module")
def unstarted(
    context: Path, told: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The stack, of which nothing runs yet."""
    there = Stack(tmp_path_factory.mktemp("stack"), images(context), told)
    there.remove()  # an earlier run's
    yield there
    there.remove()


@pytest.fixture(scope="module")
def stack(unstarted: Stack) -> Stack:
    """The stack, running, with an alert of ours: Slack hears of it after half a minute."""
    unstarted.start()
    raised = {
        "labels": {"alertname": "Tried", "severity": "page"},
        "annotations": {"summary": "somebody tried"},
    }
    request = urllib.request.Request(
        "http://127.0.0.1:9093/api/v2/alerts",
        json.dumps([raised]).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=30).close()
    return unstarted


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("SLACK_WEBHOOK_FILE", "set it to a file with the URL of Slack's webhook"),
        ("WATCHDOG_URL_FILE", "set it to a file with the URL of who waits for the watchdog"),
        ("GRAFANA_PASSWORD", "set it to a password for Grafana's admin"),
    ],
)
def test_without_a_secret_nothing_starts(unstarted: Stack, name: str, says: str) -> None:
    told = {key: value for key, value in unstarted.told.items() if key != name}
    done = unstarted.compose("up", "--detach", *STARTED, told=told)
    assert done.returncode != 0
    assert f"required variable {name} is missing a value: {says}" in done.stderr
    assert not found("container") + found("network") + found("volume")


@pytest.fixture(scope="module")
def senders(stack: Stack) -> set[str]:
    """Users of whom the broker has taken lines from this machine, packed in every way."""
    packed = {1001 + number: {"compression.type": codec} for number, codec in enumerate(CODECS)}
    for user, options in (packed | {2001: {"transactional.id": "tried"}}).items():
        produce(user, options)
    return {*map(str, packed), "2001"}


def produce(user: int, options: dict[str, str]) -> None:
    """Send lines of a user, and see that the broker has them."""
    told: list[str] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        told.append("" if error is None else error.str())

    options = {"bootstrap.servers": "localhost:9094", "message.timeout.ms": "60000"} | options
    producer = Producer(options)
    if transaction := "transactional.id" in options:
        producer.init_transactions(60)
        producer.begin_transaction()
    # Not one alone, which librdkafka sends as it is
    for minute in range(20):
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        line = f"{now},{user},GET /data/m/movie+001+2001/{minute}.mpg"
        producer.produce("movielog", line.encode(), partition=0, on_delivery=delivered)
    producer.flush(60)
    if transaction:
        producer.commit_transaction(60)
    assert told == [""] * 20, options


@pytest.fixture(scope="module")
def answers(stack: Stack) -> dict[int, tuple[list[str], dict[str, str]]]:
    """User → movies and headers that the router answers with."""
    answered = {}
    for user in range(1, 31):
        url = f"http://127.0.0.1:8080/recommend/{user}"
        with urllib.request.urlopen(url, timeout=30) as response:
            movies = response.read().decode().split(",")
            answered[user] = (movies, dict(response.headers.items()))
    return answered


def test_everybody_is_there_and_well(stack: Stack) -> None:
    there = stack.containers()
    assert {*there} == {*STARTED}
    assert there["topics"]["State"]["ExitCode"] == 0
    states = {name: container["State"]["Status"] for name, container in there.items()}
    assert states == dict.fromkeys(STARTED, "running") | {"topics": "exited"}
    well = {name for name, container in there.items() if health(container) == "healthy"}
    assert well == WITH_HEALTH


def test_a_container_can_write_nowhere_but_into_volumes_and_memory(stack: Stack) -> None:
    for name, container in stack.containers().items():
        assert container["HostConfig"]["ReadonlyRootfs"] is True
        volumes = [mount["Name"] for mount in container["Mounts"] if mount["Type"] == "volume"]
        assert all(volume.startswith(f"{PROJECT}_") for volume in volumes), (
            f"{name}: a nameless one"
        )
    for name in WITH_HEALTH:  # they have a shell
        assert "Read-only file system" in stack.run(name, "sh", "-c", "touch /here").stderr


def test_users_are_answered_by_both_models(
    stack: Stack, answers: dict[int, tuple[list[str], dict[str, str]]]
) -> None:
    commit = stack.containers()["svd"]["Config"]["Labels"]["org.opencontainers.image.revision"]
    for user, (movies, headers) in answers.items():
        assert len({*movies}) == len(movies) == 20
        dealt = arm(user, ROUTING["salt"], ROUTING["weights"])
        assert headers["X-Model"] == f"{dealt}@dev"
        assert (headers["X-Git-Commit"], headers["X-Data-Hash"]) == (commit, "hash")
        assert headers["X-Answer-Tier"] == ("model" if user % 3 == 1 else "popular")
    assert {headers["X-Model"] for _, headers in answers.values()} == {"svd@dev", "svdpp@dev"}


def test_lines_and_answers_are_collected(
    stack: Stack, senders: set[str], answers: dict[int, tuple[list[str], dict[str, str]]]
) -> None:
    wait(lambda: stored(stack, "movielog", "user") >= senders)
    asked = [headers["X-Request-Id"] for _, headers in answers.values()]

    def kept() -> bool:
        served = "".join(stored(stack, "served", "text"))
        return all(request in served for request in asked)

    wait(kept)


def stored(stack: Stack, topic: str, column: str) -> set[str]:
    """What stands in a column of a topic's lines on the collector's volume."""
    program = STORED.format(topic=topic, column=column)
    return set(stack.run("collector", "python", "-c", program).stdout.splitlines())


def test_prometheus_has_everybody_its_rules_and_what_the_night_hands_over(stack: Stack) -> None:
    def targets() -> dict[str, str]:
        found = ask(9090, "targets?state=active")["activeTargets"]
        return {target["labels"]["instance"]: target["health"] for target in found}

    everybody = {"svd:8080", "svdpp:8080", "router:8081", "collector:9400", "node-exporter:9100"}
    wait(lambda: targets() == dict.fromkeys(everybody, "up"))

    def rules() -> list[tuple[str, str]]:
        groups = ask(9090, "rules")["groups"]
        return sorted((rule["name"], rule["health"]) for of in groups for rule in of["rules"])

    told = [rule for group in RULES for rule in group["rules"]]
    wait(lambda: rules() == sorted((r.get("alert") or r["record"], "ok") for r in told))
    [sample] = ask(9090, "query?query=movierec_offline_rmse")["result"]
    assert sample["value"][1] == "0.875"


def test_alerts_reach_slack_and_the_watchdog_whoever_waits_for_it(
    stack: Stack, webhook: Webhook
) -> None:
    wait(lambda: webhook.messages() and webhook.messages(WATCHDOG))
    [message] = webhook.messages()
    assert message.title == "FIRING page Tried" and "somebody tried" in message.text
    assert webhook.messages(WATCHDOG)[0].title == "FIRING watchdog Watchdog"


def test_memory_stays_far_within_its_bounds(stack: Stack) -> None:
    there = stack.containers()
    for name, container in there.items():
        bound = SERVICES[name]["mem_limit"]
        assert container["HostConfig"]["Memory"] == int(bound[:-1]) * BYTES[bound[-1]]
        assert container["State"]["OOMKilled"] is False, name
    there.pop("topics")
    ids = [container["Id"] for container in there.values()]
    shares = docker("stats", "--no-stream", "--format", "{{.MemPerc}}", *ids).split()
    print("memory:", dict(zip(there, shares, strict=True)))
    assert all(float(share.rstrip("%")) < 70 for share in shares)


def test_nobody_began_anew_and_down_leaves_nothing(stack: Stack) -> None:
    there = stack.containers()
    assert {name: container["RestartCount"] for name, container in there.items()} == dict.fromkeys(
        STARTED, 0
    )
    volumes = {
        m["Name"] for container in there.values() for m in container["Mounts"] if "Name" in m
    }
    assert volumes
    done = stack.remove()
    assert done.returncode == 0, done.stderr
    assert not found("container") + found("network") + found("volume")
    assert not volumes & {*docker("volume", "ls", "--quiet").split()}
