"""Topics of a replay, on the real broker and where there is none."""

from collections.abc import Callable

import pytest

from infra.processes import free_port
from infra.simulator.topics import create_topic, delete_topic
from movierec.errors import Unavailable
from serve.kafka import KafkaSettings
from tests.brokers.kafka import Broker


@pytest.mark.broker
def test_a_topic_is_made_once_and_deleted_once_however_often_it_is_asked_for(kafka: Broker) -> None:
    settings = KafkaSettings((kafka.address,))
    for _ in range(2):
        create_topic(settings, "replay-topics", 3)
        assert kafka.partitions("replay-topics") == 3
    for _ in range(2):
        delete_topic(settings, "replay-topics")


@pytest.mark.parametrize(
    ("what", "ask"),
    [
        ("create", lambda kafka: create_topic(kafka, "replay", 1)),
        ("delete", lambda kafka: delete_topic(kafka, "replay")),
    ],
)
def test_a_broker_that_does_not_answer_is_named(
    monkeypatch: pytest.MonkeyPatch, what: str, ask: Callable[[KafkaSettings], None]
) -> None:
    monkeypatch.setattr("infra.simulator.topics.ANSWER_SECONDS", 0.3)
    nowhere = f"127.0.0.1:{free_port()}"
    with pytest.raises(Unavailable, match=f"no broker answers at {nowhere}"):
        ask(KafkaSettings((nowhere,)))
    # One that goes after it let us in.
    monkeypatch.setattr("infra.simulator.topics.enter", lambda kafka, seconds: None)
    with pytest.raises(Unavailable, match=f"cannot {what} topic 'replay' at {nowhere}"):
        ask(KafkaSettings((nowhere,)))
