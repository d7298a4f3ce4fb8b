"""What becomes of a buffer: a segment, its counts, or a refusal."""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from kafka import TopicPartition

from movierec.errors import AlreadyWritten, BadInput, CorruptFile
from movierec.lines.rows import LineBatch
from movierec.store.chain import read_chain
from movierec.store.decisions import Closing, announce
from movierec.store.durable import Disk
from movierec.store.segments import partition_at
from movierec.store.storage import at
from movierec.times import day_number
from serve.collector.buffer import Buffer
from serve.collector.fetch.source import Chunk
from serve.collector.writer import PROBE_SECONDS, Writer, name
from tests.movierec.lines.test_served import LINE
from tests.serve.collector.member import HERE, Member

LINES = [b"2026-11-01T12:00,1,GET /data/m/jaws/1.mpg", b"junk", b"\xff", b"text"]
SERVED = json.dumps(LINE | {"time": "2026-11-01T13:00:01"}).encode()


@pytest.fixture
def member(tmp_path: Path) -> Member:
    return Member(tmp_path / "store")


def buffer(lines: list[bytes], start: int = 0, timestamp: int = -1) -> Buffer:
    offsets = np.arange(start, start + len(lines), dtype=np.int64)
    values = pa.array(lines, pa.large_binary())
    timestamps = np.full(len(lines), -1, np.int64)
    if timestamp >= 0:
        timestamps = np.arange(timestamp, timestamp + len(lines))
    made = LineBatch(offsets, timestamps, values)
    filled = Buffer(start)
    filled.add(Chunk(made, start, start + len(lines)), 0.0)
    return filled


def test_a_segment_is_counted_by_kind_outcome_and_reason(member: Member) -> None:
    writer = member.collector.writer
    assert writer.resume(HERE) == 0
    writer.write(HERE, buffer(LINES))
    size = (member.root / partition_at(member.root, "movielog", 0).name(0)).stat().st_size
    assert writer.totals == {
        "read": 4,
        "stored": 1,
        "rejected": 3,
        "segments": 1,
        "bytes": size,
        "gaps": 0,
        "lag": 0,
    }

    def value(sample: str, **labels: str) -> float | None:
        return member.registry.get_sample_value(sample, {"topic": "movielog"} | labels)

    assert value("collector_lines_total", kind="watch", outcome="stored") == 1
    assert value("collector_lines_total", kind="unknown", outcome="rejected") == 3
    assert value("collector_rejected_lines_total", reason="bad-time") == 2
    assert value("collector_rejected_lines_total", reason="not-utf8") == 1
    assert value("collector_segments_total") == 1
    assert value("collector_segment_bytes_total") == size
    assert value("collector_durable_offset", partition="0") == 4
    assert value("collector_last_event_timestamp_seconds") == 1793534400.0


def test_the_served_topic_has_lines_of_its_own(member: Member) -> None:
    served, writer = TopicPartition("served", 0), member.collector.writer
    writer.resume(served)
    writer.write(served, buffer([b"{}"]))
    assert writer.totals["rejected"] == 1
    reasons = [
        sample.labels["reason"]
        for metric in member.metrics.rejected.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    ]
    assert reasons == ["bad-served"]


