"""One line → one event, or the reason why it is none; and the command people check with."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.lines.events import (
    MAX_LINE_BYTES,
    REASONS,
    Account,
    BadLine,
    Rating,
    Request,
    Watch,
    count,
    format_event,
    parse,
)
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
    f"{AT},1,GET /rate/jaws=6".encode(): "rating-off-scale",
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


def test_the_command_counts_a_capture() -> None:
    capture = "\n".join([*GOOD, "junk", f"{AT},x,GET /create_account"]).encode() + b"\r\n"
    done = subprocess.run(
        [sys.executable, "-m", "movierec.lines.events"],
        input=capture,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == {
        "read": 9,
        "watch": 2,
        "rating": 2,
        "request": 2,
        "account": 1,
        "rejected": 2,
        "reasons": {"bad-time": 1, "bad-user": 1},
    }
    assert done.stdout.count(b"\n") == 1


def test_a_line_of_ten_megabytes_is_one_rejected_line() -> None:
    assert count([b"x" * 10_000_000])["reasons"] == {"too-long": 1}
