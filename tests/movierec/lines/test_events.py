"""One line → one event, or the reason why it is none."""

import re
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.lines.events import (
    EVENTS,
    MAX_LINE_BYTES,
    REASONS,
    REQUEST,
    Account,
    BadLine,
    Rating,
    Request,
    Watch,
    format_event,
    parse,
    request_text,
)
from movierec.lines.kinds import REJECTED, SERVED, Kind
from movierec.lines.rows import ROWS
from movierec.times import parse_time
from tests.inputs.lines import lines

AT = "2026-11-01T19:03:07.250"
GOOD = {
    f"{AT},4711,GET /data/m/silent+river+1987/42.mpg": Watch,
    "2026-11-01T19:03,0,GET /data/m/a._*-+/0.mpg": Watch,
    f"{AT}001,4711,GET /rate/silent+river+1987=5": Rating,
    f"{AT},4711,GET /rate/silent+river+1987=3.5": Rating,
    f"{AT},1,recommendation request a.example:8082, status 200, result: b+1990, c+1991, 14 ms": (
        Request
    ),
    f"{AT},1,recommendation request a.example:8082, status 0, result: x: y/z, w, 9ms": Request,
    f"{AT},1,GET /create_account": Account,
}
BAD = {
    b"x" * (MAX_LINE_BYTES + 1): "too-long",
    b"\xff": "not-utf8",
    f"{AT},1,GET /create_account\0".encode(): "control-character",
    f"{AT},1,GET /create_account\r".encode(): "control-character",
    b"": "bad-time",
    b"2026-11-01 19:03,1,GET /create_account": "bad-time",
    b"2026-02-30T19:03,1,GET /create_account": "bad-time",
    b"2026-11-01T24:00,1,GET /create_account": "bad-time",
    b"2026-11-01T19:03:60,1,GET /create_account": "bad-time",
    b"2026-11-01T19:03:07.25,1,GET /create_account": "bad-time",
    f"{AT},x1,GET /create_account".encode(): "bad-user",
    f"{AT},01,GET /create_account".encode(): "bad-user",
    f"{AT},1234567890123456789,GET /create_account".encode(): "bad-user",
    f"{AT},1,GET /data/m/Jaws/1.mpg".encode(): "bad-watch",
    f"{AT},1,GET /data/m/jaws/01.mpg".encode(): "bad-watch",
    f"{AT},1,GET /rate/jaws=".encode(): "bad-rating",
    f"{AT},1,GET /rate/jaws=100".encode(): "bad-rating",
    f"{AT},1,GET /rate/jaws=-1".encode(): "bad-rating",
    f"{AT},1,recommendation request a:1, status 200, result: b, 1".encode(): "bad-request",
    f"{AT},1,GET /".encode(): "unknown-action",
    f"{AT},1".encode(): "unknown-action",
}


@pytest.mark.parametrize(("line", "kind"), GOOD.items())
def test_good_lines_are_events_and_are_written_back_to_the_byte(line: str, kind: type) -> None:
    event = parse(line.encode())
    assert type(event) is kind
    assert format_event(event) == line.encode()


@pytest.mark.parametrize(("line", "reason"), BAD.items(), ids=lambda value: str(value)[:40])
def test_bad_lines_have_a_reason(line: bytes, reason: str) -> None:
    assert parse(line) == BadLine(reason)
    assert reason in REASONS


