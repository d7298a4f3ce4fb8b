"""Batches of records: columns by compiled code say what the parser says line by line."""

import json

import numpy as np
import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from movierec.lines.events import BadLine, Watch, parse
from movierec.lines.parsing import DAY_MS, judge, parse_batch, parse_served
from movierec.lines.rows import REJECTED, ROWS, WATCH, LineBatch, line_of
from movierec.lines.watchlines import read_watches
from movierec.times import parse_time
from tests.inputs.lines import ANY_LINE, lines, times

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


@given(lines())
@settings(max_examples=1500)
def test_the_fast_path_takes_the_watches_and_nothing_else(line: bytes) -> None:
    taken = bool(read_watches(pa.array([line], pa.large_binary())).taken[0])
    assert taken == isinstance(parse(line), Watch)


@given(times())
@settings(max_examples=1500)
@example("2000-02-29T00:00")
@example("2100-02-29T00:00")
@example("2261-12-31T23:59:59.999999999")
def test_the_fast_path_reads_times_as_the_parser_does(text: str) -> None:
    line = f"{text},1,GET /data/m/a/0.mpg".encode()
    watches = read_watches(pa.array([line], pa.large_binary()))
    found = (int(watches.time[0]), int(watches.digits[0])) if watches.taken[0] else None
    assert found == parse_time(text)


def test_a_slice_of_an_array_is_read_from_its_own_start() -> None:
    values = pa.array([b"x" * 40, GOOD, b"junk", GOOD], pa.large_binary())[1:]
    watches = read_watches(values)
    assert watches.taken.tolist() == [True, False, True]
    assert watches.movies.to_pylist() == ["silent+river+1987"] * 2


def test_an_empty_batch_has_no_rows() -> None:
    assert parse_batch(batch_of([])).schema.equals(ROWS)
    assert parse_batch(batch_of([])).num_rows == 0


def test_a_time_more_than_a_day_ahead_of_its_record_is_rejected() -> None:
    moment = parse_time("2026-11-01T19:03:07.250")
    assert moment is not None
    ms = moment[0] // 1_000_000
    rows = parse_batch(batch_of([GOOD, b"junk"], timestamp=ms - DAY_MS)).to_pylist()
    assert rows[0]["kind"] == WATCH
    rows = parse_batch(batch_of([GOOD, b"junk"], timestamp=ms - DAY_MS - 1)).to_pylist()
    assert [row["reason"] for row in rows] == ["time-ahead", "bad-time"]
    assert rows[0]["raw"] == GOOD


def test_a_record_without_a_value_is_rejected() -> None:
    row = parse_batch(batch_of([None, GOOD])).to_pylist()[0]
    assert (row["kind"], row["reason"], line_of(row)) == (REJECTED, "no-value", None)


SERVED = {
    "time": "2026-11-01T19:03:07.250",
    "request_id": "r1",
    "user": 7,
    "model": "svd@v1.0.0",
    "arm": "svd",
    "tier": "model",
    "ids": ["jaws+1975"],
}


def test_served_lines_are_kept_as_written() -> None:
    line = json.dumps(SERVED, separators=(",", ":")).encode()
    good, bad = parse_served(batch_of([line, b"{}"])).to_pylist()
    assert (good["user"], good["text"], line_of(good)) == (7, line.decode(), line)
    assert (bad["kind"], bad["reason"], bad["raw"]) == (REJECTED, "bad-served", b"{}")
