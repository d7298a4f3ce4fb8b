"""A member's life as operators see it: every metric moves, every log line says of what."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError, OffsetOutOfRangeError
from kafka.structs import OffsetAndMetadata

from movierec.lines.rows import LineBatch
from serve.collector import loop
from serve.collector.broker import Broker
from serve.collector.closer import DayCloser
from serve.collector.fetch.source import Chunk
from serve.collector.identity import AnotherTopic, Identity
from serve.collector.writer import OVERTAKEN
from tests.movierec.store.filling import watch
from tests.serve.collector.member import HERE, Member
from tests.serve.said import said

THERE = TopicPartition("movielog", 1)
DAYS = [[watch(1, 1), b"junk", watch(2, 30)], [watch(1, 2), watch(3, 30)]]
"""The second comes when the first has closed a day: one of its lines is late."""
REST = [watch(3, 31)]
LOGGED = 1_793_670_000_000
"""When the brokers took the lines: 2026-11-03, in ms."""
NOW = LOGGED / 1000 + 86_400


@pytest.fixture
def member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Member:
    """One whose client hands whole batches over and sleeps through no trouble."""
    member = Member(tmp_path / "store")
    monkeypatch.setattr(loop, "hands_over_batches", lambda consumer: True)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    monkeypatch.setattr("time.time", lambda: NOW)
    monkeypatch.setattr("time.time_ns", lambda: int(NOW) * 10**9)
    monkeypatch.setattr(member.consumer, "close", lambda **options: None, raising=False)
    return member


def take(member: Member, lines: list[bytes]) -> None:
    """As if lines had come from the broker."""
    buffer = member.ours.buffers[HERE]
    offsets = np.arange(buffer.end, buffer.end + len(lines), dtype=np.int64)
    values = pa.array(lines, pa.large_binary())
    made = LineBatch(offsets, np.full(len(lines), LOGGED), values)
    member.ours.add(HERE, Chunk(made, buffer.end, buffer.end + len(lines)))


def live(member: Member) -> None:
    """All that may happen to a member, from its subscription on until it is stopped."""
    collector = member.collector
    broker: Broker = collector._broker
    days: DayCloser = collector._days
    member.start()
    for lines in DAYS:
        take(member, lines)
        member.flush()
        days.close_now("movielog", {0: member.ours.buffers[HERE].end})
    broker.trouble(KafkaConnectionError("gone"))
    rival = Member(member.root).start()
    rival.read(5, 2)
    rival.flush()
    take(member, REST)
    member.flush()  # the rival was first
    member.ours.begin_held()
    member.consumer.first = 40
    member.ours.out_of_range(OffsetOutOfRangeError({HERE: 7}))
    collector.revoked([THERE])
    collector.lost([THERE])
    take(member, REST)
    collector._observe()
    member.ours.buffers.due(0.0)


def run(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    """The life of a member, and its end."""

    def subscribe(topics: list[str], listener: Any) -> None:
        live(member)
        member.collector.stop("SIGTERM")

    monkeypatch.setattr(member.consumer, "subscribe", subscribe, raising=False)
    assert member.collector.run(member.consumer, member.topics) == 0


def test_a_terminal_is_shown_every_look_and_the_last_one_is_left_standing(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[tuple[int, bool]] = []

    def show(totals: dict[str, Any], last: bool = False) -> None:
        shown.append((totals["read"], last))

    monkeypatch.setattr(member.collector._progress, "show", show)
    run(member, monkeypatch)
    assert shown == [(5, False), (6, True)]


def test_who_leaves_says_so_to_the_group_and_waits_a_moment_only(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container is killed some seconds after it was asked to end."""
    ended: list[dict[str, Any]] = []
    monkeypatch.setattr(member.consumer, "close", lambda **options: ended.append(options))
    run(member, monkeypatch)
    [options] = ended
    assert options["autocommit"] is False and 0 < options["timeout_ms"] <= 5000