def test_the_lag_is_as_old_as_the_newest_line_on_disk(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = member.collector.writer
    writer.resume(HERE)
    writer.write(HERE, buffer(LINES, timestamp=1_800_000_000_000))
    monkeypatch.setattr(time, "time", lambda: 1_800_000_060.003)
    writer.lag.observe({HERE: 5})
    where = {"topic": "movielog", "partition": "0"}
    seconds = member.registry.get_sample_value("collector_lag_seconds", where)
    assert seconds == pytest.approx(60.0, abs=1e-5)


def test_a_gap_moves_the_durable_offset(member: Member) -> None:
    writer = member.collector.writer
    writer.resume(HERE)
    writer.record_gap(HERE, 0, 40)
    where = {"topic": "movielog", "partition": "0"}
    assert member.registry.get_sample_value("collector_durable_offset", where) == 40
    assert (writer.totals["gaps"], writer.end(HERE)) == (1, 40)
    (gap,) = read_chain(partition_at(member.root, "movielog", 0)).segments
    assert (gap.start, gap.end, gap.gap) == (0, 40, True)


def test_a_buffer_that_does_not_begin_where_the_store_ends_is_refused(member: Member) -> None:
    writer = member.collector.writer
    writer.resume(HERE)
    with pytest.raises(AlreadyWritten, match="ends at 0, not 5"):
        writer.write(HERE, buffer(LINES, 5))
    with pytest.raises(AlreadyWritten, match="ends at 0, not 5"):
        writer.record_gap(HERE, 5, 9)


def test_the_end_of_anothers_partition_follows_the_disk(member: Member) -> None:
    other = Member(member.root).start()
    assert member.collector.writer.end(HERE) == 0
    for start in (0, 5):
        other.read(start, 5)
        other.flush()
        assert member.collector.writer.end(HERE) == start + 5


def test_a_damaged_segment_stops_the_start(member: Member) -> None:
    member.start()
    member.read(0, 3)
    member.flush()
    (member.root / partition_at(member.root, "movielog", 0).name(0)).write_bytes(b"damaged")
    with pytest.raises(CorruptFile, match="not a segment"):
        Member(member.root).collector.writer.resume(HERE)


def test_a_store_that_cannot_be_written_is_refused_before_anything_is_read(
    member: Member, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    settings = replace(member.settings, store=tmp_path / "file" / "store")
    with pytest.raises(BadInput, match="check COLLECTOR_STORE"):
        Writer(settings, member.metrics)
    assert [p.name for p in member.root.iterdir()] == []  # the probe of the good one is gone


def test_lines_of_a_clock_that_is_ahead_of_ours_are_counted_so(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With and without a record's timestamp; the log of answers too."""
    monkeypatch.setattr(time, "time_ns", lambda: 1_793_534_400 * 10**9)
    writer, served = member.collector.writer, TopicPartition("served", 0)
    line = b"2026-11-01T%02d:00:01,1,GET /data/m/jaws/1.mpg"
    writer.resume(HERE)
    writer.write(HERE, buffer([line % 12, line % 13, line % 14]))
    writer.write(HERE, buffer([line % 13], 3, timestamp=1_793_538_000_000))
    writer.resume(served)
    writer.write(served, buffer([SERVED]))
    assert writer.totals["rejected"] == 4
    name = "collector_rejected_lines_total"
    for topic, count in (("movielog", 3), ("served", 1)):
        labels = {"topic": topic, "reason": "time-ahead-of-clock"}
        assert member.registry.get_sample_value(name, labels) == count


def test_a_clock_behind_the_last_closed_day_is_refused_at_the_start(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All lines would be ahead of it, and set aside."""
    day = Closing(1, day_number("2026-11-01"), {0: 3})
    announce(at(member.root), "movielog", day)
    monkeypatch.setattr(time, "time_ns", lambda: 1_793_577_600 * 10**9)
    Writer(member.settings, member.metrics)
    monkeypatch.setattr(time, "time_ns", lambda: 1_793_577_599 * 10**9)
    with pytest.raises(BadInput, match=r"says 2026-11-01T23:59:59, .* closed 2026-11-01 of"):
        Writer(member.settings, member.metrics)


def test_a_partition_has_a_name() -> None:
    assert name(TopicPartition("movielog", 3)) == "movielog/3"


def test_how_much_a_gap_lost_is_said_only_where_it_is_known(
    member: Member, caplog: pytest.LogCaptureFixture
) -> None:
    """Behind a topic that was made anew the offsets jump, and no line lay between."""
    writer = member.collector.writer
    writer.resume(HERE)
    writer.record_gap(HERE, 0, 40)
    writer.record_gap(HERE, 40, 10**13, "the topic was made anew")
    said = [vars(r)["lost"] for r in caplog.records if r.message == "gap"]
    assert said == [40, None]
    assert member.metrics.gap_lines.labels("movielog")._value.get() == 40


def test_a_start_removes_what_those_left_that_died(tmp_path: Path) -> None:
    root = tmp_path / "store"
    closings = root / "movielog/closings"
    closings.mkdir(parents=True)
    old = int(time.time()) - PROBE_SECONDS - 1
    for left in (
        root / f"writable-{old}-{'0' * 32}",
        root / ".name.0.tmp",
        closings / ".name.0.tmp",
    ):
        left.touch()
    (root / "writable-by-all").touch()  # no name of ours
    Member(root)
    assert [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()] == [
        "writable-by-all"
    ]


def test_two_that_start_at_once_leave_each_other_what_they_try_the_store_by(
    member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the second put of one would succeed, and a good store be refused."""

    place, started = "serve.collector.writer.at", []

    class Slow(Disk):
        def check(self, name: str) -> None:
            """Meanwhile another starts, from its beginning to its end."""
            monkeypatch.setattr(place, at)
            started.append(Writer(member.settings, member.metrics))
            super().check(name)

    monkeypatch.setattr(place, Slow)
    Writer(member.settings, member.metrics)
    assert len(started) == 1
    assert [p.name for p in member.root.iterdir()] == []
