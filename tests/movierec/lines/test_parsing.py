"""Batches of records: columns by compiled code say what the parser says line by line."""

import hashlib
import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movierec.lines.events import MAX_LINE_BYTES, BadLine, parse
from movierec.lines.kinds import REJECTED, REQUEST, WATCH
from movierec.lines.parsing import AHEAD, judge, parse_batch, parse_served
from movierec.lines.rows import (
    HEAD_BYTES,
    MAX_KEPT_BYTES,
    ROWS,
    LineBatch,
    cut_long,
    is_line_of,
    joined,
    line_of,
)
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


NOW = 1_900_000_000_000
"""Milliseconds: in 2030, later than the lines here."""


@given(st.lists(ANY_LINE, max_size=12), st.sampled_from([NOW, 1_700_000_000_000, 0]))
@settings(max_examples=400)
def test_a_batch_says_what_the_parser_says_of_each_line(
    values: list[bytes | None], now: int
) -> None:
    table = parse_batch(batch_of(values), now)
    assert table.schema.equals(ROWS)
    assert table["offset"].to_pylist() == [3 * row for row in range(len(values))]
    for value, row in zip(values, table.to_pylist(), strict=True):
        event = judge(value, -1, now, parse)
        if isinstance(event, BadLine):
            assert (row["kind"], row["reason"], row["raw"]) == (REJECTED, event.reason, value)
        else:
            assert row["kind"] != REJECTED
            assert {name: row[name] for name in event.__slots__} == {
                name: getattr(event, name) for name in event.__slots__
            }
        assert line_of(row) == value


def test_an_empty_batch_has_no_rows() -> None:
    assert parse_batch(batch_of([]), NOW).schema.equals(ROWS)
    assert parse_batch(batch_of([]), NOW).num_rows == 0


def ms_of(text: str) -> int:
    moment = parse_time(text)
    assert moment is not None
    return moment[0] // MILLISECOND


@pytest.mark.parametrize("line", [GOOD, b"2026-11-01T19:03:07.250,4711,GET /rate/jaws=4"])
def test_a_time_more_than_an_hour_ahead_of_its_record_or_of_the_clock_is_set_aside(
    line: bytes,
) -> None:
    """By the compiled code and line by line; which of both it is, the reason says."""
    ms = ms_of("2026-11-01T19:03:07.250")
    assert AHEAD == 3_600_000
    for timestamp, now, reason in [
        (ms - AHEAD, NOW, None),
        (ms - AHEAD - 1, NOW, "time-ahead"),
        (-1, ms - AHEAD, None),
        (-1, ms - AHEAD - 1, "time-ahead-of-clock"),
        (ms, ms - AHEAD - 1, "time-ahead-of-clock"),  # the record's timestamp is as wrong
        (ms - AHEAD - 1, ms - AHEAD - 1, "time-ahead"),
    ]:
        rows = parse_batch(batch_of([line, b"junk"], timestamp), now).to_pylist()
        assert [row["reason"] for row in rows] == [reason, "bad-time"]
        assert rows[0]["raw"] == (line if reason else None)


def test_a_record_without_a_value_is_rejected() -> None:
    row = parse_batch(batch_of([None, GOOD]), NOW).to_pylist()[0]
    assert (row["kind"], row["reason"], line_of(row)) == (REJECTED, "no-value", None)


def test_served_lines_are_kept_as_written() -> None:
    line = json.dumps(SERVED, separators=(",", ":")).encode()
    good, bad = parse_served(batch_of([line, b"{}"]), NOW).to_pylist()
    assert (good["user"], good["text"], line_of(good)) == (7, line.decode(), line)
    assert (bad["kind"], bad["reason"], bad["raw"]) == (REJECTED, "bad-served", b"{}")


def test_a_served_line_is_set_aside_by_the_same_clocks() -> None:
    line, ms = json.dumps(SERVED).encode(), ms_of(SERVED["time"])

    def reason(timestamp: int, now: int) -> object:
        return parse_served(batch_of([line], timestamp), now)["reason"].to_pylist()[0]

    assert reason(ms - AHEAD, ms - AHEAD) is None
    assert reason(ms - AHEAD - 1, ms - AHEAD) == "time-ahead"
    assert reason(-1, ms - AHEAD - 1) == "time-ahead-of-clock"