def test_a_loop_that_stands_is_not_healthy_for_ever(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    member.collector.connect(member.consumer, member.topics)
    member.start()
    take(member, DAYS[0])
    for seconds, healthy in ((loop.STALE_SECONDS - 0.25, True), (loop.STALE_SECONDS, False)):
        now[0] = 1000.0 + seconds
        assert member.collector.health() == {
            "healthy": healthy,
            "seconds_since_poll": seconds,
            "seconds_since_answer": seconds,
            "partitions": 1,
            "buffered_lines": 3,
        }


def test_in_a_life_every_metric_moves(member: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member.collector, "_finish", lambda: None)  # what is held is held still
    run(member, monkeypatch)
    moved = {
        family.name
        for family in member.registry.collect()
        if any(s.value and not s.name.endswith("_created") for s in family.samples)
    }
    still = {family.name for family in member.registry.collect()} - moved
    [rebalances] = member.metrics.rebalances.collect()
    assert {s.labels["event"] for s in rebalances.samples} == {"assigned", "revoked", "lost"}
    assert still == {"collector_http_refusals"}  # by the port: tests/serve/http/test_server.py


def test_in_a_life_every_log_line_says_of_what(
    member: Member, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "serve.collector"):
        run(member, monkeypatch)
    told = said(caplog, "serve.collector")
    measured = [facts.pop(n) for _, facts in told for n in ("seconds", "bytes") if n in facts]
    assert len(measured) == 9 and all(number > 0 for number in measured)
    here, there = {"partition": "movielog/0"}, {"partitions": ["movielog/1"]}
    day = {"topic": "movielog", "stored": 1}
    trouble = {"error": "KafkaConnectionError: gone", "retry_in_seconds": 0.2}
    assert told == [
        ("started", {"topics": ("movielog",), "whole_batches": True}),
        ("assigned", {"partitions": ["movielog/0"]}),
        ("resumes", here | {"offset": 0}),
        ("segment", here | {"read": 3, "stored": 2, "rejected": 1}),
        ("day closed", day | {"day": "2026-11-01", "rejected": 1, "late": 0}),
        ("segment", here | {"read": 2, "stored": 2, "rejected": 0}),
        ("day closed", day | {"day": "2026-11-02", "stored": 2, "rejected": 0, "late": 1}),
        ("broker trouble", trouble),
        ("assigned", {"partitions": ["movielog/0"]}),  # the rival
        ("resumes", here | {"offset": 5}),
        ("segment", here | {"read": 2, "stored": 2, "rejected": 0}),
        ("refused", here | {"why": "movielog/0: the store no longer ends at offset 5"}),
        ("resumes", here | {"offset": 7}),
        ("gap", here | {"start": 7, "end": 40, "lost": 33, "why": OVERTAKEN}),
        ("revoked", there),
        ("lost", there | {"dropped_lines": 0}),
        ("broker answers", {}),
        ("segment", here | {"read": 1, "stored": 1, "rejected": 0}),
        ("stopped", {"reason": "SIGTERM", "read": 6, "stored": 5, "rejected": 1, "segments": 3,
                     "gaps": 1, "lag": 959, "days": 2, "late": 1}),
    ]  # fmt: skip


def test_trouble_says_of_what(member: Member, caplog: pytest.LogCaptureFixture) -> None:
    """Brokers that are silent, forget the topic, have another one; commits that the disk lacks."""
    gone = {"error": "KafkaConnectionError: gone"}
    silence = [("not written yet", gone | {"partitions": 1}), ("broker does not answer", gone)]
    caplog.set_level("WARNING", "serve.collector")
    member.start().read(0, 10)
    caplog.clear()
    member.topics.error = KafkaConnectionError("gone")
    member.flush()
    member.ours.buffers.settings = replace(member.settings, buffer_bytes=1)
    member.flush()
    dropped = {"partition": "movielog/0", "dropped_lines": 10}
    assert said(caplog) == [*silence, *silence, ("read again later", dropped)]
    caplog.clear()
    member.topics.error, member.topics.exists = None, False
    member.ours._flusher.prove()
    member.topics.exists, member.topics.id = True, "B" * 22
    with pytest.raises(AnotherTopic):
        member.start()
    member = Member(member.root).start()
    member.read(0, 3)
    member.topics.id = "B" * 22
    with pytest.raises(AnotherTopic):
        member.ours._flusher.prove()
    anew = Member(member.root, accept_new_topic=("B" * 22,))
    anew.topics.id = "B" * 22
    identity: Identity = anew.collector._broker.identity
    identity.settle(["movielog"])
    identity.check_commit(HERE, 5, OffsetAndMetadata(9, "", -1))
    assert said(caplog) == [
        ("the brokers do not know the topic", {"topic": "movielog"}),
        ("read of two topics", {"partition": "movielog/0", "dropped_lines": 3}),
        ("new topic", {"topic": "movielog", "id": "B" * 22, "life": 1}),
        (
            "the disk is behind the group's commit",
            {"partition": "movielog/0", "disk": 5, "committed": 9},
        ),
    ]


def test_nothing_is_caught_up_with_before_the_group_has_spoken(member: Member) -> None:
    member.collector.once, member.consumer.last = True, 0
    assert not member.collector._is_caught_up()
    member.collector.assigned([])
    assert member.collector._is_caught_up()
