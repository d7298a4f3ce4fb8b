"""kafka.sh starts, checks and stops a real broker, and says in one line what is wrong."""

import os
import subprocess
import time

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from infra.processes import free_port
from tests.brokers.kafka import SCRIPT, Broker


def kafka_sh(*arguments, path=None):
    """Run the script; returns (status, stdout, stderr)."""
    environment = dict(os.environ, PATH=str(path)) if path else None
    done = subprocess.run(
        [SCRIPT, *map(str, arguments)], capture_output=True, text=True, env=environment
    )
    return done.returncode, done.stdout, done.stderr


def read_all(broker, topic, partition=0):
    """What a consumer reads from the first offset that is there: (offset, value) each."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "reader"})
    low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=60)
    consumer.assign([TopicPartition(topic, partition, low)])
    found = []
    deadline = time.monotonic() + 120
    while len(found) < high - low and time.monotonic() < deadline:
        found += [(message.offset(), message.value()) for message in consumer.consume(1000, 0.2)]
    consumer.close()
    return found


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["begin"], "usage: kafka.sh start|run|stop|status|check"),
        (["start", "--port", "many"], "port many is not a number"),
        (["start", "--port", "65536"], "port 65536 is not a number"),
        (["start", "--colour", "red"], "unknown option --colour"),
        (["start", "--dir"], "--dir needs a value"),
        (["status", "--dir", "/nowhere/at/all"], "no broker answers in /nowhere/at/all"),
    ],
)
def test_a_wrong_command_is_told_in_one_line(arguments, message):
    status, output, error = kafka_sh(*arguments)
    assert status == 1 and output == ""
    assert message in error and len(error.splitlines()) == 1


@pytest.mark.parametrize("missing", ["java", "mvn"])
def test_a_missing_program_is_named(tmp_path, missing):
    script = copy_of_the_script(tmp_path)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ["bash", "dirname", "realpath", "sed", "cat", "grep", "python3"]:
        where = subprocess.run(["which", name], capture_output=True, text=True, check=True)
        (programs / name).symlink_to(where.stdout.strip())
    if missing == "mvn":
        (programs / "java").symlink_to("/bin/true")
    done = subprocess.run(
        [script, "start", "--dir", str(tmp_path / "broker")],
        capture_output=True,
        text=True,
        env={"PATH": str(programs)},
    )
    assert done.returncode == 1
    assert done.stderr == f"error: {missing} is not installed: infra/ci/debian.sh brings it\n"


def copy_of_the_script(folder):
    """The script in a tree of its own, where no jars have been fetched."""
    there = folder / "tree/infra/kafka"
    there.mkdir(parents=True)
    for source in SCRIPT.parent.iterdir():
        if source.is_file():
            (there / source.name).write_bytes(source.read_bytes())
    (there / SCRIPT.name).chmod(0o755)
    return there / SCRIPT.name


@pytest.mark.broker
def test_two_brokers_start_check_and_stop(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    try:
        addresses = {}
        for folder in (first, second):
            status, output, error = kafka_sh("start", "--dir", folder)
            assert status == 0, error
            addresses[folder] = output.splitlines()[-1]
        assert addresses[first] != addresses[second]
        port = addresses[first].partition(":")[2]
        status, _, error = kafka_sh("start", "--dir", tmp_path / "third", "--port", port)
        assert status == 1 and error.startswith(f"error: port {port} is in use")
        for folder in (first, second):
            status, output, error = kafka_sh("check", "--dir", folder)
            assert status == 0, error
            assert output.startswith(f"{addresses[folder]} took a message and gave it back")
        status, output, _ = kafka_sh("start", "--dir", first)
        assert status == 0 and output.splitlines()[-1] == addresses[first]
    finally:
        stopped = [kafka_sh("stop", "--dir", folder)[0] for folder in (first, second)]
    assert stopped == [0, 0]
    assert kafka_sh("status", "--dir", first)[0] == 1


@pytest.mark.broker
def test_what_was_acknowledged_survives_kill_9_of_the_broker(tmp_path):
    broker = Broker(tmp_path / "broker")
    broker.start()
    try:
        topic = broker.create_topic(partitions=3)
        assert broker.partitions(topic) == 3
        lines = [b"line %d" % i for i in range(1000)]
        broker.produce(topic, lines, partition=2)
        broker.kill()
        broker.start()
        assert read_all(broker, topic, 2) == list(enumerate(lines))
        broker.delete_records(topic, 2, before=990)
        assert read_all(broker, topic, 2) == list(enumerate(lines))[990:]
        with broker.paused(), pytest.raises(KafkaException):
            Consumer({"bootstrap.servers": broker.address, "group.id": "g"}).list_topics(timeout=1)
        assert broker.produce(topic, [b"after"], partition=2) == 1
    finally:
        broker.kill()


@pytest.mark.broker
def test_records_with_dates_of_any_age_are_taken_and_kept(kafka):
    topic = kafka.create_topic()
    days = [0, 1_700_000_000_000, int(time.time() * 1000) + 10 * 86_400_000]
    kafka.produce(topic, [b"old", b"past", b"future"], timestamps=days)
    assert [value for _, value in read_all(kafka, topic)] == [b"old", b"past", b"future"]


def test_a_check_of_a_port_where_nobody_listens_fails_in_one_line(tmp_path):
    port = free_port()
    (tmp_path / "port").write_text(str(port))
    status, _, error = kafka_sh("check", "--dir", tmp_path)
    assert status == 1 and len(error.splitlines()) == 1