def test_ratings_of_any_scale_are_stored() -> None:
    rows = parse_batch(batch_of([b"2026-11-01T19:03,1,GET /rate/jaws=10", GOOD]), NOW).to_pylist()
    assert [row["kind"] for row in rows] == [1, WATCH]
    assert rows[0]["text"] == "10"


def test_of_a_long_line_the_head_length_and_sha256_become_the_row() -> None:
    """Cut at the door or here: the same row. The head itself might be a good line."""
    request = b"2026-11-01T19:03,7,recommendation request a:1, status 200, result: "
    long = (request + b"a" * (HEAD_BYTES - len(request) - 6) + b", 7 ms").ljust(MAX_LINE_BYTES + 1)
    assert not isinstance(parse(long[:HEAD_BYTES]), BadLine)
    whole = batch_of([GOOD, long, None, b"x" * MAX_LINE_BYTES, long + b"y", GOOD])
    for parser in (parse_batch, parse_served):
        rows = parser(whole, NOW)
        assert parser(cut_long(whole), NOW).equals(rows)
        first, second = (rows.slice(i, 1).to_pylist()[0] for i in (1, 4))
        assert (first["reason"], first["raw"]) == ("too-long", long[:HEAD_BYTES])
        assert first["text"] == f"{len(long)} {hashlib.sha256(long).hexdigest()}"
        assert second["text"] == f"{len(long) + 1} {hashlib.sha256(long + b'y').hexdigest()}"


@pytest.mark.parametrize("parser", [parse_batch, parse_served])
@pytest.mark.parametrize("size", [MAX_KEPT_BYTES, MAX_KEPT_BYTES + 1, MAX_LINE_BYTES])
def test_of_a_refused_line_of_some_kilobytes_the_same_is_kept_beside_its_reason(
    size: int, parser: Callable[[LineBatch, int], pa.Table]
) -> None:
    line = b"\xff" * size
    [row] = parser(batch_of([line]), NOW).to_pylist()
    assert row["reason"] == "not-utf8"
    if size <= MAX_KEPT_BYTES:
        assert (row["raw"], row["text"]) == (line, None)
    else:
        assert row["raw"] == line[:HEAD_BYTES]
        assert row["text"] == f"{size} {hashlib.sha256(line).hexdigest()}"
    assert is_line_of(row, line) and not is_line_of(row, line[1:])


def test_a_good_line_of_some_kilobytes_is_kept_whole() -> None:
    said = b"java.io.IOException: " + b"x, " * 5000
    line = b"2026-11-01T19:03,7,recommendation request a:1, status 0, result: %b, 7 ms" % said
    [row] = parse_batch(batch_of([line]), NOW).to_pylist()
    assert (row["kind"], line_of(row)) == (REQUEST, line)
    [ahead] = parse_batch(batch_of([line], timestamp=0), NOW).to_pylist()
    assert (ahead["reason"], ahead["raw"]) == ("time-ahead", line[:HEAD_BYTES])


def test_a_part_of_a_batch_knows_its_own_long_lines() -> None:
    long = b"x" * (MAX_LINE_BYTES + 1)
    batch = cut_long(batch_of([long, b"a", long, long]))
    part = batch.beginning(3)
    assert (part.offsets.tolist(), [line.offset for line in part.long]) == ([3, 6, 9], [6, 9])
    both = joined([batch._replace(long=()), part._replace(offsets=part.offsets + 20)])
    assert (both.offsets.tolist(), both.long) == ([0, 3, 6, 9, 23, 26, 29], part.long)


def test_more_lines_than_are_objects_at_a_time_keep_their_order() -> None:
    values: list[bytes | None] = [b"%d" % i for i in range(40_000)]
    assert parse_batch(batch_of(values), NOW)["raw"].to_pylist() == values
