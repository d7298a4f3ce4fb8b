"""Batches of records: columns by compiled code say what the parser says line by line."""

import hashlib
import json

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.lines.events import MAX_LINE_BYTES, BadLine, parse
from movierec.lines.kinds import REJECTED, WATCH
from movierec.lines.parsing import AHEAD, judge, parse_batch, parse_served
from movierec.lines.rows import HEAD_BYTES, ROWS, LineBatch, cut_long, joined, line_of
from movierec.times import MILLISECOND, parse_time
from tests.inputs.lines import ANY_LINE
from tests.movierec.lines.test_served import LINE as SERVED

GOOD = b"2026-11-01T19:03:07.250,4711,GET /data/m/silent+river+1987/42.mpg"


def batch_of(values: list[bytes | None], timestamp: int = -1) -> LineBatch:
    n = len(values)
    return LineBatch(
        np.arange(n, dtype=np.int64) * 3,
        np.full(n, timestamp, np.int64),
        pa.array(values, pa.large_binary()),
    )


@given(st.lists(ANY_LINE, max_size=12))
@settings(max_examples=400)
def test_a_batch_says_what_the_parser_says_of_each_line(values: list[bytes | None]) -> None:
    table = parse_batch(batch_of(values))
    assert table.schema.equals(ROWS)
    assert table["offset"].to_pylist() == [3 * row for row in range(len(values))]
    for value, row in zip(values, table.to_pylist(), strict=True):
        event = judge(value, -1, parse)
        if isinstance(event, BadLine):
            assert (row["kind"], row["reason"], row["raw"]) == (REJECTED, event.reason, value)
        else:
            assert row["kind"] != REJECTED
            assert {name: row[name] for name in event.__slots__} == {
                name: getattr(event, name) for name in event.__slots__
            }
        assert line_of(row) == value


def test_an_empty_batch_has_no_rows() -> None:
    assert parse_batch(batch_of([])).schema.equals(ROWS)
    assert parse_batch(batch_of([])).num_rows == 0


def test_a_time_more_than_a_day_ahead_of_its_record_is_rejected() -> None:
    moment = parse_time("2026-11-01T19:03:07.250")
    assert moment is not None
    ms = moment[0] // MILLISECOND
    rows = parse_batch(batch_of([GOOD, b"junk"], timestamp=ms - AHEAD)).to_pylist()
    assert rows[0]["kind"] == WATCH
    rows = parse_batch(batch_of([GOOD, b"junk"], timestamp=ms - AHEAD - 1)).to_pylist()
    assert [row["reason"] for row in rows] == ["time-ahead", "bad-time"]
    assert rows[0]["raw"] == GOOD


def test_a_record_without_a_value_is_rejected() -> None:
    row = parse_batch(batch_of([None, GOOD])).to_pylist()[0]
    assert (row["kind"], row["reason"], line_of(row)) == (REJECTED, "no-value", None)


def test_served_lines_are_kept_as_written() -> None:
    line = json.dumps(SERVED, separators=(",", ":")).encode()
    good, bad = parse_served(batch_of([line, b"{}"])).to_pylist()
    assert (good["user"], good["text"], line_of(good)) == (7, line.decode(), line)
    assert (bad["kind"], bad["reason"], bad["raw"]) == (REJECTED, "bad-served", b"{}")


def test_a_served_line_more_than_a_day_ahead_of_its_record_is_rejected() -> None:
    line = json.dumps(SERVED).encode()
    moment = parse_time(SERVED["time"])
    assert moment is not None
    ms = moment[0] // MILLISECOND
    assert parse_served(batch_of([line], ms - AHEAD))["reason"].to_pylist() == [None]
    assert parse_served(batch_of([line], ms - AHEAD - 1))["reason"].to_pylist() == ["time-ahead"]


def test_ratings_of_any_scale_are_stored() -> None:
    rows = parse_batch(batch_of([b"2026-11-01T19:03,1,GET /rate/jaws=10", GOOD])).to_pylist()
    assert [row["kind"] for row in rows] == [1, WATCH]
    assert rows[0]["text"] == "10"


def test_of_a_long_line_the_head_length_and_sha256_become_the_row() -> None:
    """Cut at the door or here: the same row. The head itself might be a good line."""
    request = b"2026-11-01T19:03,7,recommendation request a:1, status 200, result: "
    long = (request + b"a" * (HEAD_BYTES - len(request) - 6) + b", 7 ms").ljust(MAX_LINE_BYTES + 1)
    edge = b"x" * MAX_LINE_BYTES
    assert not isinstance(parse(long[:HEAD_BYTES]), BadLine)
    whole = batch_of([GOOD, long, None, edge, long + b"y", GOOD])
    for parser in (parse_batch, parse_served):
        rows = parser(whole)
        assert parser(cut_long(whole)).equals(rows)
        first, second = (rows.slice(i, 1).to_pylist()[0] for i in (1, 4))
        assert (first["reason"], first["raw"]) == ("too-long", long[:HEAD_BYTES])
        assert first["text"] == f"{len(long)} {hashlib.sha256(long).hexdigest()}"
        assert second["text"] == f"{len(long) + 1} {hashlib.sha256(long + b'y').hexdigest()}"
        kept = rows.slice(3, 1).to_pylist()[0]
        assert (kept["raw"], kept["text"]) == (edge, None)


def test_a_part_of_a_batch_knows_its_own_long_lines() -> None:
    long = b"x" * (MAX_LINE_BYTES + 1)
    batch = cut_long(batch_of([long, b"a", long, long]))
    part = batch.beginning(3)
    assert (part.offsets.tolist(), [line.offset for line in part.long]) == ([3, 6, 9], [6, 9])
    both = joined([batch._replace(long=()), part._replace(offsets=part.offsets + 20)])
    assert (both.offsets.tolist(), both.long) == ([0, 3, 6, 9, 23, 26, 29], part.long)


def test_more_lines_than_are_objects_at_a_time_keep_their_order() -> None:
    values: list[bytes | None] = [b"%d" % i for i in range(40_000)]
    assert parse_batch(batch_of(values))["raw"].to_pylist() == values
