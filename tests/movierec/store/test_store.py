"""The store: segments written once, days cut by the log alone, damage found and named."""

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec import store
from movierec.errors import AlreadyWritten, BadInput, CorruptFile
from movierec.lines.parsing import parse_batch
from movierec.lines.rows import LineBatch, line_of

TOPIC = "movielog"
GRACE = 600


def rows(lines: list[bytes], start: int = 0) -> pa.Table:
    n = len(lines)
    offsets = np.arange(start, start + n, dtype=np.int64)
    return parse_batch(LineBatch(offsets, np.full(n, -1), pa.array(lines, pa.large_binary())))


def watch(day: int, minute: int, user: int = 1) -> bytes:
    when = f"2026-11-{day:02d}T{minute // 60:02d}:{minute % 60:02d}"
    return f"{when},{user},GET /data/m/jaws+1975/3.mpg".encode()


def put(root: Path, lines: list[bytes], start: int = 0, partition: int = 0) -> store.Segment:
    end = start + len(lines)
    return store.write_segment(root, TOPIC, partition, start, end, rows(lines, start))


def close(root: Path, **ends: int) -> list[str]:
    return store.close_due_days(root, TOPIC, {int(p[1:]): end for p, end in ends.items()}, GRACE)


def stored(root: Path) -> list[bytes | None]:
    return [line_of(row) for row in store.open_rows(root, TOPIC).to_pylist()]


def test_segments_follow_each_other_and_say_where_to_go_on(tmp_path: Path) -> None:
    assert store.resume_offset(tmp_path, TOPIC, 0) is None
    put(tmp_path, [watch(1, 1), b"junk"])
    put(tmp_path, [watch(1, 2)], start=2)
    assert store.claim_partition(tmp_path, TOPIC, 0) == 3
    assert stored(tmp_path) == [watch(1, 1), watch(1, 2)]
    assert [s.counts for s in store.list_segments(tmp_path, TOPIC, 0)] == [
        {"watch": 1, "rejected": 1},
        {"watch": 1},
    ]


def test_of_two_writers_at_one_offset_the_second_is_refused(tmp_path: Path) -> None:
    first = put(tmp_path, [watch(1, 1), watch(1, 2)])
    content = first.path.read_bytes()
    with pytest.raises(AlreadyWritten):
        put(tmp_path, [watch(1, 1)])
    assert first.path.read_bytes() == content


