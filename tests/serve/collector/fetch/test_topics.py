"""What the brokers are asked about topics: on a real broker, which makes what it is asked for."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from serve.collector.fetch.topics import Topics, facts_in, leaders_in, printed
from serve.kafka import KafkaSettings
from tests.brokers.embedded import embedded_broker, send
from tests.brokers.kafka import Broker

ONE, TWO = UUID(int=1), UUID(int=2)


def answer(*topics: Any) -> Any:
    return SimpleNamespace(topics=topics)


def topic(name: str, topic_id: UUID | None, leaders: dict[int, int], error: int = 0) -> Any:
    partitions = [SimpleNamespace(partition_index=n, leader_id=i) for n, i in leaders.items()]
    return SimpleNamespace(name=name, topic_id=topic_id, partitions=partitions, error_code=error)


def test_what_several_brokers_say_is_taken_together() -> None:
    first = answer(topic("a", ONE, {0: 0, 1: 2}), topic("b", ONE, {}, error=3))
    second = answer(topic("a", TWO, {0: 1, 1: -1, 2: 3}), topic("b", ONE, {0: 1}))
    facts = facts_in([first, second], "a")
    assert (facts.exists, facts.partitions) == (True, {0, 1, 2})
    assert facts.ids == {printed(ONE), printed(TWO)}
    assert facts_in([first, second], "b").exists is False  # one of them does not know it
    assert facts_in([first], "c").exists is False
    assert leaders_in([first, second]) == {0, 1, 2, 3}


@pytest.mark.parametrize("nothing", [None, UUID(int=0)])
def test_brokers_without_ids_have_none(nothing: UUID | None) -> None:
    assert facts_in([answer(topic("a", nothing, {0: 1}))], "a").ids == frozenset()


def test_an_id_is_printed_as_kafka_does() -> None:
    assert printed(UUID("ffffffff-ffff-ffff-ffff-fffffffffff0")) == "_" * 20 + "8A"


def test_without_an_answer_it_says_so_in_time_and_asks_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("serve.collector.fetch.topics.REQUEST_MS", 200)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        topics = Topics({"bootstrap_servers": [f"127.0.0.1:{silent.getsockname()[1]}"]})
        for _ in range(2):
            with pytest.raises(KafkaError):
                topics.ask(["a"])
            assert topics._manager is None
        topics.close()


def test_what_the_client_asks_by_itself_makes_no_topic_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("serve.collector.fetch.topics.REQUEST_MS", 200)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        topics = Topics({"bootstrap_servers": [f"127.0.0.1:{silent.getsockname()[1]}"]})
        with pytest.raises(KafkaError):
            topics._connect()
        assert topics._manager.cluster.metadata_request().allow_auto_topic_creation is False
        topics.close()


def test_the_leaders_are_asked_each_and_any_broker_while_none_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int | None] = []
    answers = [answer(topic("a", ONE, leaders)) for leaders in ({}, {}, {0: 2, 1: 0})]

    def request(_: Topics, topics: list[str], node: int | None) -> Any:
        asked.append(node)
        return answers[min(len(asked), len(answers)) - 1]

    monkeypatch.setattr(Topics, "_connect", lambda _: None)
    monkeypatch.setattr(Topics, "_request", request)
    topics = Topics({})
    assert topics.ask(["a"])["a"].partitions == frozenset()
    assert asked == [None, None]  # who leads it, and what is it
    assert topics.ask(["a"])["a"].partitions == {0, 1}
    assert asked[2:] == [None, 0, 2]
    topics.ask(["a"])
    assert asked[5:] == [0, 2]


def wait_until(true: Callable[[], bool]) -> None:
    """A broker tells what it has made or deleted, not at once."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def open_now() -> tuple[int, int]:
    """Files and threads of this process."""
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def no_more_than(before: tuple[int, int]) -> bool:
    """Whether as few are open: what tests before this one left may close meanwhile."""
    return all(now <= then for now, then in zip(open_now(), before, strict=True))


def test_lines_are_peeked_at_and_facts_asked_for_and_nothing_of_it_stays_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    close = KafkaConsumer.close

    def noted(consumer: KafkaConsumer, timeout_ms: int, **options: Any) -> None:
        ended.append(timeout_ms)
        close(consumer, timeout_ms=timeout_ms, **options)

    monkeypatch.setattr(KafkaConsumer, "close", noted)
    with embedded_broker(tmp_path, partitions=1) as address:
        send(address, "movielog", [b"a", b"b"])
        topics = Topics(KafkaSettings((address,), api_version=(2, 1)).for_kafka_python())
        before = open_now()
        here = TopicPartition("movielog", 0)
        assert [topics.peek(here, n).value for n in (0, 1)] == [b"a", b"b"]
        assert topics.peek(here, 9) is None  # behind the end
        assert len(ended) == 3 and max(ended) <= 1000
        wait_until(lambda: no_more_than(before))
        for _ in range(2):
            facts = topics.ask(["movielog", "no-such"])
            assert facts["movielog"].partitions == {0}
            assert [facts[name].exists for name in ("movielog", "no-such")] == [True, False]
            topics.close()
            wait_until(lambda: no_more_than(before))


@pytest.mark.broker
def test_a_topic_is_known_by_its_id_and_never_made(kafka: Broker) -> None:
    topics = Topics({"bootstrap_servers": [kafka.address]})
    name = kafka.create_topic(2)
    facts = topics.ask([name, "no-such"])
    assert facts["no-such"].exists is False
    assert (facts[name].exists, facts[name].partitions) == (True, {0, 1})
    [old] = facts[name].ids
    kafka.delete_topic(name)
    wait_until(lambda: not topics.ask([name])[name].exists)
    kafka.make_topic(name, 1)
    wait_until(lambda: topics.ask([name])[name].exists)
    [new] = topics.ask([name])[name].ids
    assert old != new and len(new) == 22
    kafka.produce(name, [b"a", b"b"], timestamps=[5, 7])
    here = TopicPartition(name, 0)
    assert (topics.peek(here, 1).value, topics.peek(here, 1).timestamp) == (b"b", 7)
    kafka.delete_records(name, 0, 1)
    assert topics.peek(here, 0) is None
    topics.close()
    assert "no-such" not in kafka.admin().list_topics(timeout=20).topics
