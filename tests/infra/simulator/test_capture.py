"""A saved log goes through as it is, in its order, and its days close."""

import json

import pytest

from infra.kafka.embedded import MockCluster
from infra.simulator import capture
from infra.simulator.captured import look
from movierec.errors import BadInput
from movierec.lines.events import Account, parse
from movierec.times import DAY, MILLISECOND, day_name, day_number
from tests.infra.simulator.broker import held
from tests.infra.simulator.test_captured import NOW, line, path_of

FIRST = day_number("2026-11-01")
MALFORMED = [
    "",
    "hello",
    "2026-11-01T10:00,7,GET /rate/a b=3",
    "2026-11-01T10:00,7,GET /rate/a=3\r",
]


@pytest.fixture
def address():
    cluster = MockCluster(["capture"], 1)
    yield cluster.address
    cluster.close()


def test_every_line_arrives_as_it_is_and_in_order(address, tmp_path, capsys):
    lines = [line(60 * n, user=n) for n in range(1440)]
    lines[5:5] = MALFORMED
    path = path_of(tmp_path, lines)
    capture.main(["--bootstrap", address, "--topic", "capture", "--log", str(path)])
    out = capsys.readouterr().out.splitlines()
    assert "days that close: 2026-11-01" in out
    sent = len(lines) + capture.TAIL_LINES
    assert json.loads(out[-1]) == {"lines": sent, "ratings": 0, "rejected": len(MALFORMED)}
    found = held(address, "capture", 1)[0]
    assert [one.decode() for _, one in found[: len(lines)]] == lines
    for timestamp, one in found[9:]:
        assert parse(one).time // MILLISECOND == timestamp
    tail = [parse(one) for _, one in found[len(lines) :]]
    assert {type(event) for event in tail} == {Account}
    assert {event.time for event in tail} == {(FIRST + 1) * DAY + capture.TAIL * MILLISECOND}


def closing(tmp_path, *days_and_hours, now=NOW, all_days=False):
    """The days that close of a capture with a line a minute from each day's start on."""
    lines = [
        line(60 * n, day=day_name(FIRST + day))
        for day, hours in days_and_hours
        for n in range(60 * hours)
    ]
    found = look(path_of(tmp_path, lines), now)
    return [day - FIRST for day in capture.closing(found, now, all_days)]


def test_a_last_day_that_is_broken_off_stays_open_unless_it_is_all_there_is(tmp_path):
    assert closing(tmp_path, (0, 24), (1, 24)) == [0, 1]
    assert closing(tmp_path, (0, 24), (1, 10)) == [0]
    assert closing(tmp_path, (0, 24), (1, 10), all_days=True) == [0, 1]
    assert closing(tmp_path, (0, 10)) == [0]


def test_a_day_that_is_not_over_does_not_close(tmp_path):
    noon = (FIRST + 1) * (DAY // MILLISECOND) + 12 * 3_600_000
    assert closing(tmp_path, (0, 24), (1, 11), now=noon) == [0]
    with pytest.raises(BadInput, match="not over: it can close from 2026-11-03T00:30 UTC on"):
        closing(tmp_path, (1, 11), now=noon)


NOTHING = {
    "no line": ([], "\n", "none of its 0 lines is of the log"),
    "another file": (["1::2::3::4"] * 20, "\n", "none of its 20 lines is of the log$"),
    "CR LF": ([line(n) for n in range(20)], "\r\n", "its lines end in CR LF, write them with LF"),
    "few lines": ([line(n) for n in range(9)], "\n", "no day has 16 lines"),
}


@pytest.mark.parametrize("lines, ending, reason", NOTHING.values(), ids=NOTHING)
def test_a_capture_of_no_day_is_refused_before_anything_is_sent(
    tmp_path, monkeypatch, lines, ending, reason
):
    monkeypatch.setattr(capture, "Sender", None)
    path = path_of(tmp_path, lines, ending)
    with pytest.raises(BadInput, match=reason):
        capture.main(["--bootstrap", "127.0.0.1:1", "--log", str(path)])


def test_a_check_sends_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(capture, "Sender", None)
    path = path_of(tmp_path, [line(n) for n in range(99)])
    assert capture.main(["--log", str(path), "--check"]) == 0
    assert "watch 99" in capsys.readouterr().out
