"""Answers reach the topic, keyed by user; what becomes of each line is counted."""

import json
import string
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from infra.processes import free_port
from movierec.lines.events import MOVIE_LETTERS
from movierec.lines.served import TIERS, Served, parse_served
from movierec.times import parse_time
from serve.kafka import KafkaSettings
from serve.metrics import OUTCOMES, ServiceMetrics
from serve.service import served_log
from serve.service.brokers import Brokers
from serve.service.cache import Written
from serve.service.provenance import Provenance
from serve.service.served_log import (
    KafkaServedLog,
    NoServedLog,
    ServedLines,
    history_said,
    now,
    ratings_said,
)
from tests.brokers.embedded import embedded_broker, held
from tests.serve.said import said

PARTITIONS = 4
SVD = Provenance("svd@v1.4.0", "svd", "svd", "c0ffee", "d" * 64)
ANSWER = Written("model", b"jaws+1975,alien+1979", b"")


class Log:
    """A served log with its counts."""

    def __init__(self, address: str) -> None:
        self.registry = CollectorRegistry()
        metrics = ServiceMetrics(self.registry)
        self.log = KafkaServedLog(Brokers(KafkaSettings((address,))), "served", metrics)

    def counts(self) -> dict[str, float]:
        """outcome → lines, of those that happened."""
        name = "movierec_served_log_lines_total"
        counts = {o: self.registry.get_sample_value(name, {"outcome": o}) for o in OUTCOMES}
        return {outcome: count for outcome, count in counts.items() if count}


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "served-log"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory):
    with embedded_broker(tmp_path_factory.mktemp("broker"), PARTITIONS) as address:
        yield address


def test_lines_reach_the_topic_keyed_by_user_before_the_log_is_closed(address: str) -> None:
    log = Log(address)
    lines = [(user, b"%d-%d" % (user, n)) for n in range(5) for user in (1, 2, 30)]
    log.log.start()
    for user, line in lines:
        log.log.send(user, line)
    log.log.close()
    assert log.counts() == {"sent": len(lines)}
    found = held(address, "served", PARTITIONS)
    assert sorted((kept.key, kept.line) for kept in found) == sorted(
        (str(user).encode(), line) for user, line in lines
    )
    # One partition a user, so that a reader meets a user's answers in order.
    places = {(kept.key, kept.partition) for kept in found}
    assert len(places) == 3


def test_delivery_is_counted_while_the_service_goes_on(address: str) -> None:
    log = Log(address)
    log.log.send(1, b"x")  # starts by itself
    deadline = time.monotonic() + 15
    while log.counts() != {"sent": 1}:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    log.log.close()
    assert log.counts() == {"sent": 1}


def test_there_is_one_producer_and_one_thread_however_often_it_starts(address: str) -> None:
    log = Log(address)
    assert log.log.producer is None
    log.log.start()
    first = log.log.producer
    starts = [threading.Thread(target=log.log.start) for _ in range(4)]
    for thread in starts:
        thread.start()
    for thread in starts:
        thread.join()
    log.log.send(1, b"x")
    assert first is not None and log.log.producer is first
    assert len(threads()) == 1
    assert log.log.poller.daemon  # a program that fails does not wait for it
    log.log.close()
    assert threads() == []


def test_what_no_broker_takes_is_counted_and_nobody_waits(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(served_log, "QUEUE_LINES", 3)
    monkeypatch.setattr(served_log, "FLUSH_SECONDS", 0.3)
    log = Log(f"127.0.0.1:{free_port()}")
    log.log.start()
    started = time.monotonic()
    for n in range(5):
        log.log.send(n, b"x")
    assert time.monotonic() - started < 0.2
    with caplog.at_level("INFO", "serve.service.served_log"):
        log.log.close()
    assert log.counts() == {"queue-full": 2, "unsent-at-stop": 3}
    (told,) = [record for record in caplog.records if record.message == "served log closed"]
    assert vars(told)["unsent"] == 3


def test_a_line_that_is_not_delivered_in_time_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served_log, "DELIVERY_MS", 300)
    log = Log(f"127.0.0.1:{free_port()}")
    log.log.send(1, b"x")
    log.log.close()
    assert log.counts() == {"not-delivered": 1}


