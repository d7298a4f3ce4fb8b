"""A capture is judged as the collector judges it."""

import gzip
import io
from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.simulator.captured import described, look, parts, stamped
from movierec.errors import BadInput
from movierec.lines.check import count
from movierec.times import DAY, MILLISECOND, day_number

NOW = day_number("2026-11-20") * DAY // MILLISECOND


def line(second, user=7, action="GET /data/m/jaws+1975/1.mpg", day="2026-11-01"):
    return f"{day}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d},{user},{action}"


def path_of(tmp_path, lines, ending="\n"):
    path = tmp_path / "capture.log"
    path.write_bytes("".join(text + ending for text in lines).encode())
    return path


def test_the_collector_s_checker_counts_the_same(tmp_path, small_log):
    path = tmp_path / "capture.log.gz"
    path.write_bytes(gzip.compress(b"\n".join(small_log.lines)))
    found, checked = look(path, NOW), count(io.BytesIO(b"\n".join(small_log.lines)))
    assert found.lines == checked["read"]
    assert {kind: found.kinds[kind] for kind in ("watch", "rating", "request", "account")} == {
        kind: checked[kind] for kind in ("watch", "rating", "request", "account")
    }
    assert +found.reasons == Counter(checked["reasons"])


def test_a_line_whose_clock_was_ahead_is_refused_as_it_was(tmp_path):
    lines = [line(60 * n) for n in range(200)]
    lines[100] = line(100 * 60 + 7200)
    lines[150] = line(0, day="2199-01-01")
    found = look(path_of(tmp_path, lines), NOW)
    assert +found.reasons == {"time-ahead": 1, "time-ahead-of-clock": 1}
    assert found.days == {day_number("2026-11-01"): 198}


def test_a_gap_in_a_capture_makes_no_clock_wrong(tmp_path):
    """Not one line after hours, or a day, of silence is ahead of its record."""
    lines = [line(n) for n in range(200)] + [line(40_000 + n) for n in range(200)]
    lines += [line(7 * n, day="2026-11-03") for n in range(200)]
    assert not +look(path_of(tmp_path, lines), NOW).reasons


def test_what_a_capture_is_is_said(tmp_path):
    lines = [line(n) for n in range(30)] + [line(31, action="GET /rate/jaws+1975=4.5")]
    lines += [line(32, action="GET /rate/jaws+1975=10"), line(33, action="GET /rate/jaws 1975=1")]
    lines += [line(34, day="2019-01-01")]
    assert described(look(path_of(tmp_path, lines), NOW)) == [
        "capture.log: lines 34: watch 31, rating 2, request 0, account 0",
        "rejected 1: bad-rating 1",
        "days: 2026-11-01 (32 lines); 1 dates of too few lines to be days",
        "ratings from 4.5 to 10",
        "first line: 2026-11-01T00:00:00,7,GET /data/m/jaws+1975/1.mpg",
    ]


@given(st.lists(st.integers(0, 9 * 10**12), max_size=300), st.lists(st.integers(0, 299)))
def test_clocks_that_agree_are_believed_and_refused_lines_have_their_forerunner_s(times, refused):
    good = sorted(times)
    column: list[int | None] = [time * MILLISECOND for time in good]
    wanted = list(good)
    for place in refused:
        if place <= len(column):
            column.insert(place, None)
            wanted.insert(place, wanted[place - 1] if place else 5)
    assert stamped(pa.array(column, pa.int64()), 5).tolist() == wanted


def test_blocks_lose_no_line(tmp_path, monkeypatch):
    monkeypatch.setattr("infra.simulator.table.plain.BLOCK_BYTES", 100)
    lines = [line(n) for n in range(50)] + ["", "\ufeff", line(50) + "\r", "end"]
    path = path_of(tmp_path, lines)
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    found = [one for part in parts(path, NOW) for one in part.lines]
    assert found == [text.encode() for text in lines]


def test_a_line_that_no_broker_takes_is_named(tmp_path):
    path = path_of(tmp_path, [line(1), "x" * 1_000_000, line(2)])
    with pytest.raises(BadInput, match=r"capture.log: the line that begins 'xxx.* 1,000,000 bytes"):
        look(path, NOW)