def test_a_link_never_replaces_even_when_the_end_was_read_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second writer looked at the end of the chain, slept, and woke after the first."""
    first = put(tmp_path, [watch(1, 1), watch(1, 2)])
    content = first.path.read_bytes()
    monkeypatch.setattr("movierec.store.segments._ends_at", lambda *_: True)
    with pytest.raises(AlreadyWritten):
        put(tmp_path, [watch(1, 1)])
    assert first.path.read_bytes() == content
    assert [p.name for p in first.path.parent.iterdir()] == [first.path.name]


def test_a_writer_that_would_leave_a_hole_is_refused(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1)])
    with pytest.raises(AlreadyWritten):
        put(tmp_path, [watch(1, 9)], start=5)


def test_a_gap_is_part_of_the_chain_and_of_the_manifest(tmp_path: Path) -> None:
    store.write_gap(tmp_path, TOPIC, 0, 0, 40)
    put(tmp_path, [watch(1, 1), watch(2, 30)], start=40)
    assert store.resume_offset(tmp_path, TOPIC, 0) == 42
    assert close(tmp_path, p0=42) == ["2026-11-01"]
    assert store.read_manifest(tmp_path, TOPIC, "2026-11-01")["gaps"] == [
        {"partition": 0, "start": 0, "end": 40}
    ]


def test_a_day_closes_when_the_stream_has_passed_it_by_the_grace(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(2, GRACE // 60 - 1)])
    assert close(tmp_path, p0=2) == []
    put(tmp_path, [watch(2, GRACE // 60)], start=2)
    assert close(tmp_path, p0=3) == ["2026-11-01"]
    assert close(tmp_path, p0=3) == []
    day = store.read_day(tmp_path / TOPIC / "days/2026-11-01")
    assert [line_of(row) for row in day.to_pylist()] == [watch(1, 1)]
    assert stored(tmp_path) == [watch(2, GRACE // 60 - 1), watch(2, GRACE // 60)]


def test_a_partition_that_lags_keeps_the_day_open_and_a_silent_one_does_not(
    tmp_path: Path,
) -> None:
    put(tmp_path, [watch(1, 1), watch(2, 30)])
    put(tmp_path, [watch(1, 5)], partition=1)
    assert close(tmp_path, p0=2, p1=2) == []  # Kafka has a line that the store lacks
    assert close(tmp_path, p0=2, p1=1) == ["2026-11-01"]


def test_late_lines_go_to_the_day_they_arrive_in_and_are_counted(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), watch(2, 30)])
    assert close(tmp_path, p0=2) == ["2026-11-01"]
    put(tmp_path, [watch(1, 2), watch(3, 30)], start=2)
    assert close(tmp_path, p0=4) == ["2026-11-02"]
    totals = store.read_manifest(tmp_path, TOPIC, "2026-11-02")["totals"]
    assert (totals["stored"], totals["late"]) == (2, 1)


def test_progress_survives_the_segments_that_closing_removes(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1)])
    put(tmp_path, [watch(2, 30)], start=1)
    assert close(tmp_path, p0=2) == ["2026-11-01"]
    assert [s.start for s in store.list_segments(tmp_path, TOPIC, 0)] == [1]
    assert store.claim_partition(tmp_path, TOPIC, 0) == 2
    with pytest.raises(AlreadyWritten):
        put(tmp_path, [watch(1, 1)])


LINE = st.one_of(
    st.builds(watch, st.integers(1, 4), st.integers(0, 1439), st.integers(1, 9)),
    st.just(b"junk"),
)


@given(
    st.lists(st.lists(LINE, max_size=30), min_size=2, max_size=2),
    st.lists(st.integers(1, 7), min_size=1, max_size=5),
)
@settings(max_examples=60)
def test_the_bytes_of_a_day_follow_from_the_log_and_its_cuts_alone(
    tmp_path_factory: pytest.TempPathFactory, logs: list[list[bytes]], sizes: list[int]
) -> None:
    """One big segment, or many small ones: the same files."""
    whole, pieces = tmp_path_factory.mktemp("whole"), tmp_path_factory.mktemp("pieces")
    ends = {}
    for partition, lines in enumerate(logs):
        lines = [*lines, watch(6, 30)]
        ends[f"p{partition}"] = len(lines)
        put(whole, lines, partition=partition)
        start = 0
        while start < len(lines):
            size = sizes[start % len(sizes)]
            put(pieces, lines[start : start + size], start, partition)
            start += size
    days = close(whole, **ends)
    assert close(pieces, **ends) == days
    for day in days:
        for file in ("lines.parquet", "rejected.jsonl", "manifest.json"):
            path = Path(TOPIC) / "days" / day / file
            assert (whole / path).read_bytes() == (pieces / path).read_bytes()
    totals = [store.read_manifest(whole, TOPIC, day)["totals"] for day in days]
    in_days = sum(total["stored"] + total["rejected"] for total in totals)
    waiting = store.open_rows(whole, TOPIC).num_rows + len(list(store.open_rejected(whole, TOPIC)))
    assert in_days + waiting == sum(ends.values())


def test_a_damaged_segment_is_named_and_nothing_is_read_past_it(tmp_path: Path) -> None:
    segment = put(tmp_path, [watch(1, 1)])
    put(tmp_path, [watch(1, 1)], partition=1)
    segment.path.write_bytes(segment.path.read_bytes()[:-9])
    with pytest.raises(CorruptFile, match=r"00000000000000000000\.parquet: not a segment"):
        store.claim_partition(tmp_path, TOPIC, 0)
    assert store.claim_partition(tmp_path, TOPIC, 1) == 1  # nothing else is harmed
    segment.path.rename(tmp_path / "away")
    assert store.claim_partition(tmp_path, TOPIC, 0) is None  # its offsets are read again


@pytest.mark.parametrize("file", ["lines.parquet", "rejected.jsonl"])
def test_a_damaged_day_is_named(tmp_path: Path, file: str) -> None:
    put(tmp_path, [watch(1, 1), b"junk", watch(2, 30)])
    close(tmp_path, p0=3)
    day = tmp_path / TOPIC / "days/2026-11-01"
    store.verify_day(day)
    content = bytearray((day / file).read_bytes())
    content[len(content) // 2] ^= 1
    (day / file).write_bytes(content)
    with pytest.raises(CorruptFile, match=f"{file}: SHA-256 differs"):
        store.read_day(day)
    shutil.rmtree(day)
    with pytest.raises(BadInput, match="no closed day there"):
        store.read_day(day)


def test_rejected_lines_keep_their_bytes_and_reason(tmp_path: Path) -> None:
    put(tmp_path, [watch(1, 1), b"junk \xff\x00", b"text", watch(2, 30)])
    close(tmp_path, p0=4)
    entries = list(store.read_rejected(tmp_path / TOPIC / "days/2026-11-01"))
    assert [(e["offset"], e["raw"], e["reason"]) for e in entries] == [
        (1, b"junk \xff\x00", "not-utf8"),
        (2, b"text", "bad-time"),
    ]


@pytest.mark.parametrize("share", [0.2, 0.4, 0.6])
def test_a_flipped_bit_in_a_segment_never_reaches_a_day(tmp_path: Path, share: float) -> None:
    lines = [watch(1, minute, user=minute * 7919 % 1000) for minute in range(1440)]
    segment = put(tmp_path, [*lines, watch(2, 30)])
    content = bytearray(segment.path.read_bytes())
    pages = pq.read_metadata(segment.path).row_group(0).column(4)  # the users'
    at = pages.data_page_offset + int(share * pages.total_compressed_size)
    content[at] ^= 4
    segment.path.write_bytes(content)
    with pytest.raises(CorruptFile, match=r"0\.parquet: (damaged|not a segment)"):
        close(tmp_path, p0=1441)
    assert store.closed_days(tmp_path, TOPIC) == []