def test_a_log_that_never_started_closes_at_once(tmp_path: Path) -> None:
    log = Log("127.0.0.1:1")
    log.log.close()
    assert log.log.producer is None and log.counts() == {}
    nowhere = NoServedLog()
    nowhere.start()
    nowhere.send(1, b"x")
    nowhere.close()


def test_the_line_is_one_that_the_collector_stores() -> None:
    moment = 1_793_559_787_250_123_999
    line = ServedLines(SVD).line(moment, "r1", 7, ANSWER)
    assert line == (
        b'{"v":1,"time":"2026-11-01T19:03:07.250123","request_id":"r1","user":7,'
        b'"model":"svd@v1.4.0","arm":"svd","tier":"model","ids":["jaws+1975","alien+1979"]}'
    )
    served = parse_served(line)
    assert isinstance(served, Served)
    assert (served.time, served.digits, served.user) == (moment // 1000 * 1000, 6, 7)
    assert parse_time("2026-11-01T19:03:07.250123") == (served.time, 6)


movies = st.text(MOVIE_LETTERS, min_size=1, max_size=20)
ratings = st.none() | st.integers(0, 1000).map(lambda hundredths: hundredths / 100)


@given(
    request_id=st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=64),
    user=st.integers(0, 10**18 - 1),
    tier=st.sampled_from(TIERS),
    ids=st.lists(movies, min_size=1, max_size=20),
    pairs=st.lists(st.tuples(movies, ratings), max_size=5),
    told=st.booleans(),
    rated=st.booleans(),
    labels=st.lists(st.text(max_size=8), min_size=5, max_size=5),
)
def test_a_line_is_what_json_would_make_of_it(
    request_id: str,
    user: int,
    tier: str,
    ids: list[str],
    pairs: list[tuple[str, float | None]],
    told: bool,
    rated: bool,
    labels: list[str],
) -> None:
    provenance = Provenance(*labels)
    document: dict[str, Any] = {"v": 1, "time": "2026-11-01T19:03:07.250123"}
    document |= {"request_id": request_id, "user": user}
    document |= {"model": provenance.model, "arm": provenance.arm, "tier": tier, "ids": ids}
    predicted = [number + 0.25 for number in range(len(ids))]
    document |= {"ratings": predicted} if rated and not told else {}
    document |= {"history": pairs} if pairs else {}
    document |= {"told": True} if told else {}
    history = history_said(pairs) if pairs else b""
    ratings = ratings_said(predicted) if rated else b""
    written = Written(tier, ",".join(ids).encode(), history, ratings)
    moment = 1_793_559_787_250_123_999
    line = ServedLines(provenance).line(moment, request_id, user, written, told=told)
    assert line == json.dumps(document, separators=(",", ":")).encode()
    assert isinstance(parse_served(line), Served)


def test_now_is_now() -> None:
    before = time.time_ns()
    assert before <= now() <= time.time_ns()


def test_kafka_s_troubles_are_told_in_its_words(caplog: pytest.LogCaptureFixture) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    log = Log(nobody)
    log.log.start()
    deadline = time.monotonic() + 60
    while not any("refused" in facts.get("error", "") for _, facts in said(caplog)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    log.log.close()
    errors = [facts["error"] for event, facts in said(caplog) if event == "kafka"]
    assert any(nobody in error for error in errors)


def test_the_client_makes_no_topic_and_speaks_in_our_log_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[dict[str, Any], Any]] = []

    def noted(options: dict[str, Any], logger: Any = None) -> Producer:
        made.append((options, logger))
        return Producer(options, logger=logger)

    monkeypatch.setattr(served_log, "Producer", noted)
    log = Log(f"127.0.0.1:{free_port()}")
    log.log.start()
    log.log.close()
    [(options, logger)] = made
    assert options["allow.auto.create.topics"] is False
    assert (logger, options["log_level"]) == (None, 0)  # its words come to us by error_cb