@pytest.mark.parametrize(
    ("most", "reason"),
    [
        (f"{AT},{'9' * 18},GET /create_account", None),
        (f"{AT},1,GET /data/m/{'a' * 128}/1.mpg", None),
        (f"{AT},1,GET /data/m/{'a' * 129}/1.mpg", "bad-watch"),
        (f"{AT},1,GET /data/m//1.mpg", "bad-watch"),
        (f"{AT},1,GET /data/m/a/99999.mpg", None),
        (f"{AT},1,GET /data/m/a/100000.mpg", "bad-watch"),
        (f"{AT},1,GET /data/m/a/1.mpg ", "bad-watch"),
        (f"{AT},1,GET /rate/{'a' * 128}=99.99", None),
        (f"{AT},1,GET /rate/{'a' * 129}=1", "bad-rating"),
        (f"{AT},1,GET /rate/a=1.255", "bad-rating"),
        (f"{AT},1,GET /rate/a=1.", "bad-rating"),
        (f"{AT},1,GET /rate/a=05", "bad-rating"),
        (f"{AT},1,recommendation request h:99999, status 999, result: , {'9' * 9} ms", None),
        (f"{AT},1,recommendation request h:100000, status 1, result: , 1 ms", "bad-request"),
        (f"{AT},1,recommendation request h:1, status 1000, result: , 1 ms", "bad-request"),
        (f"{AT},1,recommendation request h:1, status 1, result: , {'9' * 10} ms", "bad-request"),
        (f"{AT},1,GET /create_account?", "unknown-action"),
        ("1970-01-01T00:00,1,GET /create_account", None),
        ("1969-12-31T23:59,1,GET /create_account", "bad-time"),
        ("2261-12-31T23:59,1,GET /create_account", None),
        ("2262-01-01T00:00,1,GET /create_account", "bad-time"),
    ],
)
def test_the_limits_themselves_are_fine_and_no_step_further(most: str, reason: str | None) -> None:
    event = parse(most.encode())
    assert event == BadLine(reason) if reason else not isinstance(event, BadLine)


def test_a_line_of_all_the_bytes_there_may_be_is_one() -> None:
    assert MAX_LINE_BYTES == 65_536  # of the contract
    line = f"{AT},1,recommendation request h:1, status 1, result: {{}}, 1 ms"
    fill = MAX_LINE_BYTES - len(line) + 2
    assert isinstance(parse(line.format("a" * fill).encode()), Request)
    assert parse(line.format("a" * (fill + 1)).encode()) == BadLine("too-long")


def test_fields_are_what_the_line_says() -> None:
    watch = parse(b"1970-01-02T00:00:01.5,7,GET /data/m/x/3.mpg")
    assert watch == BadLine("bad-time")
    assert parse(b"1970-01-02T00:00:01.500,7,GET /data/m/x/3.mpg") == Watch(
        86_401_500_000_000, 3, 7, "x", 3
    )


@given(st.one_of(lines(), st.binary(max_size=200)))
def test_any_bytes_are_an_event_or_have_a_reason(line: bytes) -> None:
    event = parse(line)
    if isinstance(event, BadLine):
        assert event.reason in REASONS
    else:
        assert format_event(event) == line


@pytest.mark.parametrize("text", ["0", "5", "6", "7.25", "10", "99.99"])
def test_a_rating_on_any_scale_stands(text: str) -> None:
    event = parse(f"{AT},1,GET /rate/jaws={text}".encode())
    assert isinstance(event, Rating)
    assert event.rating == float(text)


def test_every_kind_but_the_other_logs_has_its_event_and_an_event_fills_columns_of_rows() -> None:
    assert {event.KIND for event in EVENTS} == set(Kind) - {SERVED, REJECTED}
    for event in EVENTS:
        assert event.FAULT in REASONS
        assert {field.name for field in fields(event)} <= set(ROWS.names)


def test_the_parts_of_a_request_are_named() -> None:
    text = request_text("a.example:8082", 0, "java.io.IOException: x, y ms, 3 ms", 812, "ms")
    match = re.fullmatch(REQUEST, text)
    assert match is not None
    assert match.groupdict() == {
        "host": "a.example:8082",
        "status": "0",
        "result": "java.io.IOException: x, y ms, 3 ms",
        "ms": "812",
    }
    time = parse_time(AT)
    assert time is not None
    line = f"{AT},1,recommendation request {text}".encode()
    assert parse(line) == Request(time[0], 3, 1, text)
