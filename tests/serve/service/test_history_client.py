"""What the follower of the event log asks of its Kafka client."""

import threading
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

import serve.service.history
from serve.kafka import KafkaSettings
from serve.service.brokers import Brokers
from serve.service.history import Follower
from tests.serve.service.test_history import histories


def test_the_client_commits_nothing_makes_no_topic_and_speaks_in_our_log_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[dict[str, Any], Any]] = []
    closed = threading.Event()

    class Noted:
        def __init__(self, options: dict[str, Any], logger: Any = None) -> None:
            made.append((options, logger))

        def list_topics(self, *_: Any, timeout: float) -> Any:
            assert 0 < timeout <= 10
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))

        def poll(self, timeout: float) -> None:
            assert timeout == 0

        def close(self) -> None:
            closed.set()

    monkeypatch.setattr(serve.service.history, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(serve.service.history, "Consumer", Noted)
    follower = Follower(Brokers(KafkaSettings(("a:1",))), "movielog", histories())
    follower.start()
    follower.close()
    assert closed.wait(60)
    [(options, logger)] = made
    assert options["enable.auto.commit"] is options["allow.auto.create.topics"] is False
    assert (logger, options["log_level"]) == (None, 0)  # its words come to us by error_cb
